"""The studio's pages and what they ask for; `actions` does what they are told to do."""

from __future__ import annotations

import asyncio
import hashlib
import mimetypes
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import resources
from pathlib import Path as FilePath
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from plotart.core.errors import InputError
from plotart.studio.actions import Actions
from plotart.studio.clerk import Clerk
from plotart.studio.events import Events
from plotart.studio.guard import Guard, keys_of
from plotart.studio.library import DEPTH, Library, finite, read_json, write_json
from plotart.studio.photos import Photos, thumbnail
from plotart.studio.plotter import Plotter, ports
from plotart.studio.progress import curve_of, latest_frame
from plotart.studio.sheets import Sheets
from plotart.studio.starter import Starter
from plotart.studio.summary import Summaries

__all__ = ["Studio"]

SHOWN = {
    ".svg": "image/svg+xml", ".png": "image/png", ".gif": "image/gif", ".jpg": "image/jpeg", ".webp": "image/webp",
    ".html": "text/html; charset=utf-8", ".json": "application/json", ".mp4": "video/mp4",
    ".yaml": "text/plain; charset=utf-8", ".csv": "text/plain; charset=utf-8", ".txt": "text/plain; charset=utf-8",
    ".hpgl": "text/plain; charset=utf-8", ".gcode": "text/plain; charset=utf-8",
}  # fmt: skip
"""Files of a run that are given out."""
FRONT = (".html", ".css", ".js", ".svg")


class Studio:
    """A folder's studio as an ASGI application, `app`."""

    def __init__(self, folder: FilePath, host: str = "127.0.0.1", port: int = 8765, at_once: int = 1) -> None:
        self.library = Library(folder)
        self.keys = keys_of(self.library.home)
        self.clerk = Clerk(self.library.root)
        self.photos = Photos(self.library, self.clerk)
        self.sheets = Sheets(self.library)
        self.starter = Starter(self.library, at_once)
        self.plotter = Plotter(self.library, self.starter)
        self.summaries = Summaries(self.library, self.keys)
        self.events = Events(self.summaries, self.starter, lambda: {"trash": self.library.trash()})
        self.actions = Actions(self.library, self.photos, self.starter, self.clerk, self.plotter)
        self.origin = f"http://{f'[{host}]' if ':' in host else host}:{port}"
        self.app = Starlette(
            routes=[
                Route("/", self.page),
                Route("/front/{name}", self.front),
                Route("/events", self.stream),
                Route("/api/runs", self.runs),
                Route("/api/run", self.run),
                Route("/api/form", self.form),
                Route("/api/layers", self.layers),
                Route("/api/plot", self.plot),
                Route("/api/sheet", self.sheet),
                Route("/sheet/{file}", self.sheet_picture),
                Route("/photo/{file}", self.photo),
                Route("/thumb/{name:path}", self.thumb),
                Route("/files/{key}/{path:path}", self.file),
                Route("/api/photos", self.upload, methods=["POST"]),
                Route("/api/do/{what}", self.do, methods=["POST"]),
            ],
            middleware=[Middleware(Guard, keys=self.keys, host=host, port=port)],
            exception_handlers={InputError: _told, HTTPException: _plain, ClientDisconnect: _gone},
            lifespan=self._lifespan,
        )

    @asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        watching = asyncio.create_task(self.events.watch())
        self.clerk.warm()
        try:
            yield
        finally:
            watching.cancel()
            self.starter.close()
            self.sheets.close()
            self.clerk.close()

    # -- the page itself

    async def page(self, request: Request) -> Response:
        return _front("index.html")

    async def front(self, request: Request) -> Response:
        return _front(request.path_params["name"])

    async def stream(self, request: Request) -> Response:
        return StreamingResponse(self.events.stream(), media_type="text/event-stream")

    # -- what there is

    async def runs(self, request: Request) -> Response:
        def listed() -> dict[str, Any]:
            runs = self.summaries.all()
            return {"runs": list(runs.values()), "sweeps": self.summaries.sweeps(runs), "trash": self.library.trash()}

        return JSONResponse(await run_in_threadpool(listed))

    async def run(self, request: Request) -> Response:
        """All about one run: its config, what it said, its losses."""
        name = request.query_params.get("name")

        def told() -> dict[str, Any]:
            folder = self.library.run(name)
            figures = read_json(folder / "run.json")
            figures = figures if isinstance(figures, dict) else {}
            config = folder / "config.yaml"
            shown = ("preview.png", "drawing.svg", "report.html", "config.yaml", "run.json", "transition.svg")
            told = {
                "config": config.read_text("utf-8", errors="replace")[:200_000] if config.is_file() else "",
                "log": self.starter.log(folder),
                "history": figures.get("history") or [],
                "curve": curve_of(folder),
                "damage": figures.get("damage"),
                "files": [file for file in shown if (folder / file).is_file()],
                "pens": sorted(path.name for path in (folder / "pens").glob("*.svg"))[:64],
            }
            return dict(finite(told))

        return JSONResponse(await run_in_threadpool(told))

    async def form(self, request: Request) -> Response:
        """The fields of the form; kept, because they come from a process that takes seconds to set up."""

        def told() -> dict[str, Any]:
            kept = self.library.home / "form.json"
            found = read_json(kept)
            if not isinstance(found, dict) or found.get("of") != _version():
                found = {**self.clerk.ask("form"), "of": _version()}
                write_json(kept, found)
            return {**found, "photos": self.photos.recent()}

        self.starter.warm()
        return JSONResponse(await run_in_threadpool(told))

    async def plot(self, request: Request) -> Response:
        """The ports that a plotter may be on, and what the last plot of a run said."""
        name = request.query_params.get("name")

        def told() -> dict[str, Any]:
            return {"ports": ports(), "told": self.plotter.told(self.library.run(name))}

        return JSONResponse(await run_in_threadpool(told))

    async def layers(self, request: Request) -> Response:
        network = request.query_params.get("network")
        return JSONResponse(await run_in_threadpool(self.sheets.layers, network))

    async def sheet(self, request: Request) -> Response:
        asked = request.query_params
        return JSONResponse(await run_in_threadpool(self.sheets.sheet, asked.get("network"), asked.get("layer")))

    # -- pictures and files

    async def sheet_picture(self, request: Request) -> Response:
        return FileResponse(self.sheets.picture(request.path_params["file"]), media_type="image/png")

    async def photo(self, request: Request) -> Response:
        path = self.photos.path(request.path_params["file"])
        small = await run_in_threadpool(thumbnail, path, self.photos.thumbs, _side(request))
        return FileResponse(small, media_type="image/webp", headers=_KEEP)

    async def thumb(self, request: Request) -> Response:
        """The picture of a run as it is by now, small."""

        def made() -> FilePath:
            folder = self.library.run(request.path_params["name"])
            frame = latest_frame(folder)
            finished = (folder / "run.json").is_file() or frame is None
            source = self.library.file(folder, "preview.png" if finished else f"frames/{frame}")
            return thumbnail(source, self.photos.thumbs, _side(request))

        # the address holds when the picture was made, so that it may be kept
        return FileResponse(await run_in_threadpool(made), media_type="image/webp", headers=_KEEP)

    async def file(self, request: Request) -> Response:
        """A file of a run or a sweep: whoever has the folder's key may read it, in a sandbox without cookies."""
        parts = request.path_params["path"].split("/")
        for depth in range(1, min(DEPTH, len(parts) - 1) + 1):
            name = "/".join(parts[:depth])
            if self.keys.folder(name) == request.path_params["key"]:
                path = self.library.file(self.library.folder(name), "/".join(parts[depth:]))
                break
        else:
            raise HTTPException(404)
        kind = SHOWN.get(path.suffix.lower())
        if kind is None:
            raise HTTPException(404)
        headers = {"Content-Security-Policy": _sandbox(self.origin), "Cross-Origin-Resource-Policy": "cross-origin"}
        if "save" in request.query_params:
            headers["Content-Disposition"] = f'attachment; filename="{_ascii(parts[-2])}-{_ascii(path.name)}"'
        return FileResponse(path, media_type=kind, headers=headers)

    # -- what is done

    async def upload(self, request: Request) -> Response:
        name = request.query_params.get("name", "photo")[:255]
        content = await request.body()
        return JSONResponse(await run_in_threadpool(self.photos.keep, content, name))

    async def do(self, request: Request) -> Response:
        try:
            asked = await request.json()
        except (ValueError, RecursionError):
            raise InputError("that is no JSON") from None
        if not isinstance(asked, dict):
            raise InputError("send one JSON object")
        action = self.actions.named(request.path_params["what"])
        if action is None:
            raise HTTPException(404)
        answer = await run_in_threadpool(action, asked)
        self.events.hurry()
        return JSONResponse(answer or {})


_KEEP = {"Cache-Control": "private, max-age=31536000, immutable"}


def _front(name: str) -> Response:
    suffix = FilePath(name).suffix
    if suffix not in FRONT or not name.replace(".", "").replace("-", "").isalnum() or name.startswith("."):
        raise HTTPException(404)
    file = resources.files("plotart.studio") / "front" / name
    if not file.is_file():
        raise HTTPException(404)
    kind = "text/javascript" if suffix == ".js" else mimetypes.types_map.get(suffix, "text/html")
    return Response(file.read_bytes(), media_type=kind)


def _version() -> str:
    """Of the package as it lies on the disk: another when any file of it is."""
    package = FilePath(str(resources.files("plotart")))
    stamps = sorted(
        (path.name, path.stat().st_mtime_ns) for path in package.rglob("*") if path.suffix in (".py", ".yaml")
    )
    return hashlib.sha256(repr(stamps).encode()).hexdigest()


def _side(request: Request) -> int:
    text = request.query_params.get("w", "480")
    return int(text) if text.isdigit() and len(text) < 6 else 480


def _sandbox(origin: str) -> str:
    """Reports bring scripts of their own: they run without an origin, and reach nothing but their folder's pictures."""
    return (
        "sandbox allow-scripts allow-downloads allow-popups allow-modals; default-src 'none'; "
        f"style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data: {origin}; media-src {origin}; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    )


def _ascii(name: str) -> str:
    return "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "-" for c in name)


async def _told(request: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, 422)


async def _plain(request: Request, error: Exception) -> Response:
    code = error.status_code if isinstance(error, HTTPException) else 500
    return PlainTextResponse("There is nothing here.\n" if code == 404 else "That is not possible.\n", code)


async def _gone(request: Request, error: Exception) -> Response:
    return PlainTextResponse("It was longer than it said, or ended too early.\n", 413)
