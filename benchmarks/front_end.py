"""The page's front end over HTTP, for the simulated people of people.py.

It sends an event with or without Gradio's queue, puts the answer on the page, and runs the events that follow from it.
Refusals by a limit are not errors; they are counted separately.
"""

import http.client
import json
import re
import secrets
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from locust import FastHttpUser
from locust.exception import RescheduleTask

API = "/gradio_api"
# The messages of limits that have no HTTP status of their own.
LIMIT = re.compile(
    "which is the limit|Queue is full|more often than this page|the disk limit for runs|have reached the limit"
)
REFUSED = "refused"  # a name for refused requests
AFTER = ", following events"
LONGEST_CHAIN = 3  # of events that follow from each other

ERRORS: Counter[str] = Counter()
LIMITS: Counter[str] = Counter()


class Refusal(Exception):
    """An error message in place of an answer."""


class FrontEnd(FastHttpUser):
    """One open page; `address` is the client address that its requests claim."""

    abstract = True
    address = "127.0.0.1"

    def __init__(self, environment):
        # A browser retries when the server has closed an idle connection; this client does not.
        self.default_headers = {"X-Forwarded-For": self.address, "Connection": "close"}
        super().__init__(environment)
        self.heartbeat: http.client.HTTPConnection | None = None

    def open(self) -> None:
        """Load or reload the page: start a session, open its heartbeat connection, run the load events."""
        self.leave()
        self.ask("open the page", "/", read=str)
        config = self.ask("its config", "/config", read=json.loads)
        self.session = secrets.token_hex(6)
        self.ids = {c["props"].get("elem_id"): c["id"] for c in config["components"]}
        self.values = {c["id"]: c["props"].get("value") for c in config["components"]}
        self.events = [event for event in config["dependencies"] if event["backend_fn"]]
        self.in_browser = [event for event in config["dependencies"] if not event["backend_fn"]]
        self.heartbeat = http.client.HTTPConnection(self.host.removeprefix("http://"), timeout=60)
        self.heartbeat.request(
            "GET", f"{API}/heartbeat/{self.session}", headers={"X-Forwarded-For": self.address}
        )
        loads = [event for event in self.events if any(on == "load" for _, on in event["targets"])]
        self.run_events(loads, "load events")

    def leave(self) -> None:
        """Close the page."""
        if self.heartbeat:
            self.heartbeat.close()
            self.heartbeat = None

    def put(self, element: str, value: Any) -> None:
        """Fill in a field of the page."""
        self.values[self.ids[element]] = value

    def expect(self, element: str, part: str, name: str) -> None:
        """Count an error if an element does not contain a text."""
        shown = str(self.values[self.ids[element]])
        if part not in shown:
            ERRORS[f"{name}: shows {shown[:160]!r}"] += 1

    def happen(self, element: str | int, on: str, name: str) -> None:
        """Trigger an event of an element, and the events that follow from it."""
        target = [self.ids.get(element, element), on]
        self.run_events([event for event in self.events if target in event["targets"]], name)

    def run_events(self, events: Sequence[dict], name: str, depth: int = 0) -> None:
        """Run events, then the events chained to them, then the change events of the fields that they changed."""
        before, queued = dict(self.values), {}
        bodies = [
            {
                "data": [self.values.get(id) for id in event["inputs"]],
                "fn_index": event["id"],
                "session_hash": self.session,
            }
            for event in events
        ]
        for event, body in zip(events, bodies, strict=True):
            if event["queue"]:
                joined = self.ask("join the queue", f"{API}/queue/join", body, read=json.loads)
                queued[joined["event_id"]] = event
            else:
                self.keep(event, self.ask(name, f"{API}/run/predict", body, read=json.loads)["data"])
        if queued:
            stream = f"{API}/queue/data?session_hash={self.session}"
            for id, data in self.ask(name, stream, read=completed):
                self.keep(queued[id], data)
        if depth == LONGEST_CHAIN:
            return
        # None and an empty text are the same to the page.
        changed = [[id, "change"] for id, value in self.values.items() if (value or "") != (before[id] or "")]
        done = {event["id"] for event in events}
        following = [
            event
            for event in self.events
            if event["trigger_after"] in done or any(target in event["targets"] for target in changed)
        ]
        if following:
            self.run_events(following, f"{name.removesuffix(AFTER)}{AFTER}", depth + 1)

    def keep(self, event: dict, data: list) -> None:
        """Put an event's answer on the page."""
        for id, value in zip(event["outputs"], data, strict=True):
            if not (isinstance(value, dict) and value.get("__type__") == "update"):
                self.values[id] = value
            elif "value" in value:
                self.values[id] = value["value"]

    def endpoint(self, name: str, **arguments) -> Any:
        """Return the answer of an HTTP endpoint."""
        joined = self.ask(f"/{name}, call", f"{API}/call/v2/{name}", arguments, read=json.loads)
        return self.ask(f"/{name}", f"{API}/call/{name}/{joined['event_id']}", read=called)

    def upload(self, name: str, content: bytes) -> dict:
        """Upload a file; return it in the form that events and endpoints take."""
        boundary = secrets.token_hex(8)
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n\r\n'
        body = head.encode() + content + f"\r\n--{boundary}--\r\n".encode()
        headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        (path,) = self.ask("upload", f"{API}/upload", body, read=json.loads, headers=headers)
        return {"path": path, "orig_name": name, "meta": {"_type": "gradio.FileData"}}

    def ask(
        self,
        name: str,
        path: str,
        body: Any = None,
        *,
        read: Callable[[str], Any],
        headers: dict | None = None,
    ) -> Any:
        """Send a request and parse its answer; an error message is counted and ends the current task."""
        options = {"data": body} if isinstance(body, bytes) else {"json": body}
        options |= {"name": name, "headers": headers, "catch_response": True}
        with self.client.request("GET" if body is None else "POST", path, **options) as answer:
            text, status = answer.text or "", answer.status_code
            try:
                if status != 200:
                    raise Refusal(detail(text) or f"HTTP {status} {getattr(answer, 'error', '')!r}")
                return read(text)
            except (Refusal, ValueError) as error:
                if status == 429 or LIMIT.search(str(error)):
                    LIMITS[str(error)] += 1
                else:
                    ERRORS[f"{name}: {str(error)[:300]}"] += 1
                answer.request_meta["name"] = REFUSED
                answer.success()
                raise RescheduleTask() from None


def detail(text: str) -> str:
    """Return the message in the JSON of an error, or the beginning of a text that has none."""
    try:
        content = json.loads(text)
    except ValueError:
        content = text
    is_message = isinstance(content, dict)
    return str(content.get("detail") or content.get("error")) if is_message else str(content)[:300]


def completed(text: str) -> list[tuple[str, list]]:
    """Return the events of a queue's stream with their outputs; raise Refusal if one failed."""
    messages = [
        json.loads(line.removeprefix("data:")) for line in text.splitlines() if line.startswith("data:")
    ]
    ends = [message for message in messages if message["msg"] == "process_completed"]
    if failed := [end["output"].get("error") for end in ends if not end["success"]]:
        raise Refusal(str(failed[0]))
    if not ends:
        raise Refusal(f"the stream ended with {text[-200:]!r}")
    return [(end["event_id"], end["output"]["data"]) for end in ends]


def called(text: str) -> Any:
    """Return the result of an endpoint from the stream of its call; raise Refusal if it failed."""
    ends = re.findall(r"^event: (complete|error)\ndata: (.*)$", text, re.M)
    if not ends:
        raise Refusal(f"the stream ended with {text[-200:]!r}")
    kind, data = ends[-1]
    if kind == "error":
        raise Refusal(detail(data))
    return json.loads(data)[0]
