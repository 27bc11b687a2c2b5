"""What every HTTP request passes, before Gradio sees it: limits on its size and number, and headers for browsers."""

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
HTTP_A_QUESTION = 10  # a page asks its server some times for each question: status, uploads, its own events
MOST_JSON_BYTES = 4_000_000  # a page's largest call holds its own answers, some hundred thousand
UPLOADS_A_MINUTE = 5  # of the largest size, from one address
LEAST_FREE_BYTES = 1_000_000_000
UPLOAD_BYTES_MORE = 1_000_000  # what a form adds to its files
FILE_ROUTE = re.compile(r"^(?:/gradio_api)?/file[=/](.*)$", re.DOTALL)
SPACES = "https://huggingface.co https://*.hf.space"
FRAME_SCRIPT = (
    "https://cdnjs.cloudflare.com"  # Gradio's page fits its frame on a Space by a script from there
)


class RequestLimits:
    """An ASGI application around another one."""

    def __init__(self, app, settings: Settings, on_space: bool, upload_folder: Path):
        self.app, self.settings = app, settings
        self.flood = TokenBuckets(HTTP_A_QUESTION * settings.requests_a_minute_address)
        self.uploads = TokenBuckets(UPLOADS_A_MINUTE * settings.max_upload_megabytes)
        self.upload_folder = upload_folder.resolve()
        self.headers = [(name.encode(), value.encode()) for name, value in _headers(on_space).items()]

    async def __call__(self, scope: dict, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it with a sentence."""
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

        scope = _with_one_list_of_hops(scope)
        if refusal := self._refusal(scope):
            await _answer(with_headers, *refusal)
        else:
            await self.app(scope, receive, with_headers)

    def _refusal(self, scope: dict) -> tuple[int, str, int] | None:
        """Status, sentence and seconds to wait of a request that is not passed on."""
        path, headers = _path(scope), {name.lower(): value for name, value in scope["headers"]}
        if scope["method"] in ("GET", "HEAD") and path.startswith(STATIC):
            return None
        forwarded = headers.get(b"x-forwarded-for", b"").decode("latin-1")
        host = (scope.get("client") or ("unknown",))[0]
        address = address_of(forwarded, host, self.settings.proxies)
        if seconds := self.flood.take(address):
            return _wait("Your address sends more requests than this page answers", seconds)
        if self._is_upload(path):
            return 404, "Uploaded files are read by this page and not served by it.", 0
        if scope["method"] in ("GET", "HEAD", "OPTIONS"):
            return None
        length = headers.get(b"content-length", b"").decode("latin-1")
        if not length.isdecimal():
            return 411, "The request does not tell its length (Content-Length); send it with one.", 0
        megabytes = self.settings.max_upload_megabytes
        upload = path.rstrip("/").endswith("/upload")
        most = megabytes * 1_000_000 + UPLOAD_BYTES_MORE if upload else MOST_JSON_BYTES
        if int(length) > most:
            what = f"{megabytes:,} MB of files" if upload else f"{most:,} bytes"
            return 413, f"The request has {int(length):,} bytes; {what} are the most that are taken.", 0
        if upload and (seconds := self.uploads.take(address, int(length) / 1e6)):
            return _wait("Your address has sent many files in the last minute", seconds)
        if upload and self.upload_folder.exists() and not os.access(self.upload_folder, os.W_OK):
            return 507, "The folder of uploads cannot be written any more, so no file can be taken now.", 0
        if upload and free_bytes(self.upload_folder) < LEAST_FREE_BYTES:
            return 507, "The disk of this page is full, so no file can be taken now; try again later.", 0
        return None

    def _is_upload(self, path: str) -> bool:
        """Whether a path asks Gradio's file routes for a file of the folder of uploads, by whatever way there."""
        route = FILE_ROUTE.match(path)
        return route is not None and Path(route[1]).resolve().is_relative_to(self.upload_folder)


def _with_one_list_of_hops(scope: dict) -> dict:
    """A request whose headers X-Forwarded-For are one: an asker who writes one has it before, not beside, a proxy's."""
    hops = [value for name, value in scope["headers"] if name.lower() == b"x-forwarded-for"]
    if len(hops) < 2:
        return scope
    others = [pair for pair in scope["headers"] if pair[0].lower() != b"x-forwarded-for"]
    return {**scope, "headers": [*others, (b"x-forwarded-for", b", ".join(hops))]}


def _wait(why: str, seconds: float) -> tuple[int, str, int]:
    wait = max(1, round(seconds))
    return 429, f"{why}; wait {wait} seconds.", wait


def _path(scope: dict) -> str:
    """The path below the address that a proxy may have put before it."""
    return scope["path"].removeprefix(scope.get("root_path", "").rstrip("/"))


async def _answer(send: Send, status: int, sentence: str, wait: int) -> None:
    body = json.dumps({"detail": sentence, "error": sentence}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    headers += [(b"retry-after", str(wait).encode())] if wait else []
    headers += [(b"connection", b"close")]  # a body that was refused is not read
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _headers(on_space: bool) -> dict[str, str]:
    """Gradio's page needs scripts and styles within it; nothing needs another host, and a Space's page is framed."""
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
        "referrer-policy": "same-origin",  # a link of ours holds the sentence
        "permissions-policy": "camera=(), microphone=(), geolocation=()",
    }
