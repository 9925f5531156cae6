"""Films: pictures that stand for a while, above their captions, as GIF or MP4."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path as FilePath

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from plotart.core.errors import InputError
from plotart.core.images import write_beside

__all__ = ["Shot", "fitting_font", "save_movie", "shot"]

COLOURS = 128
"""Of a GIF frame; more make files large without looking better."""


LEAST_PX = 480
"""Short side of the film: smaller frames are enlarged by a whole number, so that captions can be read."""


@dataclass(frozen=True)
class Shot:
    """One picture of a film and how long it stands, in seconds."""

    picture: Image.Image
    seconds: float


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
        ImageDraw.Draw(page).text(middle, caption, "black", fitting_font(caption, size, picture.width), anchor="mm")
    return Shot(page, seconds)


def fitting_font(text: str, size: int, width: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """The largest font up to `size` px in which the text fits into 95 % of the width."""
    font = ImageFont.load_default(size)
    wide = font.getlength(text)
    return font if wide <= 0.95 * width else ImageFont.load_default(max(6, int(size * 0.95 * width / wide)))
