"""The command line: flags are rows of one table onto config addresses, and errors are one plain sentence."""

from __future__ import annotations

import errno
import sys
from collections.abc import Callable
from pathlib import Path as FilePath
from typing import Any

import click
import yaml
from rich.console import Console

from plotart.errors import InputError, Interrupted

__all__ = ["cli", "main"]

FLAGS: tuple[tuple[str, str, Any, str], ...] = (
    ("--neuron", "objectives.neuron.at", str, "neurons to excite: LAYER:UNIT, e.g. conv4_3:12+0.5*conv3_3:40"),
    ("--image", "objectives.pixels.image", str, "picture to draw"),
    ("--style", "objectives.style.image", str, "style image: a file, or a name in styles/"),
    ("--style-strength", "objectives.style.strength", float, "pull of the style relative to the neuron's"),
    ("--style-weight", "objectives.style.raw_weight", float, "weight of the published style formula instead"),
    ("--network", "network.name", str, "auto, vgg16, vgg16-hed, efficientnet-lite0 or a torchvision model [auto]"),
    ("--precision", "network.precision", str, "auto, float32 or bf16 [auto]"),
    ("--strokes", "primitive.count", int, "number of strokes"),
    ("--size", "size", int, "short side of the rendered canvas, px [384]"),
    ("--steps", "steps", int, "steps of all fit stages together"),
    ("--pens", "pens.set", str, "pen set, file, or '#hex,#hex' [basic-12]"),
    ("--pen-count", "pens.count", int, "how many pens the drawing may use [4]"),
    ("--palette", "pens.palette", str, "how pens are chosen: learned, kmeans, or fixed (all of the set) [learned]"),
    ("--ink", "ink.kind", str, "how free colours mix: multiply or over [multiply]"),
    ("--page", "page.size", str, "a0..a6, letter, ... or WxHmm [a5]"),
    ("--landscape", "page.landscape", bool, "turn the page"),
    ("--margin", "page.margin", float, "empty border, mm [10]"),
    ("--paper", "page.paper", str, "colour of the paper [#ffffff]"),
    ("--machine", "machine", str, "plotter whose speed gives the minutes, or a YAML file [axidraw]"),
    ("--renderer", "renderer.name", str, "native, reference or diffvg [native]"),
    ("--device", "device", str, "auto, cpu or cuda [auto]"),
    ("--threads", "threads", int, "CPU threads; 0 for all cores [0]"),
    ("--seed", "seed", int, "same seed, same bytes [0]"),
)
"""Flag, config address, type, help. Ranges and messages are the config's."""


def config_flags(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the flags of the table; `gather` turns their values into changes of the config."""
    for flag, _, kind, text in reversed(FLAGS):
        command = click.option(flag, type=kind, is_flag=kind is bool, default=None, help=text)(command)
    return click.option(
        "--set", "sets", multiple=True, metavar="A.B.C=VALUE", help="any setting by its address in the config"
    )(command)


def gather(flags: dict[str, Any], sets: tuple[str, ...]) -> dict[str, Any]:
    """The changes a command line makes to the config, by address."""
    changes = {address: flags[flag.strip("-").replace("-", "_")] for flag, address, _, _ in FLAGS}
    changes = {address: value for address, value in changes.items() if value is not None}
    for text in sets:
        address, equals, value = text.partition("=")
        if not equals or not address:
            raise InputError(f"--set: write ADDRESS=VALUE, for example --set size=512, not {text!r}")
        try:
            changes[address.strip()] = yaml.safe_load(value)
        except yaml.YAMLError:
            raise InputError(f"--set: {value!r} is not a value that YAML can read") from None
    return changes


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="plotart")
def cli() -> None:
    """An image or a neuron goes in, pen-ready layers come out."""


@cli.command()
@click.argument("config", required=False, metavar="[CONFIG.yaml]")
@config_flags
@click.option("--out", type=click.Path(path_type=FilePath), help="folder of the run [outputs/<name>]")
@click.option("--force", is_flag=True, help="replace a run that --out already holds")
def generate(config: str | None, out: FilePath | None, force: bool, sets: tuple[str, ...], **flags: Any) -> None:
    """Make a drawing from a neuron or an image."""
    from plotart.config import Config  # noqa: PLC0415 - torch takes seconds to import; --help should not
    from plotart.pipeline import generate as make  # noqa: PLC0415

    changes = gather(flags, sets)
    if config is None:
        config = "image" if "objectives.pixels.image" in changes else "neuron"
    show(make(Config.load(config, changes), out, force=force, console=Console(stderr=True)))


@cli.command()
@click.argument("run", type=click.Path(path_type=FilePath))
def resume(run: FilePath) -> None:
    """Go on with an interrupted run."""
    from plotart.pipeline import resume as go_on  # noqa: PLC0415

    show(go_on(run, console=Console(stderr=True)))


@cli.command("show")
@click.argument("run", type=click.Path(path_type=FilePath))
def show_command(run: FilePath) -> None:
    """Print the figures of a finished run."""
    from plotart.run import Run  # noqa: PLC0415

    opened = Run.open(run)
    if not opened.finished:
        raise InputError(f"'{run}' is not finished; go on with 'plotart resume {run}'")
    show(opened)


def show(run: Any) -> None:
    """Figures and files of a finished run."""
    from plotart.show import summary  # noqa: PLC0415

    Console().print(summary(run), highlight=False)


def main() -> None:
    """Run the command line. Exit codes: 0 done, 1 the work failed, 2 wrong input, 130 interrupted."""
    try:
        cli.main(standalone_mode=False)
    except click.exceptions.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except InputError as error:
        _fail(str(error), 2)
    except Interrupted as stopped:
        _fail(str(stopped), 130)
    except KeyboardInterrupt:
        _fail("interrupted; 'plotart resume' goes on from the last checkpoint", 130)
    except (OSError, FloatingPointError, MemoryError) as error:
        full = isinstance(error, OSError) and error.errno == errno.ENOSPC
        _fail("the disk is full; free some space and go on with 'plotart resume'" if full else str(error), 1)


def _fail(message: str, code: int) -> None:
    click.echo(f"plotart: {message}", err=True)
    sys.exit(code)
