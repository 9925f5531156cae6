"""What is drawn around a drawing: a frame, a caption, a signature. The drawing leaves room for them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from pydantic import Field

from plotart.core.canvas import Canvas
from plotart.core.color import hex_to_rgb, to_lab
from plotart.core.errors import InputError, shown
from plotart.core.geometry import Path, polyline
from plotart.core.settings import Section
from plotart.pens import Pen, PenSet, load_pens
from plotart.pens.palette import for_paper, line_on
from plotart.plot.font import Font, Words, words
from plotart.plot.layers import Layer, Plot
from plotart.plot.motion import Machine, estimate

__all__ = ["Lettering", "lettered"]

CORNER = 0.5523
"""How far the handles of a quarter of a circle are from its ends, in radii."""


class Lettering(Section):
    """Words below the drawing and a line around it, single strokes of a pen.

    The drawing is smaller by the room they take, so that no stroke lies under them. A caption stands below the middle
    of the picture; beside a signature it begins at its left edge, and the signature ends at its right one. Both take a
    line each where they are too wide for one.
    """

    sign: str | None = Field(None, description="the signature")
    caption: str | None = Field(None, description="the caption")
    frame: bool = Field(False, description="a line around the drawing")
    pen: str | None = Field(
        None, description="a pen of the set, or a colour; none: that of the drawing which shows best on the paper"
    )
    own_layer: bool = Field(False, description="a layer by itself, even where its pen draws as well")
    height: float = Field(3.5, gt=0, le=200, allow_inf_nan=False, description="of capitals, mm")
    font: Font = Field("futural", description="of the caption, one of those that vpype ships")
    sign_font: Font = Field("scripts", description="of the signature")
    distance: float = Field(
        3.0, ge=0.5, le=200, allow_inf_nan=False, description="between drawing, frame and words, mm"
    )
    corner: float = Field(0.0, ge=0, le=500, allow_inf_nan=False, description="radius of the frame's corners, mm")

    @property
    def wanted(self) -> bool:
        """Whether anything is drawn."""
        return bool(self.sign is not None or self.caption is not None or self.frame)

    def around(self, canvas: Canvas) -> Canvas:
        """The drawing area with room left.

        Raises:
            InputError: a font lacks a letter, the words are too wide, or nothing would be left of the page.
        """
        if not self.wanted:
            if self != Lettering():
                raise InputError("lettering: there is nothing to write; give --sign, --caption or --frame")
            return canvas
        lines = self._lines()
        widest = canvas.page.width_mm - 2 * canvas.margin_mm
        for setting, line in lines.items():
            if line.width > widest:
                most = math.floor(100 * self.height * widest / line.width) / 100
                raise InputError(
                    f"lettering.{setting}: it is {line.width:.0f} mm wide, and the page has {widest:g} mm within its "
                    f"margins; take a lettering.height of at most {most:g} mm, or less text"
                )
        tall = [line.above + line.below for line in lines.values()]
        beside = self._with_room(canvas, max(tall, default=0.0), min(1, len(tall)))
        if self._beside(beside, lines):
            return beside
        return self._with_room(canvas, sum(tall), len(tall))

    def drawn(self, plot: Plot, canvas: Canvas, pens: PenSet) -> Layer | None:
        """What goes around a drawing, in its pen: that asked for, or the clearest of the plot's; None for nothing."""
        if not self.wanted:
            return None
        pen = self.chosen(pens, plot.paper) or _clearest([layer.pen for layer in plot.layers] or pens.pens, plot.paper)
        return self.layer(canvas, pen)

    def layer(self, canvas: Canvas, pen: Pen) -> Layer:
        """Frame and words in mm on the page of a canvas that leaves room for them."""
        x0, y0, x1, y1 = canvas.rectangle
        paths: list[Path] = []
        if self.frame:
            x0, y0, x1, y1 = x0 - self.distance, y0 - self.distance, x1 + self.distance, y1 + self.distance
            paths.append(_rounded(x0, y0, x1, y1, min(self.corner, (x1 - x0) / 2, (y1 - y0) / 2)))
        lines = self._lines()
        beside = self._beside(canvas, lines)
        top = y1 + self.distance
        above = max((line.above for line in lines.values()), default=0.0)
        for setting, line in lines.items():
            x = (x0 + x1 - line.width) / 2
            if setting == "sign":
                x = x1 - line.width
            elif beside and len(lines) > 1:
                x = x0
            x = min(max(x, canvas.margin_mm), canvas.page.width_mm - canvas.margin_mm - line.width)
            paths += line.at(x, top + (above if beside else line.above))
            top += 0.0 if beside else line.above + line.below + self.distance
        return Layer(pen, paths)

    def chosen(self, pens: PenSet, paper: str) -> Pen | None:
        """The pen that is asked for; None where it is chosen among those of the drawing.

        Raises:
            InputError: there is no such pen or colour, or it does not show on the paper.
        """
        if self.pen is None:
            return None
        for pen in pens.pens:
            if self.pen.strip().lower() in (pen.name.lower(), pen.hex):
                return pen
        try:
            found = load_pens(self.pen)
        except InputError:
            found = None
        if found is None or len(found.pens) != 1:
            have = ", ".join(pen.name for pen in pens.pens)
            raise InputError(f"lettering.pen: {shown(self.pen)} is neither a colour nor one of the pens: {have}")
        tips = sorted(pen.tip_mm for pen in pens.pens)
        found = for_paper(found, paper)
        return found.pens[0].model_copy(update={"tip_mm": tips[len(tips) // 2]})

    def minutes(self, canvas: Canvas, pens: PenSet, machine: Machine) -> float:
        """How long they take, with the change to a pen that may not be among those of the drawing."""
        if not self.wanted:
            return 0.0
        alone = Plot(canvas.page, canvas.margin_mm, [self.layer(canvas, pens.pens[0])])
        more = self.own_layer or self.pen is not None
        return (estimate(alone, machine).seconds + more * (machine.change_seconds(2) - machine.change_seconds(1))) / 60

    def _lines(self) -> dict[str, Words]:
        given = {"caption": (self.caption, self.font), "sign": (self.sign, self.sign_font)}
        return {
            name: words(text, font, self.height, f"lettering.{name}")
            for name, (text, font) in given.items()
            if text is not None
        }

    def _with_room(self, canvas: Canvas, text_mm: float, rows: int) -> Canvas:
        around = self.distance if self.frame else 0.0
        return replace(canvas, room=(around, around, around, around + text_mm + rows * self.distance))

    def _beside(self, canvas: Canvas, lines: dict[str, Words]) -> bool:
        """Whether all words go on one line below the drawing."""
        wide = canvas.area[2] + (2 * self.distance if self.frame else 0.0)
        return len(lines) < 2 or sum(line.width for line in lines.values()) + 3 * self.height <= wide


def lettered(plot: Plot, added: Layer | None, own_layer: bool = False) -> Plot:
    """The plot with what is drawn around it: last of what its pen draws, or on a layer of its own."""
    if added is None:
        return plot
    layers = list(plot.layers)
    same = next((number for number, layer in enumerate(layers) if layer.pen.name == added.pen.name), None)
    if same is None:
        return replace(plot, layers=[*layers, added])
    if own_layer:
        named = added.pen.model_copy(update={"name": f"{added.pen.name[:70]} lettering"})
        return replace(plot, layers=[*layers, Layer(named, added.paths)])
    layers[same] = Layer(layers[same].pen, [*layers[same].paths, *added.paths])
    return replace(plot, layers=layers)


def _clearest(pens: Sequence[Pen], paper: str) -> Pen:
    """The pen whose line differs most from the paper in lightness."""
    ground = hex_to_rgb(paper)
    light = float(to_lab(ground)[0])
    return max(pens, key=lambda pen: abs(float(to_lab(line_on(pen, ground))[0]) - light))


def _rounded(x0: float, y0: float, x1: float, y1: float, radius: float) -> Path:
    """A closed rectangle with corners of that radius, mm."""
    if radius <= 0:
        return polyline(np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0)]))
    points = [np.array([x0 + radius, y0])]
    for x, y, way, leave in ((x1, y0, (1, 0), (0, 1)), (x1, y1, (0, 1), (-1, 0)), (x0, y1, (-1, 0), (0, -1)),
                             (x0, y0, (0, -1), (1, 0))):  # fmt: skip
        come, go = radius * np.array(way), radius * np.array(leave)
        start, end = np.array([x, y]) - come, np.array([x, y]) + go
        step = (start - points[-1]) / 3
        points += [points[-1] + step, start - step, start, start + CORNER * come, end - CORNER * go, end]
    return np.array(points)
