"""Commands that show a run as pictures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path as FilePath
from typing import Any

import click

from plotart.cli.writing import writing
from plotart.core.errors import InputError

__all__ = ["movie", "render"]


@click.command()
@click.argument("run", type=click.Path(path_type=FilePath))
@click.option("--out", type=click.Path(path_type=FilePath), help="film to write, .gif or .mp4 [RUN/movie.gif]")
@click.option("--fps", type=float, default=12.0, show_default=True, help="frames a second")
@click.option("--captions", help="text below each frame, with {step}, {loss}, {excitation}, {name}; '' for none")
@click.option("--title", help="text of the card at the start; '' for no card [the run's name]")
@click.option("--pauses", default="2,1,3", show_default=True, help="seconds of the card, the first and the last frame")
@click.option("--interpolation", is_flag=True, help="of glyphs: not their training but ways between messages")
def movie(
    run: FilePath,
    out: FilePath | None,
    fps: float,
    captions: str | None,
    title: str | None,
    pauses: str,
    interpolation: bool,
) -> None:
    """Make a film of a run's frames."""
    from plotart.core.images import to_pil
    from plotart.core.movie import save_movie, shot
    from plotart.drawing.render import renderer
    from plotart.runs.folder import Run
    from plotart.runs.movie import CAPTION, shots
    from plotart.runs.redraw import drawing_of

    try:
        card, first, last = (float(part) for part in pauses.split(","))
    except ValueError:
        raise InputError(f"--pauses: give three numbers of seconds such as 2,1,3, not {pauses!r}") from None
    opened, path = Run.open(run), out or run / "movie.gif"
    captions = CAPTION if captions is None else captions
    if interpolation:
        config = opened.config
        draw = renderer(config.renderer.name, threads=config.threads)
        way = config.primitive.wander(drawing_of(opened), draw, config.size)
        film: Iterator[Any] = (shot(to_pil(picture), 1 / fps) for picture in way)
    else:
        film = shots(opened, fps=fps, captions=captions, title=title, pauses=(card, first, last))
    with writing(path):
        save_movie(film, path, fps)
    click.echo(path)


@click.command()
@click.argument("source", metavar="RUN|FILE.pt", type=click.Path(path_type=FilePath))
@click.option("--size", type=click.IntRange(8, 16384), help="short side of the canvas in the picture, px [the run's]")
@click.option(
    "--border", type=click.FloatRange(0, 100), default=0.0, help="show this many canvases more, half on each side"
)
@click.option("--stage", help="the drawing after this stage, such as fit or trace [the last fit]")
@click.option("--out", type=click.Path(path_type=FilePath), help="picture to write [RUN/render.png]")
def render(source: FilePath, size: int | None, border: float, stage: str | None, out: FilePath | None) -> None:
    """Draw a run's drawing, or a saved one, at any size; dividers also beyond the border of the page."""
    import torch

    from plotart.core.images import save_image
    from plotart.drawing import Drawing
    from plotart.drawing.render import renderer
    from plotart.runs.folder import Run
    from plotart.runs.redraw import drawing_of

    path = out or (source.with_suffix(".png") if source.is_file() else source / "render.png")
    if path.suffix.lower() != ".png":
        raise InputError(f"--out: '{path}' must end in .png")
    draw = renderer("native")
    if source.is_file():
        if stage is not None:
            raise InputError(f"--stage: '{source}' is one drawing; only a run has stages")
        drawing = Drawing.load(source)
    else:
        run = Run.open(source)
        drawing, size = drawing_of(run, stage), size or run.config.size
        draw = renderer(run.config.renderer.name, threads=run.config.threads)
    with torch.no_grad(), writing(path):
        save_image(draw(drawing, size or 512, border=border), path)
    click.echo(path)
