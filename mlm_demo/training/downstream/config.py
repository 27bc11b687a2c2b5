"""The options of a fine-tuning run. Imports nothing heavy."""

from dataclasses import dataclass
from typing import ClassVar

from mlm_demo.training.config import WEIGHT_DECAY
from mlm_demo.training.options import MOST_SEED, check_options, option

HALF = 0.5  # of the held-out examples choose, the others judge


@dataclass(frozen=True)
class FinetuneConfig:
    """The options of a run, for all of its seeds. Exactly one of epochs, max_steps and minutes is its budget.

    minutes: of all seeds together; epochs and max_steps: of each. docs/decisions/downstream.md gives the reasons for
    the defaults.
    """

    epochs: float | None = option(None, "train each seed for this many epochs", "E", above=0, most=1_000)
    max_steps: int | None = option(None, "train each seed for this many steps", "N", above=0, most=100_000)
    minutes: float | None = option(
        None, "train for this many minutes, all seeds together", "T", above=0, most=100_000
    )
    learning_rate: float = option(5e-5, "peak learning rate", "L", above=0, most=0.1)
    batch_size: int = option(16, "questions per step", "B", above=0, most=4096)
    seeds: int = option(
        3, "how many times to train, each time from other random numbers", "N", above=0, most=100
    )
    seed: int = option(0, "the first of the seeds", "S", least=0, most=MOST_SEED)

    gradient_accumulation_steps: ClassVar = 1
    weight_decay: ClassVar = WEIGHT_DECAY
    schedule: ClassVar = "linear"
    item: ClassVar = "question"  # of which a batch consists
    length: ClassVar = 384  # tokens of a question with its text, at most

    def __post_init__(self):
        check_options(self)
