"""What a report tells besides the drawing: how it came about, where its files are, and a card to plot it by."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path as FilePath
from urllib.parse import quote

from plotart.plot.layers import Plot
from plotart.plot.motion import Estimate

__all__ = ["closeness", "downloads", "made_by", "pen_card"]

_WORDS = (
    (1.0, "not to be told from it"),
    (2.3, "hardly to be told from it"),
    (5.0, "very close to it"),
    (10.0, "close to it"),
    (20.0, "roughly like it"),
)
"""CIEDE2000 in words: 1 is about the least that an eye can see, 2.3 what it sees without looking for it
(Mahy et al. 1994)."""


def closeness(difference: float) -> str:
    """A mean difference that an eye sees, CIEDE2000, in words."""
    return next((words for limit, words in _WORDS if difference < limit), "far from it")


def made_by(command: str, config: str) -> str:
    """The command that makes the run again, and its config, folded; HTML, empty without either."""
    text = ""
    if command:
        text += f'<p>The same drawing again:</p><pre class="command">{escape(command)}</pre>'
    if config:
        text += f"<details><summary>All settings</summary><pre>{escape(config)}</pre></details>"
    return text


def downloads(files: Sequence[FilePath], folder: FilePath) -> str:
    """Links to files that lie beside the report, or below its folder."""
    links = "".join(
        f'<li><a href="{escape(quote(file.relative_to(folder).as_posix()))}" download>{escape(file.name)}</a></li>'
        for file in files
    )
    return f'<section><h2>Files</h2><ul class="files">{links}</ul></section>' if links else ""


def pen_card(plot: Plot, time: Estimate, clock: Sequence[str]) -> str:
    """The pens in the order in which they are put in, with a box to tick for each: made to be printed and laid beside
    the plotter. `clock` is how long each pen draws, and the whole plot last."""
    rows = "".join(
        f'<tr><td class="tick"></td><td>{number}</td>'
        f'<td><span class="swatch" style="background:{layer.pen.hex}"></span>'
        f"{escape(layer.pen.name)}</td><td>{layer.pen.tip_mm:g} mm</td><td>{len(layer.paths)}</td><td>{text}</td></tr>"
        for number, (layer, text) in enumerate(zip(plot.layers, clock[:-1], strict=True), start=1)
    )
    page = f"{plot.page.name}, {plot.page.width_mm:g} by {plot.page.height_mm:g} mm"
    return (
        f'<section class="card" aria-label="Pen card"><h2>Pen card</h2><p>{escape(page)}, {clock[-1]} in all. Put the '
        'pens in, one after the other; the paper stays where it is.</p><div class="scroll"><table><thead><tr>'
        '<th scope="col">Done</th><th scope="col">Order</th><th scope="col">Pen</th><th scope="col">Tip</th>'
        '<th scope="col">Strokes</th><th scope="col">Time</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></div></section>"
    )
