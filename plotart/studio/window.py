"""`--window`: the studio's page beside a run that the command line makes, for as long as it is at work."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path as FilePath

from plotart.core.errors import InputError
from plotart.core.files import is_locked
from plotart.studio.figure import figure
from plotart.studio.library import HOME, read_json

__all__ = ["window"]

LAST_LOOK_S = 3.0
"""What a page has to fetch the finished drawing before its server ends."""
LINK = re.compile(r"http://\S+")


@contextmanager
def window(root: FilePath, say: Callable[[str], None]) -> Iterator[None]:
    """Open the page of what is at work in `root` in a browser; where none opens, the link is said at least.

    A studio that shows the folder already is used. Otherwise one is started, which ends with the block, or with this
    process. Where what the page needs is not installed, it is a window of matplotlib's.

    Raises:
        InputError: neither can be, or the server does not start.
    """
    missing = next((name for name in ("starlette", "uvicorn") if find_spec(name) is None), None)
    if missing is not None:
        with figure(root, missing, say):
            yield
        return
    link, server = _running(root), None
    if link is None:
        server, link = _start(root)
    try:
        link += "#watch"
        say(f"the run is shown at {link}")
        webbrowser.open(link)
        yield
        if server is not None:
            time.sleep(LAST_LOOK_S)
    finally:
        if server is not None:
            server.terminate()
            server.wait()


def _running(root: FilePath) -> str | None:
    """The link of the studio that shows the folder, if there is one."""
    told = read_json(root / HOME / "server.json") if is_locked(root / HOME) else None
    link = told.get("link") if isinstance(told, dict) else None
    return link if isinstance(link, str) and LINK.fullmatch(link) else None


def _start(root: FilePath) -> tuple[subprocess.Popen[str], str]:
    """A studio of its own session, so that Ctrl-C stops the run first; it does not outlive this process."""
    server = subprocess.Popen(
        [sys.executable, "-m", "plotart.cli.watched", str(os.getpid()), "studio", str(root), "--port", "0"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    assert server.stdout is not None
    found = LINK.search(server.stdout.readline())
    if found is None:
        _, told = server.communicate()
        lines = told.strip().splitlines() or ["it does not start"]
        raise InputError(f"--window: {lines[-1].removeprefix('plotart: ')}")
    return server, found[0]
