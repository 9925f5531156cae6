"""The film of a run: its frames with captions, a title card and pauses."""

from __future__ import annotations

import string
from collections.abc import Iterator, Sequence
from typing import Any

from PIL import Image, ImageDraw

from plotart.core.errors import InputError
from plotart.core.images import open_picture
from plotart.core.movie import Shot, fitting_font, shot
from plotart.runs.folder import Run

__all__ = ["CAPTION", "shots"]

CAPTION = "step {step}   loss {loss:.4g}"


def shots(
    run: Run,
    *,
    fps: float = 12.0,
    captions: str = CAPTION,
    title: str | None = None,
    pauses: tuple[float, float, float] = (2.0, 1.0, 3.0),
) -> Iterator[Shot]:
    """The film of a finished or stopped run, picture after picture.

    Args:
        captions: below each frame; {step}, {loss}, {excitation} and {name} stand for the frame's own. Empty for none.
        title: of the card at the start; the run's name if not given, empty for no card.
        pauses: seconds that the title, the first and the last frame stand.

    Raises:
        InputError: the run has no frames, one is damaged, or the captions name what a frame does not have.
    """
    frames = sorted((run.folder / "frames").glob("*.png"))
    if not frames:
        raise InputError(f"'{run.folder}' has no frames: a run writes them while it works")
    if not 0.1 <= fps <= 60:
        raise InputError(f"--fps: give 0.1 to 60 frames a second, not {fps:g}")
    if min(pauses) < 0 or max(pauses) > 60:
        raise InputError(f"--pauses: give 0 to 60 seconds each, not {','.join(f'{p:g}' for p in pauses)}")
    told = _told(run)
    texts = [_caption(captions, told.get(int(frame.stem), {}), run, int(frame.stem)) for frame in frames]
    heading = run.folder.resolve().name if title is None else title
    if heading and pauses[0]:
        first = shot(open_picture(frames[0]).convert("RGB"), 0, texts[0]).picture
        yield Shot(_card(first.size, heading, _subtitle(run)), pauses[0])
    for number, (frame, text) in enumerate(zip(frames, texts, strict=True)):
        extra = pauses[1] * (number == 0) + pauses[2] * (number == len(frames) - 1)
        yield shot(open_picture(frame).convert("RGB"), 1 / fps + extra, text)


def _told(run: Run) -> dict[int, dict[str, Any]]:
    """By step, what the run noted when it wrote the frame."""
    history: Sequence[Sequence[Any]] | None = run.figures.history
    if history is None:
        saved = run.load_checkpoint()
        history = [] if saved is None else saved.history if saved.state is None else saved.state["history"]
    return {
        int(step): {"loss": loss} | ({} if excitation is None else {"excitation": excitation})
        for step, loss, excitation in history
    }


def _caption(captions: str, told: dict[str, Any], run: Run, step: int) -> str:
    known = {"step": step, "name": run.folder.resolve().name, **told}
    try:
        asked = {field for _, field, _, _ in string.Formatter().parse(captions) if field is not None}
        missing = sorted(asked - set(known))
        if missing:
            raise InputError(f"--captions: no frame of this run has {{{missing[0]}}}; there is: {', '.join(known)}")
        return captions.format(**known)
    except (ValueError, IndexError) as error:
        raise InputError(f"--captions: {captions!r} cannot be filled in ({error})") from None


def _subtitle(run: Run) -> str:
    settings = run.config.model_dump(mode="json")
    shapes = settings["primitive"].get("count")
    kind = settings["primitive"]["kind"]
    steps = run.figures.steps
    parts = [kind if shapes is None else f"{shapes} {kind}", f"{steps} steps" if steps else ""]
    return ", ".join(part for part in parts if part)


def _card(size: tuple[int, int], title: str, subtitle: str) -> Image.Image:
    page, large = Image.new("RGB", size, "white"), max(18, min(size) // 12)
    draw, middle = ImageDraw.Draw(page), size[0] // 2
    draw.text((middle, size[1] // 2 - large), title, "black", fitting_font(title, large, size[0]), anchor="mm")
    small = large // 2
    draw.text((middle, size[1] // 2 + small), subtitle, "#555555", fitting_font(subtitle, small, size[0]), anchor="mm")
    return page
