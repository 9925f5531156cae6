"""Where lines are printed: as they are, for a pen's name or a path may look like markup."""

from __future__ import annotations

from typing import Any

from rich.console import Console

__all__ = ["plain_console"]


def plain_console(**options: Any) -> Console:
    """A console of rich's that reads no `[red]` or `:smile:` in what it prints and colours no numbers."""
    return Console(markup=False, emoji=False, highlight=False, **options)
