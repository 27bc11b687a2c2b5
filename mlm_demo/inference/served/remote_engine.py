"""An engine that asks another one over HTTP (`MLM_DEMO_ENGINE`) what visitors ask most.

Extraction, search, minimal pairs, and files of sentences in the background stay with this process, which loads a model
then.
"""

import http.client
import json
import threading
import time
from collections.abc import Callable, Sequence
from functools import wraps
from math import inf
from typing import Any
from urllib.parse import urlsplit

from mlm_demo.errors import MlmDemoError, ModelError, PromptError, SettingError, shown
from mlm_demo.inference.engine import Engine
from mlm_demo.inference.progress import Progress, silent
from mlm_demo.inference.served.questions import REFUSED, pack, raise_error
from mlm_demo.models.catalogue import Catalogue
from mlm_demo.settings import Settings

SECONDS_TO_ANSWER = 600  # a model may have to be downloaded first
CONNECTIONS = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}


def _elsewhere(question: Callable[..., Any]) -> Callable[..., Any]:
    """Return a method that asks a question of `questions.QUESTIONS` elsewhere, with the arguments that it has here."""

    @wraps(question)
    def ask(self: "RemoteEngine", *arguments: Any, **options: Any) -> Any:
        return self._ask(question.__name__, arguments, options)

    return ask


class RemoteEngine(Engine):
    """An engine whose models are in other processes. Safe to share between threads."""

    def __init__(self, settings: Settings, catalogue: Catalogue | None = None):
        super().__init__(settings, catalogue)
        try:
            address = urlsplit(settings.engine)
            valid = address.scheme in CONNECTIONS and address.hostname and address.port != 0
        except ValueError:  # brackets that do not close, or a port that is no number or too high
            valid = False
        if not valid:
            raise SettingError(
                f"MLM_DEMO_ENGINE is {shown(settings.engine)}; set it to an address such as http://MODELS:8000."
            )
        self._address, self._own = address, threading.local()

    compare = _elsewhere(Engine.compare)
    contrast = _elsewhere(Engine.contrast)
    expected_words = _elsewhere(Engine.expected_words)
    why = _elsewhere(Engine.why)
    score = _elsewhere(Engine.score)
    guess_word = _elsewhere(Engine.guess_word)
    ask_facts = _elsewhere(Engine.ask_facts)

    def score_each(
        self,
        texts: Sequence[str],
        model: str = "",
        *,
        method: str = "within_word",
        max_seconds: float = inf,
        on_progress: Progress = silent,
    ) -> list[dict | MlmDemoError]:
        """Ask elsewhere, sentence by sentence; see `Scoring.score_each`. After max_seconds no other one is asked."""
        found: list[dict | MlmDemoError] = []
        start = time.monotonic()
        for number, text in enumerate(texts, 1):
            if time.monotonic() - start > max_seconds:
                raise PromptError(
                    f"Scoring this takes more than {max_seconds:,.0f} seconds; send fewer sentences."
                )
            try:
                found += self.score(text, [model], method=method)["scores"]
            except MlmDemoError as error:
                found.append(error)
            on_progress(number / len(texts), f"Scoring with {model or self.default_model().title}")
        return found

    def load(self, name: str, on_progress: Progress = silent, *, exact: bool = False) -> None:
        """Let the other engine load a model, by asking it something; raises ModelError, HubError."""
        on_progress(0, f"Loading {name}")
        self.compare("The <mask> .", [name], precision="exact" if exact else "auto")

    def _ask(self, name: str, arguments: tuple, options: dict) -> Any:
        body = pack(name, arguments, options)
        for attempt in (1, 2):  # an idle connection may have been closed by the other side
            try:
                status, found = self._post(f"{self._address.path}/ask/{name}", body)
                break
            except (OSError, http.client.HTTPException, ValueError) as error:
                self._own.connection = None
                if attempt == 2:
                    raise ModelError(
                        f"The models at {self.settings.engine} do not answer ({type(error).__name__}); start them, or "
                        "unset MLM_DEMO_ENGINE to use this machine's."
                    ) from error
        if status == REFUSED and isinstance(found, dict) and "error" in found:
            raise_error(found)
        if status != 200:
            raise ModelError(f"The models at {self.settings.engine} have failed ({status}); see their log.")
        return found

    def _post(self, path: str, body: bytes) -> tuple[int, Any]:
        """Send a request over this thread's connection; return the status and the JSON of the answer."""
        connection = getattr(self._own, "connection", None)
        if connection is None:
            kind = CONNECTIONS[self._address.scheme]
            connection = kind(self._address.hostname, self._address.port, timeout=SECONDS_TO_ANSWER)
            self._own.connection = connection
        connection.request("POST", path, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read() or b"null")
