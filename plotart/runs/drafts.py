"""A contact sheet of looks: a picture drawn in each of them, small and with few steps, to choose from."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path as FilePath
from typing import Any

import torch
from PIL import Image, ImageDraw, ImageFont
from rich.console import Console

from plotart.core.errors import InputError
from plotart.core.images import to_pil, write_beside
from plotart.runs.config import Config
from plotart.runs.folder import free_folder
from plotart.runs.looks import look_names, styled
from plotart.runs.prepare import prepare
from plotart.stages import Silent

__all__ = ["contact_sheet", "labelled", "look_drafts", "read_looks"]

SIZE = 192
"""Short side of the canvas, px, in which drafts are fitted."""
STEPS = 40
SHOWN = 480
"""Width and height, px, of a draft on the sheet at most."""
MOST_PROCESSES, LOOKS_EACH = 4, 3
"""How many processes draw drafts at the most, and how many looks there must be for each of them."""


def read_looks(text: str) -> list[str] | None:
    """The looks of a list with commas, or all; None where the text names a single one.

    Raises:
        InputError: there is no look of a name.
    """
    if text.strip() == "all":
        return look_names()
    names = list(dict.fromkeys(name.strip() for name in text.split(",")))
    if len(names) < 2:
        return None
    for name in names:
        styled({"stages": [{"kind": "place"}]}, name)
    return names


def look_drafts(
    config: str | FilePath, changes: Mapping[str, Any], names: Sequence[str], console: Console
) -> list[Image.Image]:
    """A draft of each look: the drawing area as it is rendered, without the page around it.

    With several threads and more than a few looks they are drawn in as many processes, each look by one of them.

    Raises:
        InputError: naming what is wrong with the settings, before any draft is drawn.
    """
    configs = [Config.load(config, {**changes, "look": name, "draft": True}) for name in names]
    small = [each.changed(size=min(SIZE, each.size), steps=min(STEPS, each.steps or STEPS)) for each in configs]
    threads = small[0].threads or os.cpu_count() or 1
    processes = min(threads, MOST_PROCESSES, len(small) // LOOKS_EACH)
    if processes < 2:
        return [_told(name, *_draft(each), console) for name, each in zip(names, small, strict=True)]
    alone = [each.changed(threads=max(1, threads // processes)) for each in small]
    prepare(alone[0], lambda line: None)  # what is wrong is told before there are processes
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        try:
            drawn = zip(names, pool.map(_draft, alone), strict=True)
            return [_told(name, *each, console) for name, each in drawn]
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _draft(config: Config) -> tuple[Image.Image, str]:
    """A small drawing, and what it is made of."""
    config, context, drawing = prepare(config, lambda line: None)
    for stage in config.scaled_stages():
        if not stage.keeps_minutes:
            drawing = stage(drawing, context, watch=Silent())
    with torch.no_grad():
        height, width = drawing.canvas.pixels(1000)
        side = round(1000 * SHOWN / max(height, width))
        picture = to_pil(context.renderer(drawing, 2 * side)).resize(_size(drawing.canvas.pixels(side)))
    return picture, f"{len(drawing)} {drawing.primitive.kind}"


def _told(name: str, picture: Image.Image, made_of: str, console: Console) -> Image.Image:
    console.print(f"{name}: {made_of}", highlight=False)
    return picture


def contact_sheet(
    config: str | FilePath,
    changes: Mapping[str, Any],
    names: Sequence[str],
    out: str | FilePath | None = None,
    console: Console | None = None,
) -> FilePath:
    """Draw drafts of a picture in the looks `names` and write them on one sheet, `looks.png` in the folder `out`.

    Returns:
        The sheet.

    Raises:
        InputError: naming what is wrong; nothing has been written then.
    """
    console = console or Console(quiet=True)
    drafts = look_drafts(config, changes, names, console)
    folder = free_folder(FilePath("outputs"), "looks") if out is None else FilePath(out)
    if folder.exists() and not folder.is_dir():
        raise InputError(f"--out: '{folder}' is no folder")
    folder.mkdir(parents=True, exist_ok=True)
    sheet = labelled(drafts, names, columns=min(len(names), 4))
    with write_beside(folder / "looks.png") as beside:
        sheet.save(beside, format="PNG", optimize=True)
    return folder / "looks.png"


def labelled(pictures: Sequence[Image.Image], labels: Sequence[str], columns: int) -> Image.Image:
    """The pictures row by row on white, each with its label below."""
    font = ImageFont.load_default(20)
    width, height = (max(side) for side in zip(*(picture.size for picture in pictures), strict=True))
    cell, gap = (width + 16, height + 40), 8
    sheet = Image.new("RGB", (columns * cell[0], math.ceil(len(pictures) / columns) * cell[1]), "white")
    draw = ImageDraw.Draw(sheet)
    for place, (picture, label) in enumerate(zip(pictures, labels, strict=True)):
        left, top = place % columns * cell[0] + gap, place // columns * cell[1] + gap
        sheet.paste(picture, (left, top))
        draw.text((left, top + picture.height + 4), label, fill="#222222", font=font)
    return sheet


def _size(pixels: tuple[int, int]) -> tuple[int, int]:
    return pixels[1], pixels[0]
