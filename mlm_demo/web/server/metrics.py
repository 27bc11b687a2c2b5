"""What is counted of what goes on, for the owner: numbers and names of ours, never a word of what people type."""

import json
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps

import gradio as gr
from prometheus_client import REGISTRY, Counter, Histogram

from mlm_demo.errors import MlmDemoError

EVENTS = Histogram(
    "mlm_demo_event_seconds",
    "Time that an event of the page or an HTTP endpoint took, by its name and how it ended.",
    ["event", "outcome"],
    buckets=(0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100),
)
REFUSALS = Counter(
    "mlm_demo_refusals", "Sentences by which something was refused, by the kind of error.", ["error"]
)
RESPONSES = Counter("mlm_demo_responses", "HTTP responses by their status.", ["status"])

LOG = logging.getLogger("mlm_demo")


def watch(demo: gr.Blocks) -> None:
    """Count and log each event of a page, under the name of its function."""
    for event in demo.fns.values():
        if event.fn is not None:
            event.fn = _watched(event.fn)


def value_of(name: str, **labels: str) -> float:
    """A number counted so far; 0 for what never happened."""
    return REGISTRY.get_sample_value(name, labels) or 0.0


def _watched(function: Callable) -> Callable:
    name = getattr(function, "__name__", "event").strip("<>")

    @wraps(function)
    def watched(*arguments, **named):
        with _counted(name):
            return function(*arguments, **named)

    return watched


@contextmanager
def _counted(name: str) -> Iterator[None]:
    start, outcome = time.perf_counter(), "ok"
    try:
        yield
    except gr.Error:  # a sentence to a program
        outcome = "refused"
        raise
    except BaseException as error:
        outcome = type(error).__name__
        raise
    finally:
        seconds = time.perf_counter() - start
        EVENTS.labels(name, outcome).observe(seconds)
        LOG.info("event", extra={"told": {"event": name, "outcome": outcome, "seconds": round(seconds, 4)}})


def refused(error: MlmDemoError) -> None:
    """Count a sentence that somebody was told; the sentence may quote them and is not kept."""
    REFUSALS.labels(type(error).__name__).inc()


class JsonLines(logging.Formatter):
    """One JSON object a line: when, and what was told in numbers and names; a message only of the program's own."""

    def format(self, record: logging.LogRecord) -> str:
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created))
        told = getattr(record, "told", None) or {"message": record.getMessage()}
        return json.dumps({"at": at, "level": record.levelname.lower(), **told}, ensure_ascii=False)


def log_to_stderr() -> None:
    """Write the log to standard error; called once, by whoever serves the page to the public."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    LOG.handlers, LOG.propagate = [handler], False
    LOG.setLevel(logging.INFO)
