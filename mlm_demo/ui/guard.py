"""The one place where an error becomes a message: on the page, and over HTTP."""

import html
from collections.abc import Callable
from functools import wraps

import gradio as gr

from mlm_demo.errors import MlmDemoError

SECONDS_SHOWN = 15


def on_page(handler: Callable) -> Callable:
    """Let a handler's MlmDemoError appear as a message; its text is escaped, since messages are drawn as HTML."""

    @wraps(handler)
    def guarded(*arguments, **named):
        try:
            return handler(*arguments, **named)
        except MlmDemoError as error:
            text = html.escape(str(error))
            raise gr.Error(text, duration=SECONDS_SHOWN, title="Not done", print_exception=False) from None

    return guarded


def over_http(endpoint: Callable) -> Callable:
    """Let an endpoint's MlmDemoError reach the client as it is: a program reads it, not a browser."""

    @wraps(endpoint)
    def guarded(*arguments, **named):
        try:
            return endpoint(*arguments, **named)
        except MlmDemoError as error:
            raise gr.Error(str(error), print_exception=False) from None

    return guarded
