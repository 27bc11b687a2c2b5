"""Counters and logs of events for the owner: our own names and numbers, never what visitors type."""

import json
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps

import gradio as gr
from prometheus_client import Counter, Histogram

from mlm_demo.errors import MlmDemoError

EVENTS = Histogram(
    "mlm_demo_event_seconds",
    "Seconds per page event or HTTP endpoint call, by name and outcome.",
    ["event", "outcome"],
    buckets=(0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100),
)
REFUSALS = Counter("mlm_demo_refusals", "Refusals by kind of error.", ["error"])
RESPONSES = Counter("mlm_demo_responses", "HTTP responses by status.", ["status"])

LOG = logging.getLogger("mlm_demo")


def measure_events(demo: gr.Blocks) -> None:
    """Time, count and log every event of a page under the name of its function."""
    for event in demo.fns.values():
        if event.fn is not None:
            event.fn = _measured(event.fn)


def _measured(function: Callable) -> Callable:
    name = getattr(function, "__name__", "event").strip("<>")

    @wraps(function)
    def measured(*arguments, **named):
        with _measure(name):
            return function(*arguments, **named)

    return measured


@contextmanager
def _measure(name: str) -> Iterator[None]:
    start, outcome = time.perf_counter(), "ok"
    try:
        yield
    except gr.Error:  # an error message for a program
        outcome = "refused"
        raise
    except BaseException as error:
        outcome = type(error).__name__
        raise
    finally:
        seconds = time.perf_counter() - start
        EVENTS.labels(name, outcome).observe(seconds)
        LOG.info("event", extra={"fields": {"event": name, "outcome": outcome, "seconds": round(seconds, 4)}})


def count_refusal(error: MlmDemoError) -> None:
    """Count an error message shown to a visitor by its kind; its text may quote the visitor and is not kept."""
    REFUSALS.labels(type(error).__name__).inc()


class JsonLines(logging.Formatter):
    """Log records as one JSON object per line: time, level, and the record's fields or else its message."""

    def format(self, record: logging.LogRecord) -> str:
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created))
        fields = getattr(record, "fields", None) or {"message": record.getMessage()}
        return json.dumps({"at": at, "level": record.levelname.lower(), **fields}, ensure_ascii=False)


def log_to_stderr() -> None:
    """Write the log to standard error; a public page calls this once."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    LOG.handlers, LOG.propagate = [handler], False
    LOG.setLevel(logging.INFO)
