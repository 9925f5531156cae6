"""The server's side of a desk: asks it, one question at a time, and sets it up again when it died."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path as FilePath
from typing import Any

from plotart.core.errors import InputError

__all__ = ["Clerk"]


class Clerk:
    """A `plotart.studio.desk` of its own."""

    def __init__(self, root: FilePath) -> None:
        self.root = root
        self._desk: subprocess.Popen[str] | None = None
        self._turn = threading.Lock()
        self._closed = False

    def warm(self) -> None:
        """Set the desk up, so that its imports are done when it is asked."""
        with self._turn:
            self._set_up()

    def ask(self, question: str, /, **told: Any) -> Any:
        """The answer to a question.

        Raises:
            InputError: the desk said what is wrong, or died twice.
        """
        with self._turn:
            for _ in range(2):
                desk = self._set_up()
                assert desk.stdin is not None
                assert desk.stdout is not None
                try:
                    desk.stdin.write(json.dumps({"ask": question, "with": told}) + "\n")
                    desk.stdin.flush()
                    line = desk.stdout.readline()
                except OSError:
                    line = ""
                if line:
                    found = json.loads(line)
                    if "wrong" in found:
                        raise InputError(found["wrong"])
                    return found["answer"]
                if self._closed:
                    break
        raise InputError(f"{question}: the process that was asked died; is there enough memory?")

    def close(self) -> None:
        """Let the desk go, whatever it is at."""
        self._closed = True
        if self._desk is not None:
            self._desk.kill()
            self._desk.wait()

    def _set_up(self) -> subprocess.Popen[str]:
        if self._closed:
            raise InputError("The studio is ending")
        if self._desk is None or self._desk.poll() is not None:
            # a session of its own: Ctrl-C in the terminal is the server's
            self._desk = subprocess.Popen(
                [sys.executable, "-m", "plotart.studio.desk", str(self.root)], stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, encoding="utf-8", start_new_session=True,
            )  # fmt: skip
        return self._desk
