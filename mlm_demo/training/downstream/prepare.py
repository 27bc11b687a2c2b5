"""Prepare fine-tuning: read the examples, hold some out, load the base model. Each happens once.

torch is imported after the files have been read, so an unreadable file is refused at once.
"""

import hashlib
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlm_demo.corpus.documents import ReadLimits
from mlm_demo.corpus.examples.answers import read_answers
from mlm_demo.corpus.examples.evidence import read_evidence
from mlm_demo.corpus.examples.example import Examples
from mlm_demo.corpus.examples.split import split_examples
from mlm_demo.errors import CorpusError
from mlm_demo.models.catalogue import Catalogue
from mlm_demo.models.tasks import ANSWERS, EVIDENCE
from mlm_demo.settings import Settings
from mlm_demo.system.memory import limit_memory
from mlm_demo.training.downstream.config import HALF, FinetuneConfig
from mlm_demo.training.prepare import limit_memory_of_model, no_progress

if TYPE_CHECKING:
    from mlm_demo.training.downstream.result import FinetuneResult

READERS = {EVIDENCE: read_evidence, ANSWERS: read_answers}
HELD_OUT = 0.2  # of the examples, to choose and to judge by
FIRST = 5  # examples that a person looks at before training
MOST_HELD_OUT = 2_000  # more would take longer than they narrow the intervals


class FinetunePreparation:
    """What fine-tuning starts from.

    task: `evidence` or `answers`; model: a name for `load_base`, empty for the default model.
    """

    def __init__(
        self,
        files: Sequence[Path],
        task: str,
        config: FinetuneConfig,
        settings: Settings,
        catalogue: Catalogue,
        *,
        model: str = "",
        on_progress: Callable[[str], None] = no_progress,
    ):
        self.files, self.task, self.config = files, task, config
        self.settings, self.catalogue, self.model = settings, catalogue, model
        self.on_progress = on_progress

    @cached_property
    def examples(self) -> Examples:
        """The examples, read within the memory limit of a run; raises CorpusError."""
        limit_memory(self.settings.max_run_megabytes)
        self.on_progress("reading the examples")
        return READERS[self.task](self.files, ReadLimits.of(self.settings))

    @cached_property
    def parts(self) -> tuple[list[Any], list[Any]]:
        """The examples to train on and those held out, of different articles; raises CorpusError."""
        examples = self.examples.examples
        share = min(HELD_OUT, MOST_HELD_OUT / len(examples))
        training, held_out = split_examples(examples, self.config.seed, share)
        if len(held_out) < 2:
            raise CorpusError(
                f"The files hold {len(examples)} questions, too few to train, choose and judge by; some ten are the "
                "least. Add more questions."
            )
        split_examples(held_out, self.config.seed, HALF)  # as the run will, before it has begun
        return training, held_out

    @property
    def report(self) -> dict:
        """What the examples are, as JSON."""
        training, held_out = self.parts
        examples = self.examples
        return {
            "task": self.task,
            "examples": len(examples.examples),
            "training": len(training),
            "held_out": len(held_out),
            "groups": len({example.group for example in examples.examples}),
            "notes": list(examples.notes),
            "dropped": [f"{item.source}: {item.reason}" for item in examples.dropped],
        }

    @property
    def first(self) -> list[tuple[str, str]]:
        """The first questions, each with what answers it; not part of the report, which others may see."""
        return [(example.question, example.right) for example in self.examples.examples[:FIRST]]

    @cached_property
    def sha256(self) -> str:
        """A hash of the files."""
        digest = hashlib.sha256()
        for path in self.files:
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
        return digest.hexdigest()

    def finetune(
        self,
        output: Path,
        *,
        resume: bool,
        on_progress: Callable[[dict], None],
        should_stop: Callable[[], bool],
    ) -> "FinetuneResult":
        """Train, judge and save; see `finetune.finetune`. Raises CorpusError, ModelError, TrainingError."""
        training, held_out = self.parts
        from mlm_demo.training.downstream.base import load_base
        from mlm_demo.training.downstream.finetune import finetune
        from mlm_demo.training.downstream.tasks import TASKS

        limit_memory_of_model(self.settings)
        base, lineage = load_base(self.model, self.task, self.settings, self.catalogue, self.on_progress)
        return finetune(
            base,
            TASKS[self.task],
            training,
            held_out,
            self.config,
            output,
            sha256=self.sha256,
            lineage=lineage,
            resume=resume,
            on_progress=on_progress,
            should_stop=should_stop,
        )
