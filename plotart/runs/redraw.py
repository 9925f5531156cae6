"""A drawing of a run once more: at any size, and for dividers beyond the page."""

from __future__ import annotations

import torch
from torch import Tensor

from plotart.core.errors import InputError
from plotart.drawing import Drawing
from plotart.runs.folder import Run
from plotart.stages import Context

__all__ = ["drawing_of", "redraw"]


def drawing_of(run: Run, drawing: Drawing, stage: str | None = None) -> Drawing:
    """The drawing that a run had at the end of its last stage called `stage`; of the last fit or train if not given.

    Args:
        drawing: any drawing of the run, for its canvas.

    Raises:
        InputError: no such stage has ended yet.
    """
    saved = run.load_checkpoint()
    seen = [] if saved is None else saved["seen"]
    wanted = ("fit", "train") if stage is None else (stage,)
    found = [entry for entry in seen if entry["stage"] in wanted]
    if not found:
        ended = ", ".join(dict.fromkeys(entry["stage"] for entry in seen)) or "none"
        raise InputError(
            f"--stage: no stage {' or '.join(wanted)!r} of '{run.folder}' has ended; those that have: {ended}"
        )
    return Drawing.unpack(drawing.canvas, found[-1]["drawing"])


@torch.no_grad()
def redraw(drawing: Drawing, context: Context, size: int, border: float = 0.0) -> Tensor:
    """The drawing as an image, `[1, 3, H, W]` sRGB.

    Args:
        size: short side of the canvas, px.
        border: how much more than the canvas is shown, half on each side, in canvases; only dividers go on there.

    Raises:
        InputError: a border around anything but dividers.
    """
    return context.renderer(drawing, size, border=border)
