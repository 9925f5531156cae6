"""What a shell offers for the values of flags and arguments."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from plotart.core.shipped import shipped_configs, shipped_styles

__all__ = ["CONFIGS", "MACHINES", "NETWORKS", "PEN_SETS", "STYLES", "values_of"]

Completer = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]

PACKAGE = Path(__file__).parents[1]


def values_of(known: Callable[[], Iterable[str]], *, files: bool = True) -> Completer:
    """Offers the names of `known` that begin as what is typed; of a value that may be a file also files."""

    def offer(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """The values that begin so."""
        found = [CompletionItem(name) for name in known() if name.startswith(incomplete)]
        if files and (not found or incomplete == ""):
            found.append(CompletionItem(incomplete, type="file"))
        return found

    return offer


def _yaml_names(folder: Path) -> list[str]:
    return sorted(path.stem for path in folder.glob("*.yaml"))


def _networks() -> list[str]:
    from plotart.networks import networks

    return ["auto", *networks]


CONFIGS = values_of(shipped_configs)
STYLES = values_of(lambda: ["none", *shipped_styles()])
PEN_SETS = values_of(lambda: _yaml_names(PACKAGE / "pens"))
MACHINES = values_of(lambda: _yaml_names(PACKAGE / "plot" / "machines"))
NETWORKS = values_of(_networks, files=False)
