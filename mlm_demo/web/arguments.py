"""What programs send to an HTTP endpoint: check it against the annotations, and answer each mistake with a sentence."""

import inspect
from collections.abc import Callable
from functools import wraps
from numbers import Real
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

import gradio as gr

from mlm_demo.errors import MlmDemoError, ParameterError, shown
from mlm_demo.web.server.metrics import count_refusal

# The JSON value that a program has to send for each annotation, and what a list of them is called.
KINDS = {
    str: (str, "a string", "strings"),
    float: (Real, "a number", "numbers"),
    int: (Real, "a whole number", "whole numbers"),
    bool: (Real, "true or false", "true or false"),
    Any: (object, "a file", "files"),  # what `handle_file` makes of one
}
FAILED = "The page failed to answer ({}). The reason is in its log; tell the page's owner."


def with_error_messages(endpoint: Callable) -> Callable:
    """Send an endpoint's errors to the client as plain text, for programs; null and absent mean the default.

    Values are checked against the annotations, because a program may send any JSON.
    """
    parameters, hints = inspect.signature(endpoint), get_type_hints(endpoint)

    @wraps(endpoint)
    def guarded(*arguments, **named):
        try:
            given = {
                name: value
                for name, value in parameters.bind_partial(*arguments, **named).arguments.items()
                if value is not None
            }
            for name, parameter in parameters.parameters.items():
                if name not in given and parameter.default is inspect.Parameter.empty:
                    raise ParameterError(f"{name} is missing; it must be {_description(hints[name])}.")
            for name, value in given.items():
                if not _fits(value, hints[name]):
                    raise ParameterError(f"{name} is {shown(value)}; it must be {_description(hints[name])}.")
            return endpoint(**given)
        except MlmDemoError as error:
            count_refusal(error)
            raise gr.Error(str(error), print_exception=False) from None
        except Exception as error:  # Gradio would answer with a null
            raise gr.Error(FAILED.format(type(error).__name__)) from error

    return guarded


def _fits(value: object, hint: Any) -> bool:
    """Return whether a JSON value is of the kind that an annotation asks for."""
    if isinstance(hint, UnionType):
        return any(_fits(value, one) for one in get_args(hint) if one is not NoneType)
    if get_origin(hint) is list:
        return isinstance(value, list) and all(_fits(item, *get_args(hint)) for item in value)
    if hint is int and not (isinstance(value, Real) and value == value // 1):
        return False
    if hint in (float, int) and isinstance(value, bool):
        return False
    return hint not in KINDS or isinstance(value, KINDS[hint][0])


def _description(hint: Any) -> str:
    """Return what a value of an annotation is called."""
    if isinstance(hint, UnionType):
        return " or ".join(_description(one) for one in get_args(hint) if one is not NoneType)
    if get_origin(hint) is list:
        return f"a list of {KINDS[get_args(hint)[0]][2]}"
    return KINDS[hint][1]
