"""The models that questions are asked of: found by name, loaded when they are needed, within the limits."""

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from mlm_demo.errors import ParameterError
from mlm_demo.inference.progress import Progress, silent, with_time_left
from mlm_demo.models.catalogue import KNOWN_MODELS, Catalogue, ModelRef, default_model
from mlm_demo.models.hub import DownloadPolicy
from mlm_demo.models.pool import ModelPool
from mlm_demo.settings import Settings

if TYPE_CHECKING:
    from mlm_demo.inference.facts import AskedFacts
    from mlm_demo.inference.guesses import WordGuesses
    from mlm_demo.inference.pairs import JudgedPairs
    from mlm_demo.inference.score import SentenceScore

    Found = SentenceScore | WordGuesses | JudgedPairs | AskedFacts

MAX_MODELS = 3


class AskedModels:
    """Models in memory. Safe to share between threads."""

    def __init__(self, settings: Settings, catalogue: Catalogue | None = None):
        self.settings, self.catalogue = settings, catalogue or Catalogue(folders=settings.folders)
        self._models = ModelPool(settings)

    def models(self) -> list[dict]:
        """Return the models of the picker, each with `in_memory`; loads nothing."""
        loaded = self._models.names()
        return [{**c.to_json(), "in_memory": c.name in loaded} for c in KNOWN_MODELS]

    def default_model(self) -> ModelRef:
        """Return the model of a question that names none."""
        return default_model(DownloadPolicy.of(self.settings))

    def load(self, name: str, on_progress: Progress = silent, *, exact: bool = False) -> None:
        """Download a model if necessary and load it as a plain question needs it, or in exact precision.

        Raises ModelError, HubError.
        """
        (ref,) = self._find_all([name])
        self._models.get(ref, "exact" if exact else self._models.precision("auto", plain=True), on_progress)

    def count_in_memory(self) -> int:
        """Return how many models are loaded; exact and int8 count separately."""
        return len(self._models.names())

    def _ask_exact(
        self,
        models: Sequence[str],
        ask: Callable[..., "Found"],
        on_progress: Progress,
        stage: str = "",
    ) -> list[dict]:
        """Return as JSON what each model says, with its seconds; all are loaded before the first is asked.

        stage: what is done with a model while it is asked, empty for what is quick and reports no progress.
        """
        refs = self._find_all(models)
        loaded = [self._models.get(ref, "exact", on_progress) for ref in refs]
        answers = []
        for ref, mlm in zip(refs, loaded, strict=True):
            start = time.perf_counter()
            report = {"on_progress": with_time_left(on_progress, f"{stage} {ref.title}")} if stage else {}
            answers.append(with_model(ask(mlm, **report), ref, time.perf_counter() - start))
        return answers

    def _prompt_limits(self) -> dict[str, int]:
        return {"max_characters": self.settings.max_characters, "max_masks": self.settings.max_masks}

    def _target_limits(self) -> dict[str, int]:
        limits = self.settings
        return {"max_targets": limits.max_targets, "max_characters": limits.max_target_characters}

    def _score_limits(self) -> dict[str, int]:
        return {
            "max_characters": self.settings.max_characters,
            "max_tokens": self.settings.max_score_tokens,
        }

    def _find_all(self, names: Sequence[str]) -> list[ModelRef]:
        """Return up to three models by name, each once; an empty name is the default model.

        Raises ModelError for an unknown name, ParameterError for no or too many models.
        """
        names = [names] if isinstance(names, str) else list(names)
        wanted = [self.catalogue.find(name) if name else self.default_model() for name in names]
        unique = list({ref.name: ref for ref in wanted}.values())
        if not 1 <= len(unique) <= MAX_MODELS:
            raise ParameterError(f"There are {len(unique)} models; choose 1 to {MAX_MODELS} different ones.")
        return unique


def with_model(found: "Found", ref: ModelRef, seconds: float) -> dict:
    """Return what a model says as JSON, with all that the picker knows of the model."""
    return {**found.to_json(), "model": {**found.model, **ref.to_json()}, "seconds": seconds}
