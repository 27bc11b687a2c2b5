"""Prepare training: read the corpus, pack the blocks, measure the step time, write the report. Each happens once.

torch is imported after the files have been read, and training code only when a step is measured. So an unreadable file
is refused at once, and a report with a known step time needs no training code.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from mlm_demo import __version__
from mlm_demo.corpus.corpus import Corpus, read_corpus
from mlm_demo.corpus.documents import ReadLimits
from mlm_demo.models.catalogue import Catalogue, ModelRef
from mlm_demo.settings import Settings, on_zero_gpu
from mlm_demo.system.memory import lift_limit, limit_memory
from mlm_demo.training.config import AdaptConfig, epochs, verdict
from mlm_demo.training.options import budget_phrase
from mlm_demo.training.prepare_cache import PrepareCache, StepCost, key_of

if TYPE_CHECKING:
    from mlm_demo.models.masked_lm import MaskedLM
    from mlm_demo.training.corpus_report import Report
    from mlm_demo.training.packing import Blocks
    from mlm_demo.training.result import AdaptationResult


def no_progress(stage: str) -> None:
    """Ignore progress."""


class Preparation:
    """What an adaptation starts from; each part is computed, or taken from the cache, at its first use.

    model: a name for the catalogue, empty for the default model; validation: a file to evaluate on, None to hold out a
    part of the corpus; report_only: there will be no training, so the model
    need not be transformers' own class; cache: None for no cache.
    """

    knows_english = True  # the model, and no other language

    def __init__(
        self,
        files: Sequence[Path],
        config: AdaptConfig,
        settings: Settings,
        catalogue: Catalogue,
        *,
        model: str = "",
        column: str = "",
        validation: Path | None = None,
        report_only: bool = False,
        cache: PrepareCache | None = None,
        on_progress: Callable[[str], None] = no_progress,
    ):
        self.files, self.config, self.settings, self.catalogue = files, config, settings, catalogue
        self.model, self.column, self.report_only = model, column, report_only
        self.validation = validation
        self.cache, self.on_progress = cache, on_progress
        self._can_train = False

    @cached_property
    def corpus(self) -> Corpus:
        """The corpus, read within the memory limit of a run; raises CorpusError."""
        limit_memory(self.settings.max_run_megabytes)
        if self.cache and (found := self.cache.corpus(self.corpus_key)):
            return found
        corpus = read_corpus(
            self.files,
            column=self.column or None,
            seed=self.config.seed,
            keep_near=self.config.keep_near_duplicates,
            validation=self.validation,
            limits=ReadLimits.of(self.settings),
            on_progress=self.on_progress,
        )
        if self.cache:
            self.cache.keep_corpus(self.corpus_key, corpus)
        return corpus

    @cached_property
    def mlm(self) -> "MaskedLM":
        """The model; raises ModelError."""
        limit_memory_of_model(self.settings)
        measured = self.cache and self.cache.step(self.step_key(self.config.batch_size))
        self._can_train = not (self.report_only and measured)
        return self._load(to_train=self._can_train)

    def _load(self, *, to_train: bool) -> "MaskedLM":
        return load_model(self.model, self.settings, self.catalogue, self.on_progress, to_train=to_train)

    @cached_property
    def blocks(self) -> "Blocks":
        """The blocks of the training part, including replayed general text; raises TrainingError."""
        from mlm_demo.training.dataset import general_texts, make_blocks

        if self.cache and (found := self.cache.blocks(self.blocks_key)):
            return found
        training = self.corpus.training  # before the model, which takes seconds to import
        blocks = make_blocks(self.mlm, training, general_texts()[0], self.config)
        if self.cache:
            self.cache.keep_blocks(self.blocks_key, blocks)
        return blocks

    @cached_property
    def step(self) -> StepCost:
        """The cost of a step; raises TrainingError if not even one block fits in memory."""
        key = self.step_key(len(self.blocks))
        # The report is made without the GPU that trains: on a ZeroGPU Space, and where a cluster trains.
        elsewhere = on_zero_gpu() or self.settings.launcher != "local"
        on_another_device = elsewhere and not self.report_only
        if self.cache and not on_another_device and (found := self.cache.step(key)):
            return found
        from mlm_demo.training.fast.dropout import no_dropout
        from mlm_demo.training.loop import peak_megabytes
        from mlm_demo.training.train import masked_lm_step_time

        mlm = self.mlm
        if not self._can_train:
            mlm = self._load(to_train=True)
        self.on_progress("measuring the step time")
        no_dropout(mlm.model)
        seconds = masked_lm_step_time(mlm, self.blocks, self.config)
        step = StepCost(seconds, peak_megabytes(mlm.device))
        if self.cache:
            self.cache.keep_step(key, step)
        return step

    @cached_property
    def report(self) -> "Report":
        """The report on the corpus and on the cost of a run."""
        from mlm_demo.training.corpus_report import Report, make_report
        from mlm_demo.training.dataset import general_texts

        kept = self.cache and self.cache.report(self.blocks_key)
        if kept:
            report, count = Report(**kept["report"]), kept["blocks"]
        else:
            general = [text for part in general_texts() for text in part]
            own, tokenizer = self.blocks.of_documents(), self.mlm.tokenizer
            report = make_report(self.corpus, own, tokenizer, general, english=self.knows_english)
            count = len(self.blocks)
            if self.cache:
                self.cache.keep_report(self.blocks_key, report.to_json(), count)
        return replace(report, **self._budget(report.to_json(), count, self.step))

    def cached_report(self) -> dict | None:
        """Return the report as JSON if all parts of it are in the cache, else None; does not import torch."""
        kept = self.cache and self.cache.report(self.blocks_key)
        step = kept and self.cache.step(self.step_key(kept["blocks"]))
        if not step:
            return None
        return {**kept["report"], **self._budget(kept["report"], kept["blocks"], step)}

    def adapt(
        self,
        output: Path,
        *,
        resume: bool,
        on_progress: Callable[[dict], None],
        should_stop: Callable[[], bool],
    ) -> "AdaptationResult":
        """Evaluate, train, evaluate and save; see `adapt.adapt`."""
        from mlm_demo.training.adapt import adapt
        from mlm_demo.training.lineage import lineage_of

        return adapt(
            self.mlm,
            self.corpus,
            self.config,
            output,
            lineage=lineage_of(self.catalogue.find_or_base(self.model)),
            resume=resume,
            blocks=self.blocks,
            step_time=self.step.seconds,
            on_progress=on_progress,
            should_stop=should_stop,
        )

    @cached_property
    def corpus_key(self) -> str:
        """The cache key of the corpus."""
        files = []
        for path in (*self.files, *filter(None, [self.validation])):
            with path.open("rb") as file:
                files.append([path.name, hashlib.file_digest(file, "sha256").hexdigest()])
        limits = asdict(ReadLimits.of(self.settings))
        config = self.config
        choices = [self.column, config.seed, config.keep_near_duplicates, bool(self.validation)]
        return key_of(__version__, files, *choices, limits)

    @property
    def blocks_key(self) -> str:
        """The cache key of the blocks, and of the report without its budget."""
        config = self.config
        shape = [config.block_size, config.line_by_line, config.replay, config.seed]
        return key_of(self.corpus_key, self._model_key, *shape)

    def step_key(self, blocks: int) -> str:
        """Return the cache key of the step cost, which depends on the corpus only if it does not fill a step."""
        config, whole = self.config, blocks >= self.config.batch_size
        size = [config.batch_size, config.block_size, config.mlm_probability, config.whole_word]
        corpus = "" if whole else self.blocks_key
        return key_of(__version__, self._model_key, self.settings.device, *size, config.line_by_line, corpus)

    @property
    def _model_key(self) -> list:
        """The name of the model and the state of its files, which change with a download."""
        ref = self.catalogue.find_or_base(self.model)
        return [ref.name, ref.version, *_state_of(ref)]

    def _budget(self, report: dict, blocks: int, step: StepCost) -> dict:
        """Return the fields of a report that depend on the budget: time of an epoch, memory, verdict."""
        seconds = step.seconds * max(1, blocks / self.config.batch_size)
        count = epochs(self.config, blocks, seconds)
        conclusion, advice = verdict(
            report["tokens"], count, budget_phrase(self.config), cut_short=report["cut_short"]
        )
        return {
            "seconds_a_pass": seconds,
            "memory_megabytes": step.megabytes,
            "verdict": conclusion,
            "advice": advice,
        }


def limit_memory_of_model(settings: Settings) -> None:
    """Limit this process from here on, where it works with a model, as it was limited while it read the files.

    Not where there is a GPU: its driver reserves far more memory than it uses, even if no GPU is used.
    """
    import torch

    lift_limit()
    if not torch.cuda.is_available():
        limit_memory(settings.max_run_megabytes)


def load_model(
    name: str,
    settings: Settings,
    catalogue: Catalogue,
    on_progress: Callable[[str], None],
    *,
    to_train: bool = True,
) -> "MaskedLM":
    """Load a model by its name, or the built-in general one; raises ModelError.

    to_train: load transformers' own class, which can be trained and saved.
    """
    from mlm_demo.models.native_bert.loader import load_native

    ref = catalogue.find_or_base(name)
    if not to_train and (mlm := load_native(ref, settings.device)):
        return mlm
    from mlm_demo.models.hub import DownloadPolicy
    from mlm_demo.models.loader import load

    return load(
        ref,
        device=settings.device,
        policy=DownloadPolicy.of(settings),
        # Loading reports 1 at its start: with a percentage it would look done.
        on_progress=lambda share, stage: on_progress(f"{stage} {share:.0%}" if 0 < share < 1 else stage),
    )


def _state_of(ref: ModelRef) -> list:
    """Return name, size and time of each file of a model; [] if it is not downloaded yet."""
    folder = ref.folder
    files = sorted(path for path in folder.iterdir() if path.is_file()) if folder else []
    return [[path.name, path.stat().st_size, path.stat().st_mtime_ns] for path in files]
