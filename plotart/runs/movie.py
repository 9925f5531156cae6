"""The film of a run: its frames with captions, a title card and pauses, as GIF or MP4."""

from __future__ import annotations

import math
import string
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont, UnidentifiedImageError

from plotart.core.errors import InputError
from plotart.core.images import write_beside
from plotart.runs.folder import Run

__all__ = ["CAPTION", "Shot", "save_movie", "shot", "shots"]

CAPTION = "step {step}   loss {loss:.4g}"
COLOURS = 128
"""Of a GIF frame; more make files large without looking better."""

LEAST_PX = 480
"""Short side of the film: smaller frames are enlarged by a whole number, so that captions can be read."""


@dataclass(frozen=True)
class Shot:
    """One picture of a film and how long it stands, in seconds."""

    picture: Image.Image
    seconds: float


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
        first = shot(_opened(frames[0]), 0, texts[0]).picture
        yield Shot(_card(first.size, heading, _subtitle(run)), pauses[0])
    for number, (frame, text) in enumerate(zip(frames, texts, strict=True)):
        extra = pauses[1] * (number == 0) + pauses[2] * (number == len(frames) - 1)
        yield shot(_opened(frame), 1 / fps + extra, text)


def save_movie(film: Iterator[Shot], path: FilePath, fps: float = 12.0) -> None:
    """Write the film beside and rename it; what it is follows from the name's ending, .gif or .mp4.

    Raises:
        InputError: another ending, a folder that cannot be written, or an MP4 without the extra 'movie' installed.
    """
    writers = {".gif": _save_gif, ".mp4": _save_mp4}
    if path.suffix.lower() not in writers:
        raise InputError(f"--out: '{path}' must end in .gif or .mp4")
    try:
        writers[path.suffix.lower()](film, path, fps)
    except OSError as error:
        if error.strerror is None:
            raise
        raise InputError(f"--out: '{path}' cannot be written ({error.strerror})") from None


def _save_gif(film: Iterator[Shot], path: FilePath, fps: float) -> None:
    reduced, stand = [], []
    for shot in film:
        reduced.append(shot.picture.quantize(COLOURS, dither=Image.Dither.NONE))
        stand.append(max(20, 10 * round(100 * shot.seconds)))  # GIFs count hundredths, and viewers slow down below two
    with write_beside(path) as beside:
        reduced[0].save(
            beside, format="GIF", save_all=True, append_images=reduced[1:], duration=stand, loop=0, optimize=False
        )


def _save_mp4(film: Iterator[Shot], path: FilePath, fps: float) -> None:
    try:
        import imageio_ffmpeg  # noqa: PLC0415  # an optional extra
    except ImportError:
        raise InputError("--out: an MP4 needs ffmpeg; pip install 'plotart[movie]', or end the name in .gif") from None
    with write_beside(path) as beside:
        writer = None
        for shot in film:
            picture = np.asarray(shot.picture)
            if writer is None:
                writer = imageio_ffmpeg.write_frames(
                    str(beside),
                    shot.picture.size,
                    fps=fps,
                    codec="libx264",
                    macro_block_size=2,
                    output_params=["-f", "mp4", "-movflags", "+faststart"],
                    ffmpeg_log_level="error",
                )
                writer.send(None)
            for _ in range(max(1, round(shot.seconds * fps))):
                writer.send(np.ascontiguousarray(picture))
        if writer is not None:
            writer.close()


def _told(run: Run) -> dict[int, dict[str, Any]]:
    """By step, what the run noted when it wrote the frame."""
    history = run.figures.get("history")
    if history is None:
        saved = run.load_checkpoint() or {"history": [], "state": None}
        history = (saved["state"] or saved)["history"]
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
    steps = run.figures.get("steps")
    parts = [kind if shapes is None else f"{shapes} {kind}", "" if steps is None else f"{steps} steps"]
    return ", ".join(part for part in parts if part)


def _opened(frame: FilePath) -> Image.Image:
    try:
        return Image.open(frame).convert("RGB")
    except (OSError, UnidentifiedImageError):
        raise InputError(f"'{frame}' is no picture that can be read") from None


def shot(picture: Image.Image, seconds: float, caption: str = "") -> Shot:
    """A picture as it is filmed: not too small, above its caption; sides are even, as H.264 wants them."""
    times = math.ceil(LEAST_PX / min(picture.size))
    picture = picture.convert("RGB").resize((picture.width * times, picture.height * times), Image.Resampling.NEAREST)
    size = max(14, min(picture.size) // 24)
    height = picture.height + (2 * size if caption else 0)
    page = Image.new("RGB", (picture.width + picture.width % 2, height + height % 2), "white")
    page.paste(picture, (0, 0))
    if caption:
        middle = (picture.width // 2, picture.height + size)
        ImageDraw.Draw(page).text(middle, caption, "black", _font(caption, size, picture.width), anchor="mm")
    return Shot(page, seconds)


def _card(size: tuple[int, int], title: str, subtitle: str) -> Image.Image:
    page, large = Image.new("RGB", size, "white"), max(18, min(size) // 12)
    draw, middle = ImageDraw.Draw(page), size[0] // 2
    draw.text((middle, size[1] // 2 - large), title, "black", _font(title, large, size[0]), anchor="mm")
    small = large // 2
    draw.text((middle, size[1] // 2 + small), subtitle, "#555555", _font(subtitle, small, size[0]), anchor="mm")
    return page


def _font(text: str, size: int, width: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """The largest font up to `size` px in which the text fits into 95 % of the width."""
    font = ImageFont.load_default(size)
    wide = font.getlength(text)
    return font if wide <= 0.95 * width else ImageFont.load_default(max(6, int(size * 0.95 * width / wide)))
