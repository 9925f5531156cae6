"""What a run of glyphs leaves besides its sheet: how it is read, its films, ways between messages, and its reader."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path as FilePath
from typing import Any

import torch
from torch import Tensor

from plotart.core.errors import InputError
from plotart.core.images import to_pil, write_beside
from plotart.core.movie import save_movie, shot
from plotart.core.tensor_file import Damaged, pack, read_tensors
from plotart.drawing import Drawing
from plotart.drawing.ink import Penned
from plotart.drawing.render import Renderer
from plotart.glyphs.chart import chart, confusion_matrix
from plotart.glyphs.message import Message
from plotart.glyphs.reading import confusions, reconstructed
from plotart.glyphs.render import glyph_images
from plotart.glyphs.sheet import Generated, Sheet
from plotart.plot.svg import write_svg
from plotart.plot.written import make_plot
from plotart.stages.base import Finish

__all__ = ["leave", "load_alphabet", "transition", "wander", "wandering"]

READS = 1000
"""Glyphs that are sent and read at every strength of the channel, about."""

FILMED = 16
"""Glyphs of the film of interpolation."""

CHARTED = 64
"""Glyphs of the chart, at most."""

FPS = 12.0

LAYOUT = "plotart glyphs 1"


def leave(end: Finish) -> dict[str, Any]:
    """Write films, `transition.svg`, `confusions.png` and `glyphs.pt`; the `message` part of run.json."""
    drawing, context = end.drawing, end.context
    message, glyphs = context.objectives["message"], drawing.primitive
    assert isinstance(message, Message) and isinstance(glyphs, Generated)
    side = glyphs.sheet.pixels(context.size)
    repeats = max(1, round(READS / len(glyphs.messages)))
    noise = torch.Generator().manual_seed(end.seed)
    with torch.no_grad():
        cells = glyph_images(context.renderer, drawing, glyphs.messages, side)
    read, mistaken = confusions(message, cells, repeats, noise)
    written = glyphs.sheet.cut(end.paper.to(cells))
    on_paper, mistaken_on_paper = confusions(message, written, repeats, noise)
    charted = written[:CHARTED]
    with write_beside(end.folder / "confusions.png") as beside:
        chart(confusion_matrix(message, charted, max(16, repeats), noise), charted).save(beside, "PNG")
    save_movie(end.frames(FPS), end.folder / "training.gif", FPS)
    way = wandering(drawing, context.renderer, context.size)
    save_movie((shot(to_pil(picture), 1 / FPS) for picture in way), end.folder / "interpolation.gif", FPS)
    write_svg(make_plot(transition(drawing)), end.folder / "transition.svg")
    with write_beside(end.folder / "glyphs.pt") as beside:
        beside.write_bytes(pack({"drawing": drawing.pack(), "message": message.state_dict()}, LAYOUT))
    told: dict[str, Any] = {
        "kind": message.messages.kind,
        "size": message.messages.length,
        "strength": round(float(message.strength), 4),
        "read": read,
        "paper": on_paper,
        "mistaken": mistaken,
        "mistaken_on_paper": mistaken_on_paper,
    }
    if message.autoencoder is not None:
        told["reconstructed"] = reconstructed(message, cells)
    return told


def transition(drawing: Drawing) -> Drawing:
    """A sheet whose rows lead from one message to the next in equal steps, in the same cells and pens.

    Row r goes from the sheet's message 2r to its message 2r + 1 (starting over when there are fewer).
    """
    glyphs, ink = drawing.primitive, drawing.ink
    assert isinstance(glyphs, Generated)
    rows = [
        torch.lerp(
            glyphs.messages[2 * row % len(glyphs.messages)],
            glyphs.messages[(2 * row + 1) % len(glyphs.messages)],
            torch.linspace(0, 1, glyphs.sheet.columns)[:, None].to(glyphs.messages),
        )
        for row in range(glyphs.sheet.rows)
    ]
    shown = glyphs.showing(torch.cat(rows), glyphs.sheet.columns)
    pens = ink.chosen()[: glyphs.shapes].repeat(len(shown.messages))
    return Drawing(drawing.canvas, shown, Penned(ink.pens, pens))


def wander(messages: Tensor, angle: float) -> Tensor:
    """The closed way of the article among three messages: lerp(lerp(a, b, (1 + sin l) / 2), c, (1 + cos l) / 2).

    Args:
        messages: `[B, D]`; each is the first of three that follow one another.
        angle: l, in radians.
    """
    second, third = messages.roll(-1, 0), messages.roll(-2, 0)
    return torch.lerp(torch.lerp(messages, second, 0.5 + 0.5 * math.sin(angle)), third, 0.5 + 0.5 * math.cos(angle))


@torch.no_grad()
def wandering(drawing: Drawing, renderer: Renderer, size: int) -> Iterator[Tensor]:
    """Once round the way of `wander`, in the article's steps: the first glyphs of the sheet, each on its own.

    Yields:
        `[1, 3, H, W]` sRGB, glyphs as large as in a drawing whose short side is `size` px.
    """
    glyphs = drawing.primitive
    assert isinstance(glyphs, Generated)
    messages, side = glyphs.messages[:FILMED], glyphs.sheet.pixels(size)
    sheet = Sheet(len(messages), math.ceil(math.sqrt(len(messages))))
    for step in range(63):  # of 0.1
        yield sheet.lay(glyph_images(renderer, drawing, wander(messages, 0.1 * step), side))


def load_alphabet(folder: FilePath, message: Message) -> Drawing:
    """The trained glyphs of a finished run, and its reader into `message`, which was built from the same config.

    Raises:
        InputError: the file is damaged, missing, or of a version that wrote other ones.
    """
    file = folder / "glyphs.pt"
    try:
        layout, state = read_tensors(file)
    except Damaged as error:
        layout, state = str(error), None
    if layout != LAYOUT or state is None:
        raise InputError(f"'{file}' holds no glyphs of this version ({layout}); make the run again")
    message.load_state_dict(state["message"])
    return Drawing.unpack(state["drawing"])
