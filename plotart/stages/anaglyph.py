"""An anaglyph of two pens: what two cameras see of spheres, over each other, for red-cyan glasses."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor

from plotart.core.color import to_linear, to_srgb
from plotart.core.errors import InputError
from plotart.core.geometry import Path
from plotart.drawing import Drawing
from plotart.drawing.primitives.spheres import Spheres, luma
from plotart.pens import Pen
from plotart.plot import order_pens
from plotart.stages.base import stages
from plotart.stages.context import Context
from plotart.stages.hatch import drawn, mixtures, pen_lines, visible
from plotart.stages.project import Projecting, flattened, tell_views
from plotart.stages.watch import Watch

__all__ = ["Anaglyph", "choose_glasses"]

GLASSES = ((0,), (1, 2))
"""The channels of the light that passes the glass of each eye: red before the left one, cyan before the right one."""
DARK, CLEAR = 0.4, 0.5
"""A pen takes at least so much of the lightness behind its glass, and behind the other at most this share of that."""


@stages.register("anaglyph")
class Anaglyph(Projecting):
    """Hatch two views of spheres over each other, each in the pen that its eye sees through red-cyan glasses.

    What camera 1 sees is drawn in the pen that a red glass makes dark, which is cyan, and what camera 2 sees in the pen
    that a cyan glass makes dark, which is red. Each piece takes of its pen the number of lines, 0 to 8 of every 8, that
    come nearest to its grey through the glass, lightened.
    """

    reduces = True

    angle: float = Field(20.0, ge=-180, le=180, description="of the left eye's lines, which the right eye's cross, deg")
    darkest: float = Field(
        0.35, ge=0, le=0.9, description="what black becomes behind the glass, sRGB: all greys are lightened alike"
    )
    least: float = Field(2.0, ge=0, le=100, description="smallest piece with a grey of its own, in tips squared")

    @property
    def needs(self) -> frozenset[str]:
        return frozenset({"stereo"})

    @property
    def gives(self) -> frozenset[str]:
        return super().gives | {"hatching"}

    def wants_free(self, palette: str) -> bool:
        return True

    def settles(self, palette: str) -> bool:
        return True

    def ready(self, context: Context, at: str, say: object) -> None:
        assert context.canvas is not None
        if context.pen_count < 2:
            raise InputError(f"pens.count: an anaglyph takes two pens, one for each eye, not {context.pen_count}")
        choose_glasses(context.pens.pens, context.canvas.paper_rgb)

    def __call__(self, drawing: Drawing, context: Context, *, watch: Watch) -> Drawing:
        if not isinstance(drawing.primitive, Spheres):
            return drawing.copy()
        scale, paper = drawing.canvas.mm_per_unit, drawing.canvas.paper_rgb
        pens = choose_glasses(context.pens.pens, paper)
        views = [flattened(drawing, camera) for camera in (0, 1)]
        tell_views(drawing, [0 if view is None else len(view) for view in views], context, watch)
        lines: list[list[Path]] = []
        for camera, (view, pen) in enumerate(zip(views, pens, strict=True)):
            if view is None:
                lines.append([])
                continue
            image = context.renderer(view, context.size).detach()
            pieces, colours = visible(view, image, self.least * (pen.tip_mm / scale) ** 2)
            # eight tones of lines lie close together where it is light, and far apart where it is dark
            greys = self.darkest + (1 - self.darkest) * luma(colours, 1)
            levels = _levels(greys, pen, paper, camera)
            lines.append(pen_lines(pieces, levels, pen.tip_mm / scale, self.angle + 90 * camera))
        order = order_pens(pens)
        made = drawn(drawing, [pens[k] for k in order], [lines[k] for k in order])
        watch.say(f"left eye: {pens[0].name}, right eye: {pens[1].name}; {len(made)} lines")
        return made


def choose_glasses(pens: Sequence[Pen], paper: Tensor) -> list[Pen]:
    """The pen that is seen best by the left eye alone, and that by the right.

    Raises:
        InputError: there is none for one of the eyes.
    """
    found = []
    for eye, (glass, asked) in enumerate((("red", "cyan"), ("cyan", "red"))):
        best: tuple[float, Pen] | None = None
        for pen in pens:
            _, rgb = mixtures([pen], paper)
            own, other = (float(tone[0] - tone[-1]) for tone in (_through(rgb, eye), _through(rgb, 1 - eye)))
            if own >= DARK and other <= CLEAR * own and (best is None or own - other > best[0]):
                best = own - other, pen
        if best is None:
            raise InputError(
                f"pens.set: an anaglyph needs a {asked} pen, dark behind a {glass} glass and faint behind the other, "
                "and none of these is; take '#00c8f0,#f02a3a' or pens near to them, on light paper"
            )
        found.append(best[1])
    return found


def _through(rgb: Tensor, eye: int) -> Tensor:
    """The greys `[M]` sRGB that colours `rgb [M, 3]` are behind the glass of an eye."""
    return to_srgb(to_linear(rgb)[:, list(GLASSES[eye])].mean(1))


def _levels(greys: Tensor, pen: Pen, paper: Tensor, eye: int) -> NDArray[np.int64]:
    """How many of every 8 lines come nearest to each grey `[M]`, `[M]`."""
    levels, rgb = mixtures([pen], paper)
    nearest = torch.cdist(greys.double()[:, None], _through(rgb, eye).double()[:, None]).argmin(1)
    return np.asarray(levels[nearest.numpy(), 0])
