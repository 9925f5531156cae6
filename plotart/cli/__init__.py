"""The command line. An error is one plain sentence; exit codes: 0 done, 1 work failed, 2 wrong input, 130 stopped."""

from __future__ import annotations

import errno
import signal
import sys
from types import FrameType

import click

from plotart.cli.flags import meant
from plotart.cli.manual import help_
from plotart.cli.movies import movie, render
from plotart.cli.networks import layers, networks, neurons
from plotart.cli.pens import pens
from plotart.cli.plots import check, estimate, export
from plotart.cli.plotter import down, heights, home, plot, up
from plotart.cli.runs import enlarge, generate, resume, show, sweep
from plotart.cli.studio import studio
from plotart.core.errors import InputError, Interrupted, one_line

__all__ = ["cli", "main"]


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="plotart")
def cli() -> None:
    """An image or a neuron goes in, pen-ready layers come out."""


for command in (
    generate, enlarge, resume, show, sweep, studio, movie, render, export, plot, estimate, check, pens, networks,
    layers, neurons, help_,
):  # fmt: skip
    cli.add_command(command)

for command in (home, up, down, heights):
    pens.add_command(command)


def main() -> None:
    """Run the command line and exit."""
    signal.signal(signal.SIGTERM, _terminated)
    try:
        sys.exit(cli.main(standalone_mode=False))
    except click.exceptions.Abort:
        sys.exit(130)
    except click.NoSuchOption as error:
        flag, known = meant(error.option_name), error.ctx.command.params if error.ctx else []
        if any(flag in option.opts for option in known):
            # in its own words: click drops a possibility that does not resemble what was typed
            told = f"No such option {error.option_name!r}. Did you mean {flag!r}?"
            error = click.NoSuchOption(error.option_name, told, ctx=error.ctx)
        error.show()
        sys.exit(2)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except InputError as error:
        _fail(f"{error}{_about_yaml(str(error))}", 2)
    except Interrupted as stopped:
        _fail(str(stopped), 130)
    except KeyboardInterrupt:
        _fail("interrupted; 'plotart resume' goes on from the last checkpoint", 130)
    except (OSError, FloatingPointError, MemoryError) as error:
        full = isinstance(error, OSError) and error.errno == errno.ENOSPC
        told = "the disk is full; free some space and go on with 'plotart resume'" if full else str(error)
        _fail(told or "there is not enough memory", 1)


def _about_yaml(message: str) -> str:
    """A colour without quotes is a comment to YAML, and nothing is left of the value."""
    colour = any(f"{name}: " in message for name in ("pens.set", "page.paper"))
    return "; in a YAML file a colour needs quotes: '#d62728'" if colour and message.endswith("not None") else ""


def _terminated(number: int, frame: FrameType | None) -> None:
    """SIGTERM ends a command as Ctrl-C does, so that nothing half written stays."""
    raise KeyboardInterrupt


def _fail(message: str, code: int) -> None:
    click.echo(f"plotart: {one_line(message)}", err=True)
    sys.exit(code)
