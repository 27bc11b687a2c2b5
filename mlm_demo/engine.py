"""What the page, the HTTP endpoints and the command line ask for, in plain values: text in, JSON out.

torch and transformers are imported at the first question, not before: `models` answers without them, and the
page is there seconds before they are.
"""

import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from mlm_demo.checkpoints import CATALOGUE, Checkpoint, default_checkpoint, find_checkpoint
from mlm_demo.errors import ParameterError
from mlm_demo.runs import Runs
from mlm_demo.settings import Settings

if TYPE_CHECKING:
    from mlm_demo.masked_lm import MaskedLM

Progress = Callable[[float, str], None]  # share done from 0 to 1, what is being done
TOP_K = 5
MAX_MODELS = 3


def silent(share: float, what: str) -> None:
    """Progress that nobody watches."""


class Engine:
    """The models in memory and the questions that can be put to them. Safe to share between threads."""

    def __init__(self, settings: Settings):
        self.settings = settings
        self.runs = Runs(settings.runs)
        self._cache = None
        self._seconds: dict[tuple[str, ...], float] = {}  # how long the last answer of these models took
        self._starting = threading.Lock()

    def models(self) -> list[dict]:
        """What the picker offers, with `in_memory`; loads nothing."""
        loaded = set(self._cache.names()) if self._cache else set()
        return [{**model_json(c), "in_memory": c.name in loaded} for c in CATALOGUE]

    def fill_mask(
        self,
        text: str,
        model: str = "",
        *,
        top_k: int = TOP_K,
        targets: str | Sequence[str] = (),
        joint: bool = False,
        on_progress: Progress = silent,
    ) -> dict:
        """Rank words for the masks of a sentence; see `fill_mask.fill_mask` for the fields and the errors."""
        return self.compare(
            text, [model], top_k=top_k, targets=targets, joint=joint, on_progress=on_progress
        )["answers"][0]

    def compare(
        self,
        text: str,
        models: Sequence[str],
        *,
        top_k: int = TOP_K,
        targets: str | Sequence[str] = (),
        joint: bool = False,
        on_progress: Progress = silent,
    ) -> dict:
        """The same for up to three models: `{"answers": [...]}`, each prediction with its rank in the others."""
        checkpoints = find_all(models, self.runs)
        loaded = [self._load(checkpoint, on_progress) for checkpoint in checkpoints]
        from mlm_demo.comparison import compare
        from mlm_demo.prompt import read_prompt
        from mlm_demo.targets import read_targets

        limits = self.settings
        start = time.perf_counter()
        prompts = [
            read_prompt(text, mlm, max_characters=limits.max_characters, max_masks=limits.max_masks)
            for mlm in loaded
        ]
        words, notices = read_targets(targets, max_targets=limits.max_targets)
        answers = compare(loaded, prompts, top_k=top_k, targets=words, joint=joint)
        seconds = time.perf_counter() - start
        self._seconds[tuple(c.name for c in checkpoints)] = seconds
        return {
            "answers": [
                {
                    **answer.to_json(),
                    "model": {**answer.model, **model_json(checkpoint)},
                    "notices": [*answer.notices, *notices],
                    "seconds": seconds / len(answers),
                }
                for answer, checkpoint in zip(answers, checkpoints, strict=True)
            ]
        }

    def in_memory(self, models: Sequence[str]) -> bool:
        """Whether these models answer without being loaded first; raises as `find_all` does."""
        loaded = set(self._cache.names()) if self._cache else set()
        return all(_key(checkpoint) in loaded for checkpoint in find_all(models, self.runs))

    def answers_within(self, seconds: float, models: Sequence[str]) -> bool:
        """Whether the last answer of these models together took less; raises as `find_all` does."""
        names = tuple(checkpoint.name for checkpoint in find_all(models, self.runs))
        return self.in_memory(models) and self._seconds.get(names, seconds) < seconds

    def score(
        self,
        text: str,
        models: Sequence[str] = ("",),
        *,
        method: str = "within_word",
        on_progress: Progress = silent,
    ) -> dict:
        """Pseudo-log-likelihood and surprisals by up to three models: `{"scores": [...]}`."""
        checkpoints = find_all(models, self.runs)
        loaded = [self._load(checkpoint, on_progress) for checkpoint in checkpoints]
        from mlm_demo.scoring import score_sentence

        scores = []
        for checkpoint, mlm in zip(checkpoints, loaded, strict=True):
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
                {**score.to_json(), "model": {**score.model, **model_json(checkpoint)}, "seconds": seconds}
            )
        return {"scores": scores}

    def warm(self) -> None:
        """Load the default model and put one sentence through it."""
        self.fill_mask("Paris is the <mask> of France.")

    def _load(self, checkpoint: Checkpoint, on_progress: Progress) -> "MaskedLM":
        with self._starting:
            if self._cache is None:
                on_progress(0.0, "Starting torch")
            from mlm_demo.loader import load
            from mlm_demo.model_cache import ModelCache

            self._cache = self._cache or ModelCache(self.settings.models_in_memory)
        return self._cache.get(
            _key(checkpoint),
            lambda: load(
                checkpoint,
                device=self.settings.device,
                allow_pickle=self.settings.allow_pickle,
                hub_timeout=self.settings.hub_timeout,
                on_progress=on_progress,
            ),
        )


def find_all(names: Sequence[str], runs: Runs | None = None) -> list[Checkpoint]:
    """Up to three checkpoints by name, each once; an empty name means the default model.

    Raises ModelError for a name that can be no model, ParameterError for none or too many.
    """
    names = [names] if isinstance(names, str) else list(names)
    wanted = [find_checkpoint(name, runs) if name else default_checkpoint() for name in names]
    unique = list({checkpoint.name: checkpoint for checkpoint in wanted}.values())
    if not 1 <= len(unique) <= MAX_MODELS:
        raise ParameterError(
            f"There are {len(unique)} models to ask; choose 1 to {MAX_MODELS} different ones."
        )
    return unique


def _key(checkpoint: Checkpoint) -> str:
    """Under which a model is kept in memory: another version is another model."""
    return f"{checkpoint.name} {checkpoint.version}".rstrip()


def model_json(checkpoint: Checkpoint) -> dict:
    """A checkpoint as `models` lists it."""
    return {
        "name": checkpoint.name,
        "title": checkpoint.title,
        "domain": checkpoint.domain,
        "kind": checkpoint.kind,
        "license": checkpoint.license,
        "megabytes": checkpoint.megabytes,
        "availability": checkpoint.availability,
    }
