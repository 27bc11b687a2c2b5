"""Heartbeats that end at once, so that any number of tabs can show the page.

A page of Gradio's (6.31) that has a State keeps a connection, its heartbeat, for as long as it is open: when that ends,
the server knows that the page was closed and forgets its values an hour later. But over HTTP/1.1 a browser opens at
most six connections to one address, for all its tabs together, so the sixth tab would wait for its first byte until
another one is closed. Here a heartbeat is a short answer, and a page says itself when it is closed.
"""

import re

from mlm_demo.web.server.middleware import Receive, Send, path_of
from mlm_demo.web.server.streams import PAGE

ROUTE = re.compile(rf"(?:/gradio_api)?/heartbeat/({PAGE.pattern})")
BEAT = b"data: ALIVE\n\n"
HEADERS = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-store")]

# Say that the page is closed; a browser may keep it and show it again when the person goes back.
SAY_GOODBYE = """() => {
  const {root, api_prefix} = window.gradio_config;
  const heartbeat = `${root}${api_prefix}/heartbeat/${window.__gradio_session_hash__}`;
  addEventListener('pagehide', () => navigator.sendBeacon(heartbeat));
  addEventListener('pageshow', (event) => { if (event.persisted) fetch(heartbeat); });
}"""


class ShortHeartbeats:
    """An ASGI application that answers the heartbeats of pages, and passes on what else another one is asked.

    GET says that a page is open, POST that it is closed. Other clients keep their connection, as Gradio has it.
    """

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope: dict, receive: Receive, send: Send) -> None:
        """Answer a page's heartbeat, or pass the request on."""
        page = _page_of(scope)
        if page is None:
            await self.app(scope, receive, send)
            return
        sessions = scope["app"].state_holder.session_data
        if page in sessions:
            sessions[page].is_closed = scope["method"] == "POST"
        await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
        await send({"type": "http.response.body", "body": BEAT})


def _page_of(scope: dict) -> str | None:
    """Return the id of the page whose heartbeat a request is, None for other requests."""
    if scope["type"] != "http" or scope["method"] not in ("GET", "POST"):
        return None
    route = ROUTE.fullmatch(path_of(scope))
    return route and route[1]
