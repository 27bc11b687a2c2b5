"""Errors and notices as HTML messages on the page."""

from collections.abc import Callable
from html import escape

import gradio as gr
from gradio.context import LocalContext

from mlm_demo.errors import MlmDemoError
from mlm_demo.web.server.metrics import count_refusal

SECONDS_SHOWN = 5


def refusal(error: MlmDemoError, before: str) -> str:
    """Return the error, and below it the previous results (HTML, may be empty) marked as old.

    The error also pops up, for a visitor who has scrolled the results out of sight, if the event came through the
    queue. In any other event Gradio 6.31 cannot show it, and would print it, with what the visitor wrote, as a warning
    of Python into the log.
    """
    count_refusal(error)
    text = escape(str(error))
    if LocalContext.event_id.get(None):
        gr.Warning(text, duration=SECONDS_SHOWN)
    old = f'<p class="old">Previous answer:</p><div class="stale">{before}</div>' if before else ""
    return f'<p class="refusal" role="alert" dir="auto">{text}</p>{old}'


def reporter(progress: gr.Progress) -> Callable[[float, str], None]:
    """Return a function that shows the stage of an event, with the share that is done where it tells something.

    A stage of unknown length reports 0 or 1: `Loading - 100.0%` would look done while it goes on.
    """

    def report(share: float, stage: str) -> None:
        progress(share if 0 < share < 0.9995 else None, desc=stage)

    return report


def kept_files(names: list[str], which: str = "Your earlier files") -> str:
    """Return that files are kept after an error, as HTML; empty without any."""
    return f"<p>{which} are kept: {escape(', '.join(names))}.</p>" if names else ""


def notices(messages: list[str]) -> str:
    """Return messages as an HTML list without repetition; empty if there are none."""
    items = "".join(f'<li dir="auto">{escape(message)}</li>' for message in dict.fromkeys(messages))
    return f'<div role="status"><ul class="notices">{items}</ul></div>' if items else ""


def notices_of(answers: list[dict]) -> list[str]:
    """Return the notices of answers by several models; a notice that not all share names its model."""
    shared = set.intersection(*(set(answer["notices"]) for answer in answers)) if answers else set()
    return [
        notice if notice in shared else f"{named(answer['model'])}: {notice}"
        for answer in answers
        for notice in answer["notices"]
    ]


def named(model: dict) -> str:
    """Return what a person calls a model: the name of the run that made it, or else the name it is found by."""
    return model["title"] if model.get("kind") == "adapted" else model["name"]
