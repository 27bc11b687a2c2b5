"""The one place where an error becomes a message: on the page, and over HTTP."""

import inspect
from collections.abc import Callable
from functools import wraps
from html import escape
from numbers import Real
from typing import get_origin, get_type_hints

import gradio as gr

from mlm_demo.errors import MlmDemoError, ParameterError, shown
from mlm_demo.web.server.metrics import refused

SECONDS_SHOWN = 12
# What a program has to give for an annotation, in JSON's terms.
KINDS = {
    str: (str, "a text"),
    float: (Real, "a number"),
    int: (Real, "a number"),
    bool: (Real, "true or false"),
}
LIST = (list, "a list")


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
    """Let an endpoint's MlmDemoError reach the client as it is: a program reads it, not a browser.

    A value that is not of the kind of its annotation is one too: a program may send whatever JSON there is.
    """
    parameters, hints = inspect.signature(endpoint), get_type_hints(endpoint)

    @wraps(endpoint)
    def guarded(*arguments, **named):
        try:
            for name, value in parameters.bind(*arguments, **named).arguments.items():
                _check_kind(name, value, hints.get(name, object))
            return endpoint(*arguments, **named)
        except MlmDemoError as error:
            refused(error)
            raise gr.Error(str(error), print_exception=False) from None

    return guarded


def _check_kind(name: str, value: object, hint: object) -> None:
    kind, called = KINDS.get(hint) or (LIST if get_origin(hint) is list else (object, ""))
    if not isinstance(value, kind):
        raise ParameterError(f"{name} is {shown(value)}; it must be {called}.")
