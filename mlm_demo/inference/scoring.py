"""Questions about whole sentences, which are scored: text in, JSON out. torch is imported with the first question."""

import time
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from math import inf
from typing import Any

from mlm_demo.errors import MlmDemoError
from mlm_demo.inference.asked_models import AskedModels, with_model
from mlm_demo.inference.progress import Progress, silent, with_time_left

GUESSES = 5


class Scoring(AskedModels):
    """The part of the engine that scores sentences, pairs of them, and facts."""

    def score(
        self,
        text: str,
        models: Sequence[str] = ("",),
        *,
        method: str = "within_word",
        on_progress: Progress = silent,
    ) -> dict:
        """Score a sentence with up to three models: `{"scores": [...]}`; see `score.SentenceScore` for the fields.

        Raises as `score.score_sentence` does; the limits are those of the settings.
        """
        from mlm_demo.inference.score import score_sentence

        limits = {"max_seconds": self.settings.max_score_seconds, **self._score_limits()}
        ask = partial(score_sentence, text=text, method=method, **limits)
        return {"scores": self._ask_exact(models, ask, on_progress, "Scoring with")}

    def score_each(
        self,
        texts: Sequence[str],
        model: str = "",
        *,
        method: str = "within_word",
        max_seconds: float = inf,
        on_progress: Progress = silent,
    ) -> list[dict | MlmDemoError]:
        """Score some sentences with one model, in passes that they share; a bad sentence gets its error.

        max_seconds: refuse sentences that would take longer together, with PromptError.
        """
        (ref,) = self._find_all([model])
        mlm = self._models.get(ref, "exact", on_progress)
        from mlm_demo.inference.score import score_sentences

        start = time.perf_counter()
        report = with_time_left(on_progress, f"Scoring with {ref.title}")
        limits = {"max_seconds": max_seconds, **self._score_limits()}
        scores = score_sentences(mlm, texts, method=method, on_progress=report, **limits)
        seconds = (time.perf_counter() - start) / max(1, len(texts))
        return [one if isinstance(one, MlmDemoError) else with_model(one, ref, seconds) for one in scores]

    def guess_word(
        self,
        text: str,
        start: int,
        models: Sequence[str] = ("",),
        *,
        method: str = "within_word",
        top_k: int = GUESSES,
        on_progress: Progress = silent,
    ) -> dict:
        """Return each model's guesses at the word at a character: `{"guesses": [...]}`; see `guesses.WordGuesses`."""
        from mlm_demo.inference.guesses import guess_word

        ask = partial(guess_word, text=text, start=start, method=method, top_k=top_k, **self._score_limits())
        return {"guesses": self._ask_exact(models, ask, on_progress)}

    def judge_pairs(
        self,
        pairs: Sequence[tuple[str, str, str]],
        models: Sequence[str] = ("",),
        *,
        method: str = "within_word",
        max_seconds: float = inf,
        on_progress: Progress = silent,
    ) -> dict:
        """Judge up to three models by minimal pairs: `{"models": [...]}`; see `pairs.JudgedPairs` for the fields."""
        from mlm_demo.inference.pairs import judge_pairs

        ask = partial(
            judge_pairs, pairs=pairs, method=method, max_seconds=max_seconds, **self._score_limits()
        )
        return {"models": self._ask_exact(models, ask, on_progress, "Scoring pairs with")}

    def judge_each(
        self,
        pairs: Sequence[tuple[str, str, str]],
        model: str = "",
        *,
        method: str = "within_word",
        on_progress: Progress = silent,
    ) -> list[dict]:
        """Judge some pairs with one model; each has its `model` too, and one that cannot be scored only its `error`."""
        (ref,) = self._find_all([model])
        mlm = self._models.get(ref, "exact", on_progress)
        from mlm_demo.inference.pairs import judge_each

        report = with_time_left(on_progress, f"Scoring pairs with {ref.title}")
        judged = judge_each(mlm, pairs, method=method, on_progress=report, **self._score_limits())
        about = {"model": {**mlm.describe(), **ref.to_json()}}
        return [_with_error(one) | about for one in judged]

    def facts_each(
        self,
        facts: Sequence[tuple[str, str, str, str]],
        model: str = "",
        *,
        k: float,
        on_progress: Progress = silent,
    ) -> list[dict]:
        """Ask one model for some facts; each has its `model` too, and one that cannot be asked only its `error`.

        k: among how many first words the objects will be counted; raises ParameterError if it is out of range.
        """
        (ref,) = self._find_all([model])
        mlm = self._models.get(ref, "exact", on_progress)
        from mlm_demo.inference.facts import ask_each
        from mlm_demo.inference.fill_mask import check_top_k

        check_top_k(k, mlm)
        report = with_time_left(on_progress, f"Asking {ref.title}")
        asked = ask_each(mlm, facts, max_characters=self.settings.max_characters, on_progress=report)
        about = {"model": {**mlm.describe(), **ref.to_json()}}
        return [_with_error(one) | about for one in asked]

    def ask_facts(
        self,
        facts: Sequence[tuple[str, str, str, str]],
        models: Sequence[str] = ("",),
        *,
        k: float,
        on_progress: Progress = silent,
    ) -> dict:
        """Ask up to three models for the objects of facts: `{"models": [...]}`; see `facts.AskedFacts`."""
        from mlm_demo.inference.facts import ask_facts

        ask = partial(ask_facts, facts=facts, k=k, max_characters=self.settings.max_characters)
        return {"models": self._ask_exact(models, ask, on_progress, "Asking")}


def _with_error(found: Any) -> dict:
    return {"error": str(found)} if isinstance(found, MlmDemoError) else asdict(found)
