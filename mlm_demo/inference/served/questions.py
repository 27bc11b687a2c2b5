"""The questions that a page asks of an engine elsewhere, and how they and their answers travel: as JSON."""

import inspect
import json
from collections.abc import Callable
from typing import Any

from mlm_demo import errors
from mlm_demo.errors import MlmDemoError, ModelError
from mlm_demo.inference.engine import Engine

# Those that a visitor waits for, whose arguments and answers are JSON already.
QUESTIONS: dict[str, Callable[..., Any]] = {
    method.__name__: method
    for method in (
        Engine.compare,
        Engine.contrast,
        Engine.expected_words,
        Engine.why,
        Engine.score,
        Engine.guess_word,
        Engine.ask_facts,
    )
}
REFUSED = 422  # the HTTP status of an error that a user can fix
HERE_ONLY = "on_progress"  # an argument that does not travel


def pack(name: str, arguments: tuple, options: dict) -> bytes:
    """Return the arguments of a question as the body of a request; raises TypeError if they do not fit it."""
    bound = inspect.signature(QUESTIONS[name]).bind(None, *arguments, **options).arguments
    return json.dumps({key: value for key, value in bound.items() if key not in ("self", HERE_ONLY)}).encode()


def answer(engine: Engine, name: str, options: dict) -> tuple[int, Any]:
    """Ask an engine; return the HTTP status and the answer, or the error that a user can fix."""
    try:
        return 200, QUESTIONS[name](engine, **options)
    except MlmDemoError as error:
        return REFUSED, {"error": type(error).__name__, "text": str(error)}


def raise_error(found: dict) -> None:
    """Raise the error that an answer with the status REFUSED holds."""
    kind = getattr(errors, found.get("error", ""), ModelError)
    raise kind(found.get("text", ""))
