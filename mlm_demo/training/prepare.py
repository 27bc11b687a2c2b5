"""What lies between a corpus and its training: the model, the blocks, a trial of this machine, the report.

What trains is imported when something is trained: a report alone, where a trial was made before, does without.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from mlm_demo.corpus.corpus import Corpus
from mlm_demo.models.catalogue import Catalogue
from mlm_demo.models.masked_lm import MaskedLM
from mlm_demo.models.native_bert.loader import load_native
from mlm_demo.settings import Settings
from mlm_demo.system.memory import lift_limit, limit_memory
from mlm_demo.training.config import AdaptConfig, epochs
from mlm_demo.training.corpus_report import Report, make_report
from mlm_demo.training.dataset import general_texts, make_blocks
from mlm_demo.training.packing import Blocks
from mlm_demo.training.result import AdaptationResult


@dataclass(frozen=True)
class Prepared:
    """What is there before the training: all that was read and measured."""

    mlm: MaskedLM
    corpus: Corpus
    config: AdaptConfig
    blocks: Blocks
    seconds_a_step: float
    report: Report

    def adapt(
        self,
        output: Path,
        *,
        resume: bool,
        on_progress: Callable[[dict], None],
        should_stop: Callable[[], bool],
    ) -> AdaptationResult:
        """Train, judge and write, as `adapt.adapt` has it."""
        from mlm_demo.training.adapt import adapt

        return adapt(
            self.mlm,
            self.corpus,
            self.config,
            output,
            resume=resume,
            blocks=self.blocks,
            step_time=self.seconds_a_step,
            on_progress=on_progress,
            should_stop=should_stop,
        )


def prepare(
    corpus: Corpus,
    options: argparse.Namespace,
    settings: Settings,
    catalogue: Catalogue,
    config: AdaptConfig,
    tell: Callable[[str], None],
) -> Prepared:
    """Load the model, time a few steps (unless that was done before), report; raises ModelError, TrainingError."""
    lift_limit()  # a GPU's driver reserves far more than is used, where it is only looked for already
    if not torch.cuda.is_available():
        limit_memory(settings.max_run_megabytes)
    mlm = load_model(
        options.model, settings, catalogue, tell, to_train=not (options.report and options.trial)
    )
    replay, general = general_texts()
    blocks = make_blocks(mlm, corpus.training, replay, config)
    if options.trial:
        seconds_a_step, megabytes = options.trial
    else:
        from mlm_demo.training.masking import make_masking
        from mlm_demo.training.step_time import measure_step_time
        from mlm_demo.training.train import no_dropout, peak_megabytes

        tell("measuring this machine")
        no_dropout(mlm)
        seconds_a_step = measure_step_time(mlm, blocks, make_masking(mlm, config), config)
        megabytes = peak_megabytes(mlm.device)
    seconds_a_pass = seconds_a_step * max(1, len(blocks) / config.batch_size)
    report = make_report(
        corpus,
        blocks.of_documents(),
        mlm.tokenizer,
        [*replay, *general],
        seconds_a_pass=seconds_a_pass,
        memory_megabytes=megabytes,
        epochs=epochs(config, len(blocks), seconds_a_pass),
    )
    return Prepared(mlm, corpus, config, blocks, seconds_a_step, report)


def load_model(
    name: str,
    settings: Settings,
    catalogue: Catalogue,
    tell: Callable[[str], None],
    *,
    to_train: bool = True,
) -> MaskedLM:
    """The model of a name, or the first that needs no download; raises ModelError.

    to_train: transformers' own, which can be trained and saved.
    """
    ref = catalogue.find_or_default(name)
    if not to_train and (mlm := load_native(ref, settings.device)):
        return mlm
    from mlm_demo.models.hub import DownloadPolicy
    from mlm_demo.models.loader import load

    return load(
        ref,
        device=settings.device,
        policy=DownloadPolicy.of(settings),
        on_progress=lambda share, what: tell(f"{what} {share:.0%}"),
    )
