"""Errors that are part of the interface."""

__all__ = ["InputError"]


class InputError(ValueError):
    """Wrong input from the user: one plain sentence naming the setting, its value and what would be right.

    The command line prints it without a traceback and exits with code 2.
    """
