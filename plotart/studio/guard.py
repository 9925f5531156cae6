"""Who may ask the studio for what: the link's token, the host's name, the origin, the size of what is sent."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import secrets
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from pathlib import Path as FilePath
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["MAX_JSON", "MAX_UPLOAD", "Guard", "Keys", "keys_of"]

MAX_JSON = 256 * 1024
"""Bytes of a request that says what to do."""
MAX_UPLOAD = 64 * 1024 * 1024
"""Bytes of a picture."""
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
    "frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
HEADERS = {
    "Content-Security-Policy": PAGE_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cache-Control": "no-store",
}
LOOPBACK_NAMES = ("localhost",)


@dataclass(frozen=True)
class Keys:
    """The secret of a folder's studio, and what is derived from it."""

    token: str

    def fits(self, given: str) -> bool:
        return hmac.compare_digest(given.encode(), self.token.encode())

    def folder(self, name: str) -> str:
        """The key of one run's or sweep's files: whoever has it can read those, and nothing else."""
        return hmac.new(self.token.encode(), f"files\n{name}".encode(), hashlib.sha256).hexdigest()[:32]


def keys_of(home: FilePath) -> Keys:
    """The keys of the studio whose own files lie in `home`: made once, readable by the user only.

    They are kept, so that a page that is open finds a server again that was started anew.
    """
    path = home / "token"
    if not path.is_file() or len(path.read_text("ascii", errors="replace").strip()) < 32:
        home.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(32), "ascii")
    return Keys(path.read_text("ascii").strip())


class Guard:
    """Lets through what comes from the studio's own page, and refuses the rest before it is read.

    - The Host header names this machine: a loopback address, or, where `host` is another, that or any plain address
      (names that others control could point here: DNS rebinding).
    - A request carries the cookie that the link's token gave; `/files/` carries a key in its path instead, for reports
      are shown in a sandbox without cookies, and can only be read.
    - What changes something comes by POST from the page's own origin, as JSON or as a picture, of bounded size.

    Every answer gets the strict headers of `HEADERS`, unless it sets its own policy.
    """

    def __init__(self, app: ASGIApp, keys: Keys, host: str, port: int) -> None:
        self.app = app
        self.keys = keys
        self.host = host.lower().strip("[]")
        self.cookie = f"plotart-studio-{port}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":  # no web sockets here
            await send({"type": "websocket.close", "code": 1008})
            return

        async def strictly(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    answer.setdefault(name, value)
                if message["status"] == 200 and self._enters(scope):
                    answer.append("Set-Cookie", f"{self.cookie}={self.keys.token}; HttpOnly; Path=/; SameSite=strict")
            await send(message)

        headers = Headers(scope=scope)
        refusal = self._refusal(scope, headers)
        if refusal is not None:
            code, why = refusal
            # what was sent is not read: the connection ends instead
            answer = PlainTextResponse(why + "\n", code, {"Connection": "close"} if code == 413 else None)
            await answer(scope, receive, strictly)
            return
        limit = MAX_UPLOAD if scope["path"] == "/api/photos" else MAX_JSON
        await self.app(scope, _bounded(receive, limit), strictly)

    def _refusal(self, scope: Scope, headers: Headers) -> tuple[int, str] | None:
        """Code and reason why this is not let through; None lets it."""
        return self._wrong_form(scope, headers) or self._wrong_sender(scope, headers)

    def _wrong_form(self, scope: Scope, headers: Headers) -> tuple[int, str] | None:
        if len(headers.getlist("host")) != 1 or not self._is_here(headers["host"]):
            return 421, "This is not the host that you asked for."
        if scope["method"] not in ("GET", "HEAD", "POST"):
            return 405, "Only GET and POST."
        if len(scope["raw_path"]) + len(scope["query_string"]) > 4096:
            return 414, "That address is too long."
        return None

    def _wrong_sender(self, scope: Scope, headers: Headers) -> tuple[int, str] | None:
        path, origin = scope["path"], headers.get("origin")
        shared = path.startswith("/files/")
        own = f"{scope['scheme']}://{headers['host']}"
        if origin is not None and origin != own and not (origin == "null" and shared and scope["method"] != "POST"):
            return 403, "Another page asked."
        if not shared and headers.get("sec-fetch-site") in ("cross-site", "same-site"):
            entering = path == "/" and scope["method"] == "GET" and headers.get("sec-fetch-dest") == "document"
            if not entering:  # a link in a mail or a chat may lead here
                return 403, "Another page asked."
        if scope["method"] == "POST":
            return self._wrong_post(path, headers, origin)
        if shared or self._known(headers) or self._enters(scope):
            return None
        return 403, "Open the link that 'plotart studio' printed: it holds the key to this page."

    def _wrong_post(self, path: str, headers: Headers, origin: str | None) -> tuple[int, str] | None:
        if origin is None:
            return 403, "A request that changes something says where it comes from."
        if not self._known(headers):
            return 403, "Open the link that 'plotart studio' printed: it holds the key to this page."
        upload = path == "/api/photos"
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json" and not (upload and kind == "application/octet-stream"):
            return 415, "Send application/json." if not upload else "Send application/octet-stream."
        length, limit = headers.get("content-length"), MAX_UPLOAD if upload else MAX_JSON
        if length is None or not length.isdigit():
            return 411, "Say how long it is."
        return (413, f"At most {limit // 1024} KiB.") if int(length) > limit else None

    def _enters(self, scope: Scope) -> bool:
        """Whether this is the link with the token."""
        given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [])
        return scope["path"] == "/" and len(given) == 1 and self.keys.fits(given[0])

    def _known(self, headers: Headers) -> bool:
        try:
            jar = SimpleCookie(headers.get("cookie", ""))
        except CookieError:
            return False
        return self.cookie in jar and self.keys.fits(jar[self.cookie].value)

    def _is_here(self, host: str) -> bool:
        name, colon, port = host.lower().rpartition(":")
        if not colon or not port.isdigit() or "]" in port:
            name = host.lower()
        name = name.strip("[]")
        if name in LOOPBACK_NAMES:
            return True
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return name == self.host
        return address.is_loopback or not _only_loopback(self.host)


def _only_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host in LOOPBACK_NAMES


def _bounded(receive: Receive, limit: int) -> Receive:
    """The same body, cut off as if the sender had gone when it is longer than it said it would be."""
    seen = 0

    async def bounded() -> Message:
        nonlocal seen
        message = await receive()
        if message["type"] == "http.request":
            seen += len(message.get("body", b""))
            if seen > limit:
                return {"type": "http.disconnect"}
        return message

    return bounded
