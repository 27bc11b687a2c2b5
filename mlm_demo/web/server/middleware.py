"""ASGI middleware in front of Gradio: limits on the size and rate of requests, and security headers."""

import json
import os
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

from mlm_demo.settings import Settings
from mlm_demo.system.files import free_bytes
from mlm_demo.web.server.metrics import RESPONSES
from mlm_demo.web.server.rate_limits import TokenBuckets, address_of

Message = dict
Receive, Send = Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]

STATIC = ("/assets/", "/static/", "/svelte/", "/favicon.ico", "/theme.css", "/gradio_api/theme.css")
HTTP_PER_QUESTION = 10  # a page sends several requests per question: status, uploads, its own events
MAX_JSON_BYTES = 4_000_000  # a page's largest call carries its own answers, a few hundred thousand bytes
UPLOADS_PER_MINUTE = 5  # of the largest size, from one address
MIN_FREE_BYTES = 1_000_000_000
FORM_BYTES = 1_000_000  # what a form adds to its files
FILE_ROUTE = re.compile(r"^(?:/gradio_api)?/file[=/](.*)$", re.DOTALL)
SPACES = "https://huggingface.co https://*.hf.space"
FRAME_SCRIPT = "https://cdnjs.cloudflare.com"  # Gradio resizes its frame on a Space with a script from there


class RequestLimits:
    """An ASGI application that wraps another one."""

    def __init__(self, app, settings: Settings, on_space: bool, upload_folder: Path):
        self.app, self.settings = app, settings
        self.requests = TokenBuckets(HTTP_PER_QUESTION * settings.requests_a_minute_address)
        self.uploads = TokenBuckets(UPLOADS_PER_MINUTE * settings.max_upload_megabytes)
        self.upload_folder = upload_folder.resolve()
        self.headers = [(name.encode(), value.encode()) for name, value in _headers(on_space).items()]

    async def __call__(self, scope: dict, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it with a message."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                RESPONSES.labels(str(message["status"])).inc()
                own = {name for name, _ in self.headers}
                kept = [pair for pair in message.get("headers", ()) if pair[0].lower() not in own]
                message = {**message, "headers": [*kept, *self.headers]}
            await send(message)

        scope = _join_forwarded_headers(scope)
        if refusal := self._refusal(scope):
            await _answer(with_headers, *refusal)
        else:
            await self.app(scope, receive, with_headers)

    def _refusal(self, scope: dict) -> tuple[int, str, int] | None:
        """Return status, message and seconds to wait if a request must not be passed on."""
        path, headers = path_of(scope), {name.lower(): value for name, value in scope["headers"]}
        if scope["method"] in ("GET", "HEAD") and path.startswith(STATIC):
            return None
        forwarded = headers.get(b"x-forwarded-for", b"").decode("latin-1")
        host = (scope.get("client") or ("unknown",))[0]
        address = address_of(forwarded, host, self.settings.proxies)
        if seconds := self.requests.take(address):
            return _wait("Your address sends more requests than this page answers", seconds)
        if self._is_upload(path):
            return 404, "This page reads uploaded files and does not serve them.", 0
        if scope["method"] in ("GET", "HEAD", "OPTIONS"):
            return None
        length = headers.get(b"content-length", b"").decode("latin-1")
        if not length.isdecimal():
            return 411, "The request has no Content-Length header; send it with one.", 0
        megabytes = self.settings.max_upload_megabytes
        upload = path.rstrip("/").endswith("/upload")
        limit = megabytes * 1_000_000 + FORM_BYTES if upload else MAX_JSON_BYTES
        if int(length) > limit:
            shown = f"{megabytes:,} MB of files" if upload else f"{limit:,} bytes"
            return 413, f"The request has {int(length):,} bytes; this page takes at most {shown}.", 0
        if upload and (seconds := self.uploads.take(address, int(length) / 1e6)):
            return _wait("Your address has sent many files in the last minute", seconds)
        if upload and self.upload_folder.exists() and not os.access(self.upload_folder, os.W_OK):
            return 507, "The upload folder is not writable, so this page cannot take files now.", 0
        if upload and free_bytes(self.upload_folder) < MIN_FREE_BYTES:
            return 507, "The disk is full, so this page cannot take files now; try again later.", 0
        return None

    def _is_upload(self, path: str) -> bool:
        """Return whether a path asks Gradio's file routes for a file in the upload folder, however it is spelled."""
        route = FILE_ROUTE.match(path)
        return route is not None and Path(route[1]).resolve().is_relative_to(self.upload_folder)


def _join_forwarded_headers(scope: dict) -> dict:
    """Join all X-Forwarded-For headers into one list, so that one written by the client comes before our proxy's."""
    hops = [value for name, value in scope["headers"] if name.lower() == b"x-forwarded-for"]
    if len(hops) < 2:
        return scope
    others = [pair for pair in scope["headers"] if pair[0].lower() != b"x-forwarded-for"]
    return {**scope, "headers": [*others, (b"x-forwarded-for", b", ".join(hops))]}


def _wait(why: str, seconds: float) -> tuple[int, str, int]:
    wait = max(1, round(seconds))
    return 429, f"{why}; wait {wait} seconds.", wait


def path_of(scope: dict) -> str:
    """Return the path without the prefix that a proxy may have put before it."""
    return scope["path"].removeprefix(scope.get("root_path", "").rstrip("/"))


async def _answer(send: Send, status: int, sentence: str, wait: int) -> None:
    body = json.dumps({"detail": sentence, "error": sentence}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    headers += [(b"retry-after", str(wait).encode())] if wait else []
    headers += [(b"connection", b"close")]  # the body of a refused request is not read
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _headers(on_space: bool) -> dict[str, str]:
    """Return the security headers. Gradio needs inline scripts and styles; only a Space needs other hosts."""
    script = f" {FRAME_SCRIPT}" if on_space else ""
    policy = {
        "default-src": "'self'",
        "script-src": f"'self' 'unsafe-inline' 'unsafe-eval' blob:{script}",
        "style-src": "'self' 'unsafe-inline'",
        "img-src": "'self' data: blob:",
        "font-src": "'self' data:",
        "worker-src": "'self' blob:",
        "object-src": "'none'",
        "base-uri": "'self'",
        "form-action": "'self'" + (" https://huggingface.co" if on_space else ""),
        "frame-ancestors": "'self'" + (f" {SPACES}" if on_space else ""),
    }
    return {
        "content-security-policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "x-content-type-options": "nosniff",
        "referrer-policy": "same-origin",  # our links contain the sentence
        "permissions-policy": "camera=(), microphone=(), geolocation=()",
    }
