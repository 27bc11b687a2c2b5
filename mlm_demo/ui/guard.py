"""The one place where an error becomes a message: on the page, and over HTTP."""

from collections.abc import Callable
from functools import wraps
from html import escape

import gradio as gr

from mlm_demo.errors import MlmDemoError
from mlm_demo.ui.metrics import refused

SECONDS_SHOWN = 12


def refusal(error: MlmDemoError, before: str) -> str:
    """The results area when a question cannot be answered: why, over the answer before, which is marked as old.

    A message appears as well, for whoever has the results out of sight. Both are drawn as HTML, so it is escaped.
    """
    refused(error)
    text = escape(str(error))
    gr.Warning(text, duration=SECONDS_SHOWN)
    old = f'<p class="old">The answer before:</p><div class="stale">{before}</div>' if before else ""
    return f'<p class="refusal" role="alert" dir="auto">{text}</p>{old}'


def notices(told: list[str]) -> str:
    """What is worth knowing, once each, as a list; empty where there is nothing."""
    items = "".join(f'<li dir="auto">{escape(notice)}</li>' for notice in dict.fromkeys(told))
    return f'<ul class="notices" role="status">{items}</ul>' if items else ""


def notices_of(answers: list[dict]) -> list[str]:
    """The notices of answers by several models; one that not all share says whose it is."""
    shared = set.intersection(*(set(answer["notices"]) for answer in answers)) if answers else set()
    return [
        notice if notice in shared else f"{answer['model']['name']}: {notice}"
        for answer in answers
        for notice in answer["notices"]
    ]


def over_http(endpoint: Callable) -> Callable:
    """Let an endpoint's MlmDemoError reach the client as it is: a program reads it, not a browser."""

    @wraps(endpoint)
    def guarded(*arguments, **named):
        try:
            return endpoint(*arguments, **named)
        except MlmDemoError as error:
            refused(error)
            raise gr.Error(str(error), print_exception=False) from None

    return guarded
