"""The predictions that the page, the HTTP endpoints and the command line ask for: text in, JSON out.

torch is imported with the first question, so the page starts without waiting for it.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from math import inf
from typing import TYPE_CHECKING, Any

from mlm_demo.errors import MlmDemoError, ModelError, ParameterError, shown
from mlm_demo.inference.progress import Progress, silent, with_time_left
from mlm_demo.models.catalogue import FINETUNED, KNOWN_MODELS, Catalogue, ModelRef, default_model
from mlm_demo.models.extractor import BUILT_IN, find_extractor
from mlm_demo.models.hub import DownloadPolicy
from mlm_demo.models.pool import ModelPool
from mlm_demo.settings import Settings

if TYPE_CHECKING:
    from mlm_demo.inference.extract.extraction import Extraction, Finding
    from mlm_demo.inference.facts import AskedFacts
    from mlm_demo.inference.guesses import WordGuesses
    from mlm_demo.inference.pairs import JudgedPairs
    from mlm_demo.inference.score import SentenceScore
    from mlm_demo.models.extractor import Extractor

    Found = SentenceScore | WordGuesses | JudgedPairs | AskedFacts

TOP_K = 5
MAX_MODELS = 3


class Engine:
    """Models in memory and the questions they answer. Safe to share between threads."""

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

    def load(self, name: str, on_progress: Progress = silent) -> None:
        """Download a model if necessary and load it as a plain question needs it; raises ModelError, HubError."""
        (ref,) = self._find_all([name])
        self._models.get(ref, self._models.precision("auto", plain=True), on_progress)

    def count_in_memory(self) -> int:
        """Return how many models are loaded; exact and int8 count separately."""
        return len(self._models.names())

    def fill_mask(
        self,
        text: str,
        model: str = "",
        *,
        top_k: float | None = None,
        targets: str | Sequence[str] = (),
        joint: bool = False,
        precision: str = "auto",
        on_progress: Progress = silent,
    ) -> dict:
        """Rank words for the masks of a sentence; see `fill_mask.Answer` for the fields, `fill_masks` for the errors.

        top_k: how many words of each mask; None for TOP_K, or for all targets. precision: exact; int8, faster on a CPU
        (`models/cpu/optimize.py`); or auto, which is int8 if supported and if only the most probable words are wanted.
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

    def fill_each(
        self, texts: Iterable[str], model: str = "", **options: Any
    ) -> Iterator[dict | MlmDemoError]:
        """Yield the answer of `fill_mask` to each sentence when it is wanted; a bad sentence gets its error."""
        for text in texts:
            try:
                yield self.fill_mask(text, model, **options)
            except MlmDemoError as error:
                yield error

    def compare(
        self,
        text: str,
        models: Sequence[str],
        *,
        top_k: float | None = None,
        targets: str | Sequence[str] = (),
        joint: bool = False,
        precision: str = "auto",
        on_progress: Progress = silent,
        load: bool = True,
    ) -> dict | None:
        """Rank words with up to three models: `{"answers": [...]}`, each prediction with its rank in the others.

        load: whether to load models that are not in memory; if not, return None when one is missing.
        """
        refs = self._find_all(models)
        if not load and not self._models.names():  # nothing is loaded yet, so do not import torch
            return None
        precision = self._models.precision(precision, plain=len(refs) == 1 and not targets and not joint)
        if not load and not all(self._models.holds(ref, precision) for ref in refs):
            return None
        loaded = [self._models.get(ref, precision, on_progress) for ref in refs]
        from mlm_demo.inference.compare import compare
        from mlm_demo.inference.fill_mask import check_amount, check_top_k
        from mlm_demo.inference.prompt import read_prompt
        from mlm_demo.inference.targets import read_targets

        limits, start = self.settings, time.perf_counter()
        prompts = [read_prompt(text, mlm, **self._prompt_limits()) for mlm in loaded]
        words, notices = read_targets(targets, masks=len(prompts[0].spans), **self._target_limits())
        if top_k is None:
            top_k = max(TOP_K, len(words))
        if not words:
            check_amount(prompts, check_top_k(top_k, loaded[0]), limits.max_answer_characters)
        answers = compare(loaded, prompts, top_k=top_k, targets=words, joint=joint)
        seconds = (time.perf_counter() - start) / len(answers)
        return {
            "answers": [
                {
                    **answer.to_json(),
                    "model": {**answer.model, **ref.to_json()},
                    "notices": [*answer.notices, *notices],
                    "seconds": seconds,
                }
                for answer, ref in zip(answers, refs, strict=True)
            ]
        }

    def contrast(
        self,
        texts: tuple[str, str],
        models: tuple[str, str],
        *,
        on_progress: Progress = silent,
    ) -> dict:
        """Set the blanks of two sentences against each other, each before its model; see `contrast.Contrast`."""
        refs = [self._find_all([name])[0] for name in models]
        loaded = [self._models.get(ref, "exact", on_progress) for ref in refs]
        from mlm_demo.inference.contrast import contrast
        from mlm_demo.inference.prompt import read_prompt

        start = time.perf_counter()
        first, second = (
            (mlm, read_prompt(text, mlm, **self._prompt_limits()))
            for text, mlm in zip(texts, loaded, strict=True)
        )
        found = contrast(first, second).to_json()
        found["models"] = [
            {**model, **ref.to_json()} for model, ref in zip(found["models"], refs, strict=True)
        ]
        return {**found, "seconds": time.perf_counter() - start}

    def expected_words(
        self,
        hidden: Sequence[tuple[str, str, int]],
        model: str = "",
        *,
        precision: str = "auto",
        on_progress: Progress = silent,
    ) -> dict:
        """Predict words that were masked one at a time: `{"model": ..., "words": [...]}`; see `ExpectedWord`.

        hidden: each word, the sentence with it masked, and which of the sentence's masks it is.
        """
        (ref,) = self._find_all([model])
        mlm = self._models.get(ref, self._models.precision(precision, plain=True), on_progress)
        from mlm_demo.inference.expected_words import HiddenWord, expected_words

        words = expected_words(
            mlm,
            [HiddenWord(*one) for one in hidden],
            on_progress=lambda share: on_progress(share, f"Reading every position with {mlm.name}"),
            **self._prompt_limits(),
        )
        return {"model": ref.to_json(), "words": [word.to_json() for word in words]}

    def influences(
        self,
        text: str,
        hidden: Sequence[tuple[str, str, int]],
        model: str = "",
        *,
        mask: int = 0,
        targets: str | Sequence[str] = (),
        precision: str = "auto",
        on_progress: Progress = silent,
    ) -> dict:
        """Return what hiding each word does to a guess: `{"model": ..., "guess": ...}`; see `influence.influences`."""
        (ref,) = self._find_all([model])
        mlm = self._models.get(ref, self._models.precision(precision, plain=not targets), on_progress)
        from mlm_demo.inference.expected_words import HiddenWord
        from mlm_demo.inference.influence import influences
        from mlm_demo.inference.targets import read_targets

        found = influences(
            mlm,
            text,
            [HiddenWord(*one) for one in hidden],
            mask=mask,
            targets=read_targets(targets, masks=1, **self._target_limits())[0],
            on_progress=lambda share: on_progress(share, f"Hiding every word before {mlm.name}"),
            **self._prompt_limits(),
        )
        return {"model": ref.to_json(), **found.to_json()}

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
        on_progress: Progress = silent,
    ) -> list[dict | MlmDemoError]:
        """Score some sentences with one model, in passes that they share; a bad sentence gets its error."""
        (ref,) = self._find_all([model])
        mlm = self._models.get(ref, "exact", on_progress)
        from mlm_demo.inference.score import score_sentences

        start = time.perf_counter()
        report = with_time_left(on_progress, f"Scoring with {ref.title}")
        scores = score_sentences(mlm, texts, method=method, on_progress=report, **self._score_limits())
        seconds = (time.perf_counter() - start) / max(1, len(texts))
        return [one if isinstance(one, MlmDemoError) else _score_json(one, ref, seconds) for one in scores]

    def guess_word(
        self,
        text: str,
        start: int,
        models: Sequence[str] = ("",),
        *,
        method: str = "within_word",
        top_k: int = TOP_K,
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
            answers.append(_score_json(ask(mlm, **report), ref, time.perf_counter() - start))
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

    def extract(
        self,
        papers: Sequence[tuple[str, str, str, Sequence[tuple[int, int]]]],
        questions: Sequence[str],
        model: str = "",
        *,
        threshold: float | None = None,
        on_progress: Progress = silent,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> "Extraction":
        """Ask questions of papers; see `extract.extract` for the arguments and the errors.

        papers: the document, the title, the text and the sentences of each, which are (start, end) characters.
        """
        extractor = self._extractor(model, on_progress)
        from mlm_demo.inference.extract.extract import extract
        from mlm_demo.inference.extract.paper import Paper

        return extract(
            [Paper.of(*paper) for paper in papers],
            questions,
            extractor,
            threshold,
            on_progress=on_progress,
            should_stop=should_stop,
        )

    def judge_all(self, finding: "Finding", model: str) -> "Finding":
        """Return a finding of this model with the relevance of every sentence; see `extract.judge_all`."""
        from mlm_demo.inference.extract.extract import judge_all

        return judge_all(finding, self._extractor(model, silent))

    def _extractor(self, model: str, on_progress: Progress) -> "Extractor":
        """Return the models of an extraction by name, empty for the built-in ones; raises ModelError."""
        made_here = self.catalogue.adapted(model.strip()) if model.strip() else None
        if made_here and made_here.kind != FINETUNED:
            raise ModelError(
                f"{shown(made_here.title)} fills masks and was taught no task; teach it one, or pick another model."
            )
        folder = made_here.folder if made_here else find_extractor(model, folders=self.settings.folders)
        return self._models.get_extractor(folder, model.strip() or BUILT_IN, on_progress)

    def warm(self) -> None:
        """Load the default model and make one prediction with it."""
        self.fill_mask("Paris is the <mask> of France.")

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


def _score_json(found: "Found", ref: ModelRef, seconds: float) -> dict:
    """Return what a model says as JSON, with all that the picker knows of the model."""
    return {**found.to_json(), "model": {**found.model, **ref.to_json()}, "seconds": seconds}
