"""A finished run as the start of a larger one: its last drawing, and the config of the new run."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path as FilePath
from typing import Any

from plotart.core.canvas import PAGES, Canvas, page
from plotart.core.composition import PLACES
from plotart.core.errors import InputError
from plotart.core.images import load_image
from plotart.drawing import Drawing
from plotart.objectives import Objective
from plotart.pens import PenSet
from plotart.runs.config import Config
from plotart.runs.folder import Run
from plotart.runs.schedule import last_fit
from plotart.stages.crops import Crops
from plotart.stages.enlarge import Enlarge, Tiling
from plotart.stages.fit import Fit

__all__ = ["Source", "drawing_area", "poster_config", "source_of"]

ROUNDS = 40
"""How often each place of a large page is looked at while it is fitted again."""
PICTURE_CROP_PX = 512
FINER = 0.25
"""How long the steps of a neuron's points are beside those of the drawing's own last fit. With the same length an A1
page lost two thirds of its excitation in the first two rounds and had not regained it after 17."""


@dataclass(frozen=True)
class Source:
    """The last drawing of a finished run, and what its objectives had learned."""

    config: Config
    drawing: Drawing
    learned: Mapping[str, dict[str, Any]]

    def palette(self) -> tuple[PenSet, int]:
        """Its pens, and how many they are."""
        pens = self.drawing.ink.pens
        return PenSet(name=self.config.pens.set[:80], pens=pens), len(pens)

    def go_on(self, objectives: Mapping[str, Objective]) -> None:
        """Let the same objectives go on with the weights they had found."""
        for name, objective in objectives.items():
            if name in self.learned:
                objective.load_state_dict(self.learned[name])

    @classmethod
    def open(cls, folder: FilePath, setting: str) -> Source:
        """The run in `folder`; InputError, beginning with `setting`, where it has no drawing to start from."""
        try:
            run = Run.open(folder)
        except InputError as error:
            raise InputError(f"{setting}: {error}") from None
        saved = run.load_checkpoint()
        if not run.finished or saved is None:
            raise InputError(f"{setting}: '{folder}' is not finished; go on with 'plotart resume {folder}'")
        if saved.stage < len(run.config.scaled_stages()):
            raise InputError(f"{setting}: '{folder}' did not keep its last drawing; make it again with this version")
        drawing = Drawing.unpack(saved.drawing)
        if drawing.primitive.stroked is None or not drawing.ink.settled:
            raise InputError(f"{setting}: '{folder}' holds {drawing.primitive.kind}; strokes in pens can be enlarged")
        return cls(run.config, drawing, saved.objectives)


def drawing_area(config: Config, fit: float | None) -> Canvas:
    """The canvas of a run; `fit` is the aspect (width / height) of what is drawn, None for the whole page.

    Unless the config says how, a page with a name lies on its longer side for what is wider than high.
    """
    landscape = config.page.landscape
    if landscape is None:
        landscape = fit is not None and fit > 1 and config.page.size.strip().lower() in PAGES
    sheet = page(config.page.size, landscape)
    area = Canvas(sheet, config.page.margin, fit, config.page.paper, PLACES[config.composition.place])
    return config.lettering.around(area)


def _canvas(config: Config) -> Canvas:
    """The drawing area of a config whose picture has not been read yet."""
    if config.picture is None:
        return drawing_area(config, None)
    file, setting = config.picture
    read = config.primitive.asked(load_image(file, setting))
    return config.composition.framing(read, partial(drawing_area, config), setting)[1]


def source_of(config: Config) -> Source | None:
    """What a run that begins with the drawing of another starts from; None for others."""
    folder = config.stages[0].source
    return None if folder is None else Source.open(FilePath(folder), "stages.0.run")


def poster_config(folder: FilePath, tiles: tuple[int, int] | None, changes: Mapping[str, Any]) -> Config:
    """The config of a run that enlarges the finished one in `folder`.

    The objectives are the same. An image of the new page has as many pixels as leave the patterns of a neuron their
    size for the network, and a picture its pixels per mm; steps suffice to look at every place `ROUNDS` times.

    Args:
        tiles: columns x rows; those that leave the drawing about its size by default.
        changes: settings by dotted address.

    Raises:
        InputError: naming the setting, its value and what would be right.
    """
    source = Source.open(folder, "RUN")
    old, config = source.drawing.canvas, source.config
    if "page.size" not in changes:
        if tiles is None:
            raise InputError("give --page, or --tiles, or both: a larger page needs a size")
        sides = (old.page.width_mm * max(1, tiles[0]), old.page.height_mm * max(1, tiles[1]))
        changes = {"page.size": f"{sides[0]:g}x{sides[1]:g}mm", "page.landscape": False, **changes}
    fixed: dict[str, Any] = {"steps": None, "minutes": None, "init": None, "pens.palette": "fixed", "pens.count": None}
    fixed |= {f"objectives.{name}": None for name, spec in config.objectives.items() if not spec.makes.local}
    fixed |= {"page.landscape": None, "stages": [{"kind": "fit"}]}
    paged = {key: value for key, value in changes.items() if not key.startswith("stages")}
    new = Config.load(folder / "config.yaml", {**fixed, **paged})
    canvas = _canvas(new)
    picture, px_per_mm = "picture" in new.given, config.size / old.mm_per_unit
    if tiles is None:
        ratios = [large / small for large, small in zip(canvas.area[2:], old.area[2:], strict=True)]
        whole = math.ceil if picture else round
        tiles = (max(1, whole(ratios[0] - 1e-6)), max(1, whole(ratios[1] - 1e-6)))
    scale = 1.0
    if not picture:
        scale = Tiling.of(old, canvas, tiles, Enlarge.model_fields["overlap"].default).scale
    elif min(tiles) < 1:
        raise InputError(f"tiles: give columns x rows of at least 1, not {tiles[0]}x{tiles[1]}")
    size = int(changes.get("size") or min(16384, max(32, round(px_per_mm / scale * canvas.mm_per_unit))))
    fit = _fit_again(config, new.changed(size=size), canvas)
    stages = [{"kind": "enlarge", "run": str(folder), "tiles": list(tiles)}, {"kind": "fit", **fit.model_dump()}]
    return Config.load(folder / "config.yaml", {**fixed, "size": size, "stages": stages, **changes})


def _fit_again(source: Config, config: Config, canvas: Canvas) -> Fit:
    """The last fit of the source, by crops, in a number of steps that suits the page, as long in px as there.

    A neuron's drawing is done but for its seams: it is only touched up.
    """
    last = last_fit(source.stages) or Fit()
    pixels = canvas.pixels(config.size)
    rim, beyond, side, finer = 0, 0, PICTURE_CROP_PX, 1.0
    if "network" in config.needed:
        side = config.transform.side_around(min(config.transform.view, *pixels))
        rim, beyond, finer = config.transform.rim(side), config.transform.jitter, FINER
    crop = side if side < min(pixels) else None
    steps = 250 if crop is None else max(100, ROUNDS * len(Crops(pixels, crop, rim, beyond)))
    scale = finer * source.size / config.size
    rates = {name: rate * (scale if name == "points" else 1) for name, rate in last.rates.items()}
    changes = {"steps": steps, "crop": crop, "rates": rates, "schedule": "cosine", "optimizer": "adam"}
    return last.model_copy(update={**changes, "softness": 1.0, "softness_end": 1.0})
