"""`plotart studio`: the server, its lock on the folder, and the link."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path as FilePath

from plotart.core.errors import InputError
from plotart.core.files import FolderLock
from plotart.studio.library import HOME, read_json, write_json

__all__ = ["serve"]


def serve(
    folder: FilePath, *, host: str = "127.0.0.1", port: int = 8765, at_once: int = 1, browse: bool = False,
    say: Callable[[str], None] = print,
) -> None:  # fmt: skip
    """Show the runs in `folder`, which is made if need be, at http://HOST:PORT until Ctrl-C.

    Args:
        host: where to listen; others than loopback let other machines in that know the link.
        port: the first one tried; 0 takes any that is free.
        at_once: runs at work at a time.
        browse: open the link in a browser.

    Raises:
        InputError: what the page needs is not installed; the port is taken; another studio shows this folder.
    """
    try:
        import uvicorn  # noqa: PLC0415 - an optional extra

        from plotart.studio.app import Studio  # noqa: PLC0415
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("starlette", "uvicorn", "anyio", "h11"):
            raise
        raise InputError(
            f"studio: {error.name} is not installed; install it with pip install 'plotart[studio]'"
        ) from None
    try:
        (folder / HOME).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"FOLDER: '{folder}' cannot be written ({error.strerror})") from None
    with _alone(folder / HOME), _bound(host, port) as sockets:
        port = sockets.getsockname()[1]
        studio = Studio(folder, host, port, at_once)
        shown = f"[{host}]" if ":" in host else host
        link = f"http://{shown}:{port}/?token={studio.keys.token}"
        write_json(folder / HOME / "server.json", {"pid": os.getpid(), "link": link})
        (folder / HOME / "server.json").chmod(0o600)
        say(f"plotart studio of {folder}: {link}")
        say("Ctrl-C ends it; runs that are at work go on.")
        if browse:
            webbrowser.open(link)

        class Server(uvicorn.Server):
            """Lets the open pages go before it waits for them."""

            async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
                studio.events.end()
                await super().shutdown(sockets)

        server = Server(
            uvicorn.Config(
                studio.app,
                log_level="warning",
                access_log=False,
                server_header=False,
                date_header=False,
                timeout_graceful_shutdown=1,
                h11_max_incomplete_event_size=32_768,
                ws="none",
            )
        )
        logging.getLogger("uvicorn.error").addFilter(_tells)
        server.run(sockets=[sockets])


def _tells(record: logging.LogRecord) -> bool:
    """Whether a line of the log is for the user: what Ctrl-C breaks off is none."""
    broken_off = record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError)
    return not broken_off and "graceful shutdown exceeded" not in record.getMessage()


@contextmanager
def _alone(home: FilePath) -> Iterator[None]:
    """Hold the folder for this studio: two would both start what waits."""
    try:
        lock = FolderLock(home)
    except InputError:
        other = read_json(home / "server.json")
        at = f": {other['link']}" if isinstance(other, dict) and isinstance(other.get("link"), str) else ""
        raise InputError(f"FOLDER: a studio shows '{home.parent}' already{at}") from None
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _bound(host: str, port: int) -> Iterator[socket.socket]:
    """A socket that listens at the port."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        raise InputError(f"--host: {host!r} is no address of this machine ({error})") from None
    with listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind(address)
        except (OSError, OverflowError) as error:
            raise InputError(f"--port: {port} cannot be used ({error}); take another, or 0 for any") from None
        yield listening
