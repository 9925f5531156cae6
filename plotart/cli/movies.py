"""Commands that show a run as pictures."""

from __future__ import annotations

from pathlib import Path as FilePath

import click

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
    from plotart.runs.alphabet import wandering
    from plotart.runs.folder import Run
    from plotart.runs.movie import CAPTION, save_movie, shots
    from plotart.runs.prepare import prepare
    from plotart.runs.redraw import drawing_of

    try:
        card, first, last = (float(part) for part in pauses.split(","))
    except ValueError:
        raise InputError(f"--pauses: give three numbers of seconds such as 2,1,3, not {pauses!r}") from None
    opened, path = Run.open(run), out or run / "movie.gif"
    captions = CAPTION if captions is None else captions
    if interpolation:
        _, context, first_drawing = prepare(opened.config, opened.say)
        film = wandering(drawing_of(opened, first_drawing), context, fps)
    else:
        film = shots(opened, fps=fps, captions=captions, title=title, pauses=(card, first, last))
    save_movie(film, path, fps)
    click.echo(path)


@click.command()
@click.argument("run", type=click.Path(path_type=FilePath))
@click.option("--size", type=click.IntRange(8, 16384), help="short side of the canvas in the picture, px [the run's]")
@click.option(
    "--border", type=click.FloatRange(0, 100), default=0.0, help="show this many canvases more, half on each side"
)
@click.option("--stage", help="the drawing after this stage, such as fit or trace [the last fit]")
@click.option("--out", type=click.Path(path_type=FilePath), help="picture to write [RUN/render.png]")
def render(run: FilePath, size: int | None, border: float, stage: str | None, out: FilePath | None) -> None:
    """Draw a run's drawing at any size; dividers also beyond the border of the page."""
    from plotart.core.images import save_image
    from plotart.runs.folder import Run
    from plotart.runs.prepare import prepare
    from plotart.runs.redraw import drawing_of, redraw

    opened, path = Run.open(run), out or run / "render.png"
    if path.suffix.lower() != ".png":
        raise InputError(f"--out: '{path}' must end in .png")
    _, context, first = prepare(opened.config, opened.say)
    image = redraw(drawing_of(opened, first, stage), context, size or context.size, border)
    save_image(image, path)
    click.echo(path)
