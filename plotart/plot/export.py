"""Plots as other machines read them: HPGL by vpype, G-code by its plugin. Curves become lines within a tolerance."""

import copy
import io
import math
import re
import shlex
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any

import click
import numpy as np
import vpype
import vpype_cli
import vpype_gcode.gwrite  # noqa: F401 - its import brings the section "gwrite" of vpype's configuration
from numpy.typing import NDArray

from plotart.core.canvas import Page
from plotart.core.errors import InputError
from plotart.core.geometry import Path, flatten_all, polyline
from plotart.pens import Pen
from plotart.plot.files import write_whole
from plotart.plot.layers import Layer, Plot
from plotart.plot.machine import Grbl, Machine

__all__ = [
    "SERVO",
    "Z_AXIS",
    "PenLift",
    "from_lines",
    "from_vpype",
    "hpgl_devices",
    "lift_of",
    "pen_name",
    "to_lines",
    "to_vpype",
    "write_gcode",
    "write_hpgl",
]

PX_PER_MM = 96 / 25.4
TOLERANCE_MM = 0.02


@dataclass(frozen=True)
class PenLift:
    """G-code that lifts and lowers the pen, and that asks for another one; '{pen}' stands for its name."""

    raise_pen: str
    lower_pen: str
    change_pen: str = "M0 (change to pen {pen})"


Z_AXIS = PenLift(raise_pen="G0 Z5", lower_pen="G1 Z0 F600")
"""For machines that lift the pen with their third axis."""
SERVO = PenLift(raise_pen="M5\nG4 P0.2", lower_pen="M3 S1000\nG4 P0.2")
"""For machines that lift the pen with a servo on the spindle's output."""


def to_lines(paths: Sequence[Path], tolerance_mm: float = TOLERANCE_MM) -> list[NDArray[np.complex128]]:
    """Paths in mm as vpype's lines: complex numbers in CSS pixels."""
    points, offsets = flatten_all(paths, tolerance_mm)
    numbers = (points[:, 0] + 1j * points[:, 1]) * PX_PER_MM
    return list(np.split(numbers, offsets[1:-1])) if paths else []


def from_lines(lines: Iterable[NDArray[np.complex128]]) -> list[Path]:
    """vpype's lines as straight paths in mm; lines of a single point are left out."""
    return [polyline(np.stack([line.real, line.imag], axis=1) / PX_PER_MM) for line in lines if len(line) > 1]


def pen_name(label: object) -> str:
    """The pen that a layer's label names, without the layer's number and AxiDraw's codes: '!2+S30-red' -> 'red'."""
    text = "".join(c for c in str(label or "") if c.isprintable())
    return re.sub(r"^!?\d*(\+[SHDshd]\d+)*[\s\-_.:]*", "", text).strip()[:80]


def from_vpype(document: Any) -> Plot:
    """The plot of a vpype Document: a layer for each of its layers, by number; widths unknown to it count as 0.4 mm."""
    size = document.page_size or (document.bounds() or (0, 0, 1, 1))[2:]
    width, height = (round(float(side) / PX_PER_MM, 3) for side in size)
    layers = []
    for number in sorted(document.layers):
        lines = document.layers[number]
        colour = lines.property(vpype.METADATA_FIELD_COLOR)
        width_px = lines.property(vpype.METADATA_FIELD_PEN_WIDTH)
        pen = Pen(
            name=pen_name(lines.property(vpype.METADATA_FIELD_NAME)) or f"layer {number}",
            hex="#000000" if colour is None else f"#{colour.red:02x}{colour.green:02x}{colour.blue:02x}",
            tip_mm=width_px / PX_PER_MM if width_px else 0.4,
        )
        layers.append(Layer(pen, from_lines(lines)))
    return Plot(Page(f"{width:g}x{height:g}mm", width, height), 0.0, layers)


def to_vpype(plot: Plot, tolerance_mm: float = TOLERANCE_MM) -> Any:
    """A vpype Document: numbered layers with names, colours, widths; lines within the tolerance of the curves."""
    document = vpype.Document(page_size=(plot.page.width_mm * PX_PER_MM, plot.page.height_mm * PX_PER_MM))
    for number, layer in enumerate(plot.layers, start=1):
        lines = vpype.LineCollection(to_lines(layer.paths, tolerance_mm))
        lines.set_property(vpype.METADATA_FIELD_NAME, f"{number}-{layer.pen.name}")
        lines.set_property(vpype.METADATA_FIELD_COLOR, vpype.Color(layer.pen.hex))
        lines.set_property(vpype.METADATA_FIELD_PEN_WIDTH, layer.pen.tip_mm * PX_PER_MM)
        document.add(lines, number, with_metadata=True)
    return document


def hpgl_devices() -> list[str]:
    """Names of the HPGL plotters that vpype knows, sorted."""
    return sorted(vpype.config_manager.get_plotter_list())


def write_hpgl(plot: Plot, file: str | FilePath, device: str = "hp7475a", speed: int | None = None) -> FilePath:
    """Write HPGL for a plotter that vpype knows: SPn takes pen n, the n-th of the plot; SP0 puts it back.

    `speed` is the plotter's own VS value. The smallest of the plotter's papers that holds the page is used, the drawing
    in its middle. InputError when the plotter is unknown, its papers are too small or its pens too few.
    """
    settings = vpype.config_manager.get_plotter_config(device) if device in hpgl_devices() else None
    if settings is None:
        raise InputError(f"device {device!r} is unknown: take one of {', '.join(hpgl_devices())}.")
    if len(plot.layers) > settings.pen_count:
        raise InputError(f"device {device!r} holds {settings.pen_count} pens: the plot needs {len(plot.layers)}.")
    sides = sorted((plot.page.width_mm, plot.page.height_mm))
    papers = []
    for paper in settings.paper_configs:
        if paper.paper_size is not None:
            have = sorted(side / PX_PER_MM for side in paper.paper_size)
            if have[0] >= sides[0] - 0.5 and have[1] >= sides[1] - 0.5:
                papers.append((have[0] * have[1], paper))
    if not papers:
        have = sorted({str(paper.name) for paper in settings.paper_configs})
        raise InputError(
            f"device {device!r} has no paper for a page of {sides[0]:g} x {sides[1]:g} mm, only {', '.join(have)}: "
            "fit the plot with --page."
        )
    paper = min(papers, key=lambda entry: entry[0])[1]
    document = _on_paper(plot, settings, paper)
    text = io.StringIO()
    try:
        vpype.write_hpgl(
            text,
            document,
            page_size=paper.name,
            landscape=plot.page.width_mm > plot.page.height_mm,
            center=False,
            device=device,
            velocity=speed,
            quiet=True,
        )
    except ValueError as error:
        raise InputError(f"device {device!r}: {error}.") from error
    return write_whole(file, text.getvalue())


def _on_paper(plot: Plot, settings: Any, paper: Any) -> Any:
    """The plot as a vpype Document, its page in the middle of the paper; refused where vpype would cut strokes off."""
    document = _centred(plot, paper)
    if _reached(document, plot.page, settings, paper):
        return document
    for margin in range(1, int(min(plot.page.width_mm, plot.page.height_mm) // 2)):
        low = float(margin)
        right, bottom = plot.page.width_mm - low, plot.page.height_mm - low
        frame = polyline([(low, low), (right, low), (right, bottom), (low, bottom)])
        one = Plot(plot.page, 0.0, [Layer(plot.layers[0].pen, [frame])])
        if _reached(_centred(one, paper), plot.page, settings, paper):
            advice = f"fit the plot with --margin {margin}"
            break
    else:
        advice = "take a smaller --page"
    unit = settings.plotter_unit_length * 1 / PX_PER_MM
    raise InputError(
        f"device {settings.name!r} reaches {np.ptp(paper.x_range) * unit:.0f} x {np.ptp(paper.y_range) * unit:.0f} mm "
        f"of its paper {paper.name}: {advice}."
    )


def _centred(plot: Plot, paper: Any) -> Any:
    width, height = sorted(paper.paper_size, reverse=plot.page.width_mm > plot.page.height_mm)
    document = to_vpype(plot)
    document.translate((width - plot.page.width_mm * PX_PER_MM) / 2, (height - plot.page.height_mm * PX_PER_MM) / 2)
    return document


def _reached(document: Any, page: Page, settings: Any, paper: Any) -> bool:
    """Whether all lines lie where the plotter's pen comes to on that paper."""
    if paper.x_range is None or paper.y_range is None:
        return True
    landscape = page.width_mm > page.height_mm
    reached = copy.deepcopy(document)
    if landscape != (paper.paper_size[0] > paper.paper_size[1]):
        reached.rotate(-math.pi / 2)
        reached.translate(0, paper.paper_size[1])
    if paper.rotate_180:
        reached.scale(-1, -1)
        reached.translate(*paper.paper_size)
    reached.translate(-paper.origin_location[0], -paper.origin_location[1])
    unit = 1 / settings.plotter_unit_length
    reached.scale(unit, -unit if paper.y_axis_up else unit)
    box = reached.bounds()
    return box is None or bool(
        paper.x_range[0] <= box[0]
        and box[2] <= paper.x_range[1]
        and paper.y_range[0] <= box[1]
        and box[3] <= paper.y_range[1]
    )


def lift_of(machine: Machine) -> PenLift:
    """How a machine lifts the pen: what its board with GRBL is told, else by its third axis."""
    if not isinstance(machine.board, Grbl):
        return Z_AXIS
    raised, lowered = (
        "\n".join(w.replace("{height}", f"{height:g}").replace("{seconds}", f"{seconds:g}") for w in machine.board.lift)
        for height, seconds in (
            (machine.pen_up, machine.raise_seconds),
            (machine.pen_down, machine.lower_seconds),
        )
    )
    return PenLift(raised, lowered)


def write_gcode(plot: Plot, file: str | FilePath, machine: Machine, lift: PenLift | None = None) -> FilePath:
    """Write G-code in mm, its origin at the page's lower left corner, feeds from the machine's speeds.

    InputError when the machine does not reach the page.

    Each stroke lowers and lifts the pen; before each pen but the first the machine stops (M0) and names the next one.
    """
    if not machine.reaches(plot.page.width_mm, plot.page.height_mm) and machine.travel_mm is not None:
        reach = " x ".join(f"{side:g}" for side in machine.travel_mm)
        raise InputError(
            f"the page of {plot.page.width_mm:g} x {plot.page.height_mm:g} mm is larger than the machine reaches, "
            f"{reach} mm: fit the plot with --page, or take another --machine."
        )
    lift = lift or lift_of(machine)
    feed, travel = f"F{machine.pen_down_speed * 60:.0f}", f"F{machine.pen_up_speed * 60:.0f}"
    vpype.config_manager.config["gwrite"]["plotart"] = {
        "unit": "mm",
        "vertical_flip": True,
        "document_start": f"G21\nG90\n{lift.raise_pen}\n",
        "layer_start": "{plotart_change}",
        "segment_first": f"G0 X{{x:.3f}} Y{{y:.3f}} {travel}\n{lift.lower_pen}\n",
        "segment": f"G1 X{{x:.3f}} Y{{y:.3f}} {feed}\n",
        "line_end": f"{lift.raise_pen}\n",
        "document_end": "G0 X0 Y0\nM2\n",
    }
    document = to_vpype(plot)
    for number, layer in enumerate(plot.layers, start=1):
        name = "".join(c if c.isascii() and c.isprintable() and c not in "()%" else " " for c in layer.pen.name)
        change = f"({name})\n" if number == 1 else lift.change_pen.replace("{pen}", f"{number} {name}") + "\n"
        document.layers[number].set_property("plotart_change", change)
    with tempfile.TemporaryDirectory() as folder:
        made = FilePath(folder) / "plot.gcode"
        try:
            vpype_cli.execute(f"gwrite -p plotart {shlex.quote(str(made))}", document=document)
        except click.ClickException as error:
            raise InputError(f"G-code cannot be written: {error.format_message()}") from error
        return write_whole(file, made.read_text(encoding="utf-8"))
