"""The boards there are: a file each, by the kind that a machine's YAML names."""

from __future__ import annotations

from plotart.core.errors import InputError
from plotart.plot.drive.controller import Controller
from plotart.plot.drive.ebb import EbbController
from plotart.plot.drive.grbl import GrblController
from plotart.plot.drive.line import Line
from plotart.plot.drive.ports import find_port
from plotart.plot.machine import Machine

__all__ = ["CONTROLLERS", "connect", "greeted"]

CONTROLLERS: dict[str, type[Controller]] = {"ebb": EbbController, "grbl": GrblController}


def connect(machine: Machine, port: str | None) -> Controller:
    """The board of a machine on `port`, or on the only port that has one, greeted.

    Raises:
        InputError: no such board is there, or it is set so that it cannot plot.
    """
    board = machine.board
    if board is None:
        raise InputError(
            "machine: it has no 'board', so it cannot be moved from here; add 'board: {kind: ebb}' or "
            "'board: {kind: grbl}' to its YAML, or write a file for it with 'plotart export'."
        )
    return greeted(machine, Line(port or find_port(board.kind), board.baud))


def greeted(machine: Machine, line: Line) -> Controller:
    """The board of a machine on an open line, greeted; the line is closed when that fails."""
    if machine.board is None:
        raise ValueError("a machine without a board cannot be greeted")
    made = CONTROLLERS[machine.board.kind](line, machine)
    try:
        made.greet()
    except BaseException:
        line.close()
        raise
    return made
