"""A serial line to a board, read line by line."""

from __future__ import annotations

import errno
import time

import serial

from plotart.core.errors import InputError

__all__ = ["Line", "Lost", "Misheard"]


class Lost(ConnectionError):
    """The board is gone: the cable, its power, or its mind."""


class Misheard(Exception):
    """The board did not take a command of a stroke: the stroke is to be drawn again."""


class Line:
    """Text to and from a board; every failure of the port is `Lost`."""

    def __init__(self, port: str, baud: int = 115200) -> None:
        """Open the port; InputError where there is none, or somebody else has it."""
        self.port = port
        self._rest = b""
        try:
            self._serial = serial.Serial(port, baud, timeout=0.01, write_timeout=10)
        except (serial.SerialException, OSError, ValueError) as error:
            raise InputError(f"--port: '{port}' cannot be opened: {_why_not(error)}.") from error

    def write(self, text: str) -> None:
        """Send text as it is."""
        try:
            self._serial.write(text.encode("ascii", "replace"))
        except (serial.SerialException, OSError, TypeError) as error:
            raise Lost(f"the plotter at {self.port} is gone: {_reason(error)}") from error

    def read(self, patience: float) -> str | None:
        """The next line that is not empty, without its end; None when none comes within so many seconds."""
        end = time.monotonic() + patience
        while True:
            self._rest = self._rest.lstrip(b"\r\n")
            ends = [place for place in (self._rest.find(b"\r"), self._rest.find(b"\n")) if place >= 0]
            if ends:
                line, self._rest = self._rest[: min(ends)], self._rest[min(ends) :]
                return line.decode("ascii", "replace").strip()
            try:
                waiting = self._serial.in_waiting
                got = self._serial.read(max(1, waiting))
            except (serial.SerialException, OSError, TypeError) as error:
                raise Lost(f"the plotter at {self.port} is gone: {_reason(error)}") from error
            if got:
                self._rest += got
            elif time.monotonic() >= end:
                return None

    def drain(self, seconds: float) -> None:
        """Throw away what comes within so many seconds of silence."""
        while self.read(seconds) is not None:
            pass
        self._rest = b""

    def close(self) -> None:
        """Let go of the port."""
        self._serial.close()


WHY_NOT = {
    errno.ENOENT: "there is no such port; without --port the plotter is looked for on USB",
    errno.EACCES: "you may not use it; on Linux add yourself to its group (dialout or uucp) and log in anew",
    errno.EBUSY: "another program has it; close the plotter's own",
}


def _why_not(error: BaseException) -> str:
    return WHY_NOT.get(getattr(error, "errno", None) or 0) or _reason(error)


def _reason(error: BaseException) -> str:
    text = getattr(error, "strerror", None) or str(error)
    return str(text).splitlines()[0].lower() if text else type(error).__name__
