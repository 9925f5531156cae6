"""`python -m plotart.cli.watched PARENT COMMAND ...`: the command line in a process that does not outlive its parent.

When the process PARENT has ended, be it by SIGKILL, the run is told to save and end as by SIGTERM.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time

__all__ = ["main"]

LOOK_S, GRACE_S = 0.5, 30.0
"""Seconds between two looks, and what a run has to save and end."""


def main() -> None:
    """Run the command line that follows the number of the process to look after."""
    parent = int(sys.argv.pop(1))
    threading.Thread(target=_watch, args=(parent,), daemon=True).start()
    from plotart.cli import main as command_line

    command_line()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(LOOK_S)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_S)
    os._exit(1)


if __name__ == "__main__":
    main()
