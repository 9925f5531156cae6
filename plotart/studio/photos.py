"""Photographs that were dropped on the page, and small pictures of everything."""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
from pathlib import Path as FilePath
from typing import Any

from PIL import Image

from plotart.core.errors import InputError
from plotart.studio.clerk import Clerk
from plotart.studio.library import PLAIN, Library

__all__ = ["Photos", "thumbnail"]

MAX_PIXELS = 60_000_000
"""Pixels of a photograph that is dropped here; the command line takes larger ones."""
PHOTO = re.compile(r"[0-9a-f]{12}-[\w-]{1,40}\.png")
FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "GIF", "BMP")
THUMB_SIDES = (160, 320, 480, 960)


class Photos:
    """Pictures in the studio's own folder, called by their content: the same picture is kept once."""

    def __init__(self, library: Library, clerk: Clerk | None = None) -> None:
        self.folder = library.home / "photos"
        self.thumbs = library.home / "thumbs"
        self._clerk = clerk

    def keep(self, content: bytes, name: str) -> dict[str, Any]:
        """Keep an uploaded picture, as the command line would read it.

        Raises:
            InputError: it is no picture, is damaged, too small or too large.
        """
        assert self._clerk is not None
        digest = hashlib.sha256(content).hexdigest()[:12]
        beside, kept = self.folder / f".{digest}.{os.getpid()}.part", self.folder / f"{digest}-{_plain(name)}.png"
        if not kept.is_file():
            self.folder.mkdir(parents=True, exist_ok=True)
            try:
                beside.write_bytes(content)
                self._clerk.ask("photograph", path=str(beside), kept=str(kept), name=name[:80])
            finally:
                beside.unlink(missing_ok=True)
        return self.told(kept)

    def read(self, path: FilePath, kept: FilePath, name: str) -> None:
        """Read a file as the command line would, and keep it as PNG; in the desk's process."""
        from plotart.core.images import load_image, save_image  # noqa: PLC0415 - torch

        self._bounded(path, name)
        try:
            save_image(load_image(path, "photograph"), kept)
        except InputError as error:
            raise InputError(str(error).replace(str(path), name)) from None

    def crop(self, photo: object, box: object) -> dict[str, Any]:
        """Keep a part of a photograph; `box` is x, y, width, height in shares of its sides."""
        path = self.path(photo)
        numbers = box if isinstance(box, list) and len(box) == 4 else []
        if len(numbers) != 4 or not all(isinstance(n, int | float) and 0 <= n <= 1 for n in numbers):
            raise InputError("crop: give x, y, width and height as shares of the picture, from 0 to 1")
        with Image.open(path, formats=["PNG"]) as picture:
            x, y, width, height = numbers
            left, top = round(x * picture.width), round(y * picture.height)
            right, bottom = round((x + width) * picture.width), round((y + height) * picture.height)
            right, bottom = min(right, picture.width), min(bottom, picture.height)
            if right - left < 32 or bottom - top < 32:
                raise InputError("crop: leave at least 32 by 32 pixels")
            part = picture.convert("RGB").crop((left, top, right, bottom))
        digest = hashlib.sha256(part.tobytes()).hexdigest()[:12]
        kept = self.folder / f"{digest}-{path.stem[13:][:34]}-part.png"
        beside = kept.with_name(f".{kept.name}.{os.getpid()}.part")
        part.save(beside, format="PNG")
        beside.replace(kept)
        return self.told(kept)

    def path(self, photo: object) -> FilePath:
        """The file of a photograph by its name."""
        path = self.folder / photo if isinstance(photo, str) and PHOTO.fullmatch(photo) else None
        if path is None or path.is_symlink() or not path.is_file():
            raise InputError("photograph: it is not among those that were dropped here")
        return path

    def recent(self, count: int = 12) -> list[dict[str, Any]]:
        """The photographs that were dropped last."""
        found = [path for path in self.folder.glob("*.png") if PHOTO.fullmatch(path.name)]
        found.sort(key=lambda path: path.stat().st_mtime, reverse=True)
        return [self.told(path) for path in found[:count]]

    def told(self, path: FilePath) -> dict[str, Any]:
        with Image.open(path, formats=["PNG"]) as picture:
            return {"photo": path.name, "width": picture.width, "height": picture.height}

    def _bounded(self, path: FilePath, name: str) -> None:
        try:
            with Image.open(path, formats=FORMATS) as picture:
                pixels = picture.width * picture.height
        except Image.DecompressionBombError:
            pixels = MAX_PIXELS + 1
        except Exception:
            raise InputError(
                f"photograph: '{name[:80]}' is not a picture that can be read (PNG, JPEG, TIFF, WebP, GIF, BMP)"
            ) from None
        if pixels > MAX_PIXELS:
            raise InputError(f"photograph: '{name[:80]}' has more than {MAX_PIXELS // 10**6} megapixels")


def thumbnail(source: FilePath, cache: FilePath, side: int) -> FilePath:
    """A picture of at most about `side` px, as WebP in `cache`; made when the source is newer.

    Raises:
        InputError: the source is no PNG that can be read, or a very large one.
    """
    side = next((known for known in THUMB_SIDES if known >= side), THUMB_SIDES[-1])
    key = hashlib.sha256(str(source).encode()).hexdigest()[:20]
    stamp = source.stat().st_mtime_ns
    kept = cache / f"{key}-{side}-{stamp}.webp"
    if kept.is_file():
        return kept
    cache.mkdir(parents=True, exist_ok=True)
    try:
        with Image.open(source, formats=["PNG"]) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise InputError("picture: it is too large to be shown")
            small = picture.convert("RGB")
            small.thumbnail((side, side * 2), Image.Resampling.LANCZOS, reducing_gap=2.0)
    except InputError:
        raise
    except Exception:
        raise InputError("picture: it cannot be read") from None
    for stale in cache.glob(f"{key}-{side}-*.webp"):
        stale.unlink(missing_ok=True)
    beside = kept.with_name(f".{kept.name}.{os.getpid()}.{id(small)}.part")
    small.save(beside, format="WEBP", quality=86, method=3)
    beside.replace(kept)
    return kept


def _plain(name: str) -> str:
    """The part of a file's name that is plain letters and digits."""
    stem = re.sub(r"\.[A-Za-z0-9]{1,5}$", "", name) if PLAIN.fullmatch(name[:255]) else "photo"
    letters = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9_]+", "-", letters).strip("-")[:40].strip("-") or "photo"
