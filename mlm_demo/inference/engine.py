"""The predictions that the page, the HTTP endpoints and the command line ask for: text in, JSON out.

torch is imported with the first question, so the page starts without waiting for it.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from mlm_demo.errors import MlmDemoError, ParameterError, shown
from mlm_demo.inference.asked_models import with_model
from mlm_demo.inference.kept_indexes import KeptIndexes
from mlm_demo.inference.progress import Progress, silent, with_time_left
from mlm_demo.inference.scoring import Scoring
from mlm_demo.models.catalogue import Catalogue
from mlm_demo.models.pool import PLAIN
from mlm_demo.models.taught import require_taught
from mlm_demo.settings import Settings

if TYPE_CHECKING:
    from mlm_demo.inference.extract.extraction import Extraction, Finding
    from mlm_demo.models.extractor import Extractor

TOP_K = 5
MEASURES = ("hiding", "gradient")  # of what a word does to a guess


class Engine(Scoring):
    """All questions and the models that answer them. Safe to share between threads."""

    def __init__(self, settings: Settings, catalogue: Catalogue | None = None):
        super().__init__(settings, catalogue)
        self._indexes = KeptIndexes()

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
        asked = {"top_k": top_k, "targets": words, "max_pieces": limits.max_target_characters, "joint": joint}
        answers = compare(loaded, prompts, **asked)
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
        mlm = self._models.get(ref, self._models.precision(precision, plain=False), on_progress)
        from mlm_demo.inference.expected_words import expected_words
        from mlm_demo.inference.hidden_words import HiddenWord, with_a_word_hidden

        words = expected_words(
            mlm,
            [HiddenWord(*one) for one in hidden],
            on_progress=lambda share: on_progress(share, f"Reading every position with {mlm.name}"),
            **with_a_word_hidden(**self._prompt_limits()),
        )
        return {"model": ref.to_json(), "words": [word.to_json() for word in words]}

    def why(
        self,
        text: str,
        model: str = "",
        *,
        mask: int = 1,
        targets: str | Sequence[str] = (),
        precision: str = "auto",
        measure: str = "hiding",
        on_progress: Progress = silent,
    ) -> dict:
        """Return what each word does to the guess at a mask; see `influence.Influences` for the fields.

        measure: hiding each word, or gradient (`gradients.py`), which is always exact and keeps another copy of the
        model in memory, because the fast layers have no backward pass. Raises ParameterError for another one.
        """
        if measure not in MEASURES:
            raise ParameterError(f"The measure is {shown(measure)}; choose one of {', '.join(MEASURES)}.")
        (ref,) = self._find_all([model])
        precision = self._models.precision(precision, plain=False)
        mlm = self._models.get(ref, PLAIN if measure == "gradient" else precision, on_progress)
        from mlm_demo.inference.gradients import gradient_shares
        from mlm_demo.inference.influence import influences
        from mlm_demo.inference.targets import read_targets

        start = time.perf_counter()
        options = {
            "mask": mask,
            "targets": read_targets(targets, masks=1, **self._target_limits())[0],
            **self._prompt_limits(),
        }
        if measure == "gradient":
            found = gradient_shares(mlm, text, **options)
        else:
            stage = f"Hiding every word before {mlm.name}"
            found = influences(mlm, text, on_progress=lambda share: on_progress(share, stage), **options)
        return with_model(found, ref, time.perf_counter() - start)

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

    def search(
        self,
        papers: Sequence[tuple[str, str, str, Sequence[tuple[int, int]]]],
        query: str,
        model: str = "",
        *,
        top_k: float | None = None,
        on_progress: Progress = silent,
    ) -> dict:
        """Search papers for the passages nearest to a query: `{"model", "query", "passages"}`; see `search.Passage`.

        papers: as `extract` takes them. Their vectors are computed once for a model and kept for the next query.
        top_k: how many passages; None for `search.TOP_K`. Raises PromptError, ParameterError, ModelError.
        """
        (ref,) = self._find_all([model])
        mlm = self._models.get(ref, "exact", on_progress)
        from mlm_demo.inference.extract.paper import Paper
        from mlm_demo.inference.search import TOP_K, Index, check_query, check_top_k

        top_k = check_top_k(TOP_K if top_k is None else top_k)
        query = check_query(query, mlm, self.settings.max_characters)
        wanted = [Paper.of(*paper) for paper in papers]
        report = with_time_left(on_progress, f"Reading with {ref.title}")
        index = self._indexes.get((ref.name, ref.version), wanted, lambda: Index(mlm, wanted, report))
        found = index.search(mlm, query, top_k)
        model_json = {**mlm.describe(), **ref.to_json()}
        return {"model": model_json, "query": query, "passages": [passage.to_json() for passage in found]}

    def judge_all(self, finding: "Finding", model: str) -> "Finding":
        """Return a finding of this model with the relevance of every sentence; see `extract.judge_all`."""
        from mlm_demo.inference.extract.extract import judge_all

        return judge_all(finding, self._extractor(model, silent))

    def _extractor(self, model: str, on_progress: Progress) -> "Extractor":
        """Return the models of an extraction by name, empty for the built-in ones; raises ModelError."""
        ref = require_taught(model, self.catalogue)
        return self._models.get_extractor(ref.folder, ref.name, on_progress)

    def warm(self) -> None:
        """Load the default model and make one prediction with it."""
        self.fill_mask("Paris is the <mask> of France.")
