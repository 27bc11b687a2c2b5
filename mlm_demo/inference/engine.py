"""The questions of the page, the HTTP endpoints and the command line, in plain values: text in, JSON out.

torch is imported with the first question, so the page starts without waiting for it.
"""

import math
import time
from collections.abc import Callable, Sequence

from mlm_demo.errors import ParameterError
from mlm_demo.models.catalogue import KNOWN_MODELS, Catalogue, ModelRef
from mlm_demo.models.pool import ModelPool
from mlm_demo.settings import Settings

Progress = Callable[[float, str], None]  # share done from 0 to 1, current step
TOP_K = 5
MAX_MODELS = 3


def silent(share: float, what: str) -> None:
    """Ignore progress."""


class Engine:
    """Models in memory and the questions they answer. Safe to share between threads."""

    def __init__(self, settings: Settings, catalogue: Catalogue | None = None):
        self.settings, self.catalogue = settings, catalogue or Catalogue(folders=settings.folders)
        self._models = ModelPool(settings)
        # Precision and models to how long their last answer took.
        self._seconds: dict[tuple[str, ...], float] = {}

    def models(self) -> list[dict]:
        """Return the models of the picker, each with `in_memory`; loads nothing."""
        loaded = self._models.names()
        return [{**model_json(c), "in_memory": c.name in loaded} for c in KNOWN_MODELS]

    def count_in_memory(self) -> int:
        """Return how many models are loaded; exact and int8 count separately."""
        return len(self._models.names())

    def fill_mask(
        self,
        text: str,
        model: str = "",
        *,
        top_k: int = TOP_K,
        targets: str | Sequence[str] = (),
        joint: bool = False,
        precision: str = "auto",
        on_progress: Progress = silent,
    ) -> dict:
        """Rank words for the masks of a sentence; `fill_mask.Answer` has the fields, `fill_masks` the errors.

        precision: exact; int8, faster on a processor (`models/cpu/optimize.py`); or auto, which takes int8 if that is
        faster and only the most probable words are asked for.
        """
        return self.compare(
            text,
            [model],
            top_k=top_k,
            targets=targets,
            joint=joint,
            precision=precision,
            on_progress=on_progress,
        )["answers"][0]

    def compare(
        self,
        text: str,
        models: Sequence[str],
        *,
        top_k: int = TOP_K,
        targets: str | Sequence[str] = (),
        joint: bool = False,
        precision: str = "auto",
        on_progress: Progress = silent,
    ) -> dict:
        """The same for up to three models: `{"answers": [...]}`, each prediction with its rank in the others."""
        refs = self._find_all(models)
        precision = self._precision(precision, refs, targets, joint)
        loaded = [self._models.get(ref, precision, on_progress) for ref in refs]
        from mlm_demo.inference.compare import compare
        from mlm_demo.inference.fill_mask import check_amount, check_top_k
        from mlm_demo.inference.prompt import read_prompt
        from mlm_demo.inference.targets import read_targets

        limits, start = self.settings, time.perf_counter()
        prompts = [
            read_prompt(text, mlm, max_characters=limits.max_characters, max_masks=limits.max_masks)
            for mlm in loaded
        ]
        words, notices = read_targets(
            targets,
            masks=len(prompts[0].spans),
            max_characters=limits.max_target_characters,
            max_targets=limits.max_targets,
        )
        if not words:
            check_amount(prompts, check_top_k(top_k, loaded[0]), limits.max_answer_characters)
        answers = compare(loaded, prompts, top_k=top_k, targets=words, joint=joint)
        seconds = time.perf_counter() - start
        self._seconds[precision, *(c.name for c in refs)] = seconds
        return {
            "answers": [
                {
                    **answer.to_json(),
                    "model": {**answer.model, **model_json(ref)},
                    "notices": [*answer.notices, *notices],
                    "seconds": seconds / len(answers),
                }
                for answer, ref in zip(answers, refs, strict=True)
            ]
        }

    def in_memory(
        self,
        models: Sequence[str],
        *,
        targets: str | Sequence[str] = (),
        joint: bool = False,
        precision: str = "auto",
    ) -> bool:
        """Whether `compare` would answer without loading a model first; raises as it does."""
        return self._seconds_of_last(models, targets, joint, precision) is not None

    def answers_within(
        self,
        seconds: float,
        models: Sequence[str],
        *,
        targets: str | Sequence[str] = (),
        joint: bool = False,
        precision: str = "auto",
    ) -> bool:
        """Whether the last such answer of these models took less; raises as `compare` does."""
        last = self._seconds_of_last(models, targets, joint, precision)
        return last is not None and last < seconds

    def _seconds_of_last(self, models: Sequence[str], targets, joint: bool, precision: str) -> float | None:
        """How long these models took for their last answer, None if one of them has to be loaded."""
        refs = self._find_all(models)
        if not self._models.names():  # nothing that would import torch, where no question was put yet
            return None
        precision = self._precision(precision, refs, targets, joint)
        if not all(self._models.holds(ref, precision) for ref in refs):
            return None
        return self._seconds.get((precision, *(c.name for c in refs)), math.inf)

    def score(
        self,
        text: str,
        models: Sequence[str] = ("",),
        *,
        method: str = "within_word",
        on_progress: Progress = silent,
    ) -> dict:
        """Pseudo-log-likelihood and surprisals by up to three models: `{"scores": [...]}`."""
        refs = self._find_all(models)
        loaded = [self._models.get(ref, "exact", on_progress) for ref in refs]
        from mlm_demo.inference.score import score_sentence

        scores = []
        for ref, mlm in zip(refs, loaded, strict=True):
            start = time.perf_counter()
            score = score_sentence(
                mlm,
                text,
                method=method,
                max_characters=self.settings.max_characters,
                max_tokens=self.settings.max_score_tokens,
                on_progress=lambda share, mlm=mlm: on_progress(share, f"Scoring with {mlm.name}"),
            )
            seconds = time.perf_counter() - start
            scores.append(
                {**score.to_json(), "model": {**score.model, **model_json(ref)}, "seconds": seconds}
            )
        return {"scores": scores}

    def warm(self) -> None:
        """Load the default model and put one sentence through it."""
        self.fill_mask("Paris is the <mask> of France.")

    def _find_all(self, names: Sequence[str]) -> list[ModelRef]:
        """Up to three refs by name, each once; an empty name means the default model.

        Raises ModelError for a name that can be no model, ParameterError for none or too many.
        """
        names = [names] if isinstance(names, str) else list(names)
        wanted = [self.catalogue.find_or_default(name) for name in names]
        unique = list({ref.name: ref for ref in wanted}.values())
        if not 1 <= len(unique) <= MAX_MODELS:
            raise ParameterError(
                f"There are {len(unique)} models to ask; choose 1 to {MAX_MODELS} different ones."
            )
        return unique

    def _precision(self, asked: str, refs: Sequence[ModelRef], targets, joint: bool) -> str:
        """exact or int8; raises ParameterError as `ModelPool.precision` does."""
        return self._models.precision(asked, plain=len(refs) == 1 and not targets and not joint)


def model_json(ref: ModelRef) -> dict:
    """A ref as `models` lists it."""
    return {
        "name": ref.name,
        "title": ref.title,
        "domain": ref.domain,
        "kind": ref.kind,
        "license": ref.license,
        "megabytes": ref.megabytes,
        "availability": ref.availability,
    }
