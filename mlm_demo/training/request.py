"""From the options of a command line to a configuration and a corpus; torch is not imported."""

import argparse
from collections.abc import Callable

from mlm_demo.corpus.corpus import Corpus, read_corpus
from mlm_demo.corpus.documents import ReadLimits
from mlm_demo.settings import Settings
from mlm_demo.system.memory import limit_memory
from mlm_demo.training.config import AdaptConfig


def read_files(
    options: argparse.Namespace, settings: Settings, config: AdaptConfig, tell: Callable[[str], None]
) -> Corpus:
    """Read the files of `adapt`, within the memory that a run may take; raises CorpusError."""
    limit_memory(settings.max_run_megabytes)
    return read_corpus(
        options.files,
        column=options.column,
        seed=config.seed,
        limits=ReadLimits.of(settings),
        on_progress=tell,
    )


def config_of(options: argparse.Namespace) -> AdaptConfig:
    """The options given, over the defaults of AdaptConfig."""
    names = ("mlm_probability", "learning_rate", "batch_size", "block_size", "replay", "seed")
    given = {name: getattr(options, name) for name in names if getattr(options, name) is not None}
    budget = {name: getattr(options, name) for name in ("minutes", "epochs", "max_steps")}
    if not any(value is not None for value in budget.values()):
        budget["minutes"] = 10.0
    return AdaptConfig(**budget, **given, whole_word=options.whole_word, line_by_line=options.line_by_line)
