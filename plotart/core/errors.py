"""Errors that are part of the interface."""

__all__ = ["InputError", "Interrupted"]


class InputError(ValueError):
    """Wrong input from the user: one plain sentence naming the setting, its value and what would be right.

    The command line prints it without a traceback and exits with code 2.
    """


class Interrupted(Exception):
    """The user stopped the run; its state has been saved, and the message says how to go on."""
