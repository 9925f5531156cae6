"""Errors that are part of the interface, and how what a user gave is quoted in them."""

from __future__ import annotations

from typing import Any

__all__ = ["InputError", "Interrupted", "one_line", "shown"]

QUOTED = 100
"""Characters of a value that a message quotes."""


class InputError(ValueError):
    """Wrong input from the user: one plain sentence naming the setting, its value and what would be right.

    The command line prints it without a traceback and exits with code 2.
    """


class Interrupted(Exception):
    """The user stopped the run; its state has been saved, and the message says how to go on."""


def shown(value: Any, most: int = QUOTED) -> str:
    """A value as Python writes it, on one line and no longer than `most` characters."""
    try:
        text = repr(value)
    except ValueError:  # Python refuses to write integers of thousands of digits
        return "a number with thousands of digits"
    return text if len(text) <= most else f"{text[: most - 3]}..."


def one_line(text: str, most: int = 1000) -> str:
    """A message as a terminal may print it: one line, nothing that moves the cursor or changes colours."""
    plain = "".join(c if c.isprintable() else " " if c.isspace() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return plain if len(plain) <= most else f"{plain[: most - 3]}..."
