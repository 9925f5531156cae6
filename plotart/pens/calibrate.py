"""Pens measured from a photo of their chart: colour, opacity and line width, each with its standard error."""

from dataclasses import dataclass
from pathlib import Path as FilePath

import numpy as np
import torch
import yaml
from numpy.typing import NDArray
from torch import Tensor

from plotart.core.color import ciede2000, hex_to_rgb, rgb_to_hex, to_lab, to_linear, to_srgb
from plotart.core.errors import InputError
from plotart.pens.chart import ChartLayout
from plotart.pens.estimate import estimate
from plotart.pens.locate import locate
from plotart.pens.measure import Reading, light_field, read_patches
from plotart.pens.palette import Pen, PenSet

__all__ = ["CalibratedSet", "MeasuredPen", "calibrate", "write_pen_set"]

Floats = NDArray[np.float64]

_DECISIVE = 9.0  # difference of chi squared from which an ink counts as opaque, or as transparent
_CONTRADICTION = 30.0  # chi squared per degree of freedom
_FAINT = 0.02  # light a pen must take somewhere to have been there at all
_LARGEST_SIDE = 4200  # px; more tells nothing new about patches of 8 mm
_LARGE = (3.0, 0.1, 0.15)  # CIEDE2000, opacity, share of the width: standard errors that are told


@dataclass(frozen=True)
class MeasuredPen:
    """A pen as measured, and one standard error of each figure."""

    pen: Pen
    colour_error: float
    """CIEDE2000."""
    opacity_error: float
    tip_error_mm: float
    line_hex: str
    """Colour of a single stroke on white paper: that of the pen where the opacity is 1."""
    build_up: float
    """How much strokes of one pass add up where they overlap: 0 they unite, 1 each adds its own. 0.5 when not known."""
    misfit: float
    """Chi squared per degree of freedom of the fit: about 1 or less when all patches agree."""
    notes: tuple[str, ...] = ()

    @property
    def doubtful(self) -> bool:
        """Whether its patches contradict each other or leave opacity or line width open."""
        wide = self.tip_error_mm > _LARGE[2] * self.pen.tip_mm
        return self.misfit > _CONTRADICTION or wide or self.opacity_error > _LARGE[1]


@dataclass(frozen=True)
class CalibratedSet:
    """The measured pens as a pen set in the order of the chart, with what was noticed on the way."""

    pen_set: PenSet
    pens: tuple[MeasuredPen, ...]
    notes: tuple[str, ...] = ()
    px_per_mm: float = 0.0
    blur_mm: float = 0.0
    light_error: float = 0.0
    """Standard deviation of white paper after the light has been evened out, relative."""

    @property
    def all_notes(self) -> list[str]:
        """Notes about the photo, then about each pen."""
        return [*self.notes, *(f"{one.pen.name}: {note}" for one in self.pens for note in one.notes)]


def calibrate(photo: Tensor, layout: ChartLayout) -> CalibratedSet:
    """Measure the pens of a chart from a photo `[3, H, W]` in sRGB 0..1.

    Paper counts as white: colours are relative to it. A camera that bends tones away from sRGB bends the result.

    Raises:
        InputError: a photo without the chart or with part of it cut off, too small, too blurred, over- or underexposed.
    """
    if photo.ndim != 3 or photo.shape[0] != 3:
        raise ValueError(f"photo must be [3, H, W], not {list(photo.shape)}")
    sight = locate(_linear(photo), layout)
    scale = float(np.median(sight.per_mm(np.asarray(layout.marks, dtype=np.float64))))
    if sight.blur_mm > 0.32:
        raise InputError(
            f"photo: it is too blurred (lines are smeared over {2.355 * sight.blur_mm:.1f} mm of paper): "
            "focus on the paper, hold still, use more light."
        )
    thinnest = min(layout.pens, key=lambda pen: pen.tip_mm)
    if thinnest.tip_mm * scale < 0.5:
        raise InputError(
            f"photo: at {scale:.1f} pixels per mm the {thinnest.tip_mm:g} mm line of pen {thinnest.name!r} is "
            f"under half a pixel wide: take a photo with {1 / (thinnest.tip_mm * scale):.1f} times the pixels per side."
        )
    light = light_field(sight, layout)
    readings = read_patches(sight, layout, light)
    notes = []
    if sight.misfit_mm > 0.15:
        notes.append(f"the paper is not flat: lines lie {sight.misfit_mm:.2f} mm off, so widths may be wrong")
    if light.error > 0.03:
        notes.append(f"the light is uneven: white paper varies by {100 * light.error:.0f} % after correction")
    solids = {reading.patch.pen: reading for reading in readings if reading.patch.kind == "solid"}
    measured = tuple(
        _measure(pen, [reading for reading in readings if reading.patch.pen == index], solids)
        for index, pen in enumerate(layout.pens)
    )
    doubtful = sum(one.doubtful for one in measured)
    if 3 * doubtful > 2 * len(measured):
        raise InputError(
            f"photo: the patches of {doubtful} of {len(measured)} pens make no sense: "
            "is this the photo of this chart, evenly lit, sharp and with nothing on top of it?"
        )
    pens = tuple(one.pen for one in measured)
    pen_set = PenSet(
        name=f"{layout.name[:70]}-measured",
        title=f"{layout.name}, measured",
        source="measured from a photo of the chart; colours relative to white paper",
        approximate=any(pen.approximate for pen in pens),
        pens=pens,
    )
    return CalibratedSet(pen_set, measured, tuple(notes), scale, sight.blur_mm, light.error)


def _linear(photo: Tensor) -> NDArray[np.float32]:
    """Linear light of the photo, averaged over whole blocks of pixels where it is larger than needed."""
    light = to_linear(photo.detach().cpu().float().clamp(0, 1))
    block = -(-max(light.shape[1:]) // _LARGEST_SIDE)
    if block > 1:
        light = torch.nn.functional.avg_pool2d(light[None], block)[0]
    values: NDArray[np.float32] = light.numpy()
    return values


def _measure(pen: Pen, readings: list[Reading], solids: dict[int, Reading]) -> MeasuredPen:
    areas = [reading for reading in readings if reading.patch.kind not in ("lines", "overlap")]
    overlaps = [reading for reading in readings if reading.patch.kind == "overlap"]
    taken = max((float((1 - reading.value).max()) for reading in areas), default=0.0)
    changed = max((float(np.abs(r.value - solids[r.patch.base].value).max()) for r in overlaps), default=0.0)
    if max(taken, changed) < _FAINT:
        note = "no ink was found on its patches, so its old values are kept"
        old_line = rgb_to_hex(_srgb(1 - pen.opacity * (1 - to_linear(hex_to_rgb(pen.hex)))))
        kept = pen.model_copy(update={"approximate": True})
        return MeasuredPen(kept, 100.0, 1.0, pen.tip_mm, old_line, 0.5, 0.0, (note,))
    fits = {opaque: estimate(pen, readings, solids, opaque) for opaque in (False, True)}
    better = min(fits, key=lambda opaque: fits[opaque].chi2)
    unit = max(1.0, fits[better].misfit)
    notes = []
    decided = bool(overlaps) and abs(fits[True].chi2 - fits[False].chi2) / unit > _DECISIVE
    if not decided:
        better = pen.opaque
    if not decided and fits[better].ink.visible > 0.1:  # on a nearly black ink covering and filtering look alike
        notes.append(f"the chart does not tell whether it covers: kept as {'opaque' if better else 'transparent'}")
    fit = fits[better]
    ink = fit.ink
    if fit.misfit > _CONTRADICTION:
        notes.append("its patches contradict each other: a shadow, a reflection, or a pen that ran dry")
    errors = np.sqrt(np.maximum(np.diag(fit.covariance), 0))
    colour_error, opacity_error = _colour_error(ink.colour, fit.covariance[:3, :3]), float(min(errors[3], 1.0))
    tip_error = float(errors[4]) * pen.tip_mm
    for large, told in zip(
        (colour_error > _LARGE[0], opacity_error > _LARGE[1], tip_error > _LARGE[2] * ink.width),
        (
            f"its colour is uncertain (CIEDE2000 {colour_error:.1f})",
            f"its opacity is uncertain ({ink.opacity:.2f} ± {opacity_error:.2f})",
            f"its line width is uncertain ({ink.width:.2f} ± {tip_error:.2f} mm)",
        ),
        strict=True,
    ):
        if large:
            notes.append(told)
    hex_ = rgb_to_hex(_srgb(ink.colour))
    sure = f"colour ± {colour_error:.1f} CIEDE2000, opacity ± {opacity_error:.2f}, line ± {tip_error:.3f} mm"
    made = Pen(
        name=pen.name,
        hex=hex_,
        tip_mm=round(ink.width, 3),
        opacity=round(ink.opacity, 3),
        build_up=round(ink.build, 3),
        opaque=better,
        approximate=False,
        source=f"measured: {sure}",
    )
    line = rgb_to_hex(_srgb(1 - ink.opacity * (1 - ink.colour)))
    return MeasuredPen(made, colour_error, opacity_error, tip_error, line, ink.build, fit.misfit, tuple(notes))


def _srgb(linear: Floats) -> Floats:
    return to_srgb(np.clip(linear, 0.0, 1.0))


def _colour_error(colour: Floats, covariance: Floats) -> float:
    """Root mean square CIEDE2000 of one standard deviation to either side along the principal axes of the error."""
    values, axes = np.linalg.eigh((covariance + covariance.T) / 2)
    shifts = axes.T * np.sqrt(np.maximum(values, 0))[:, None]
    moved = np.concatenate([colour + shifts, colour - shifts])
    differences = ciede2000(to_lab(_srgb(moved)), to_lab(_srgb(colour))[None])
    return float(np.sqrt((differences**2).sum() / 2))


def write_pen_set(pens: PenSet, path: str | FilePath) -> FilePath:
    """Write a pen set as YAML that `load_pens` reads back, whole or not at all."""
    data = {"name": pens.name, "title": pens.title, "source": pens.source, "approximate": pens.approximate}
    rows = []
    for pen in pens.pens:
        row = pen.model_dump(mode="json")
        if row["approximate"] == pens.approximate:
            del row["approximate"]
        rows.append(row)
    text = yaml.safe_dump({**data, "pens": rows}, sort_keys=False, allow_unicode=True, width=120)
    file = FilePath(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.with_name(f".{file.name}.part")
    beside.write_text(text, encoding="utf-8")
    beside.replace(file)
    return file
