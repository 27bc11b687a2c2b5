"""The options of a run, the epochs that they amount to, and a verdict on the size of the corpus.

Imports nothing heavy, so the page can check a run before it starts.
"""

import math
from dataclasses import dataclass
from typing import ClassVar, Protocol

from mlm_demo.errors import TrainingError
from mlm_demo.training.options import MOST_SEED, check_options, option

EVALUATION_SHARE = 0.06  # of a run's time: the evaluations during training
PATIENCE = 3  # evaluations without a lower eval loss before a run ends early
ENOUGH_TOKENS = 50_000
WEIGHT_DECAY = 0.01
SCHEDULES = ("linear-to-third", "linear", "cosine", "constant")  # of the learning rate after the warm-up
MOST_MASKED_AT_END = 0.15  # of the tokens, in the last part of a run
PRICE_OF_FORGETTING = 2.0  # nats learned of the domain that make up for a nat forgotten of general English


class MaskedLMConfig(Protocol):
    """What blocks, masks and steps need of the options of any masked-language-model training; a dataclass."""

    epochs: float | None
    max_steps: int | None
    minutes: float | None
    mlm_probability: float
    final_mlm_probability: float
    whole_word: bool
    learning_rate: float
    batch_size: int
    block_size: int
    seed: int
    replay: float
    line_by_line: bool


@dataclass(frozen=True)
class AdaptConfig:
    """The options of a run. Exactly one of epochs, max_steps and minutes is its budget.

    docs/decisions/training.md gives the reasons for the other defaults.
    """

    epochs: float | None = option(None, "train for this many epochs", "E", above=0, most=100_000)
    max_steps: int | None = option(None, "train for this many steps", "N", above=0, most=100_000)
    minutes: float | None = option(None, "train for this many minutes", "T", above=0, most=100_000)
    mlm_probability: float = option(
        0.3, "share of the tokens to mask; 0.15 at most in the last fifth of a run", "P", above=0, most=0.9
    )
    whole_word: bool = option(False, "mask whole words")
    learning_rate: float = option(2e-4, "peak learning rate", "L", above=0, most=0.1)
    batch_size: int = option(16, "blocks per step", "B", above=0, most=4096)
    block_size: int = option(128, "tokens per block", "L", above=0, most=8192)
    seed: int = option(
        0, "seed of the held-out split, the masks and the order of the blocks", "S", least=0, most=MOST_SEED
    )
    replay: float = option(
        0.0, "share of general text mixed in to reduce forgetting, such as 0.1", "R", least=0, most=0.9
    )
    line_by_line: bool = option(False, "make each line a block of its own, without packing")
    keep_near_duplicates: bool = option(False, "keep paragraphs that are nearly the same as earlier ones")
    gradient_accumulation_steps: int = option(
        1, "compute each step's batch in this many parts, which takes less memory", "N", above=0, most=4096
    )
    weight_decay: float = option(WEIGHT_DECAY, "decoupled weight decay of AdamW", "W", least=0, most=1)
    schedule: str = option(
        "linear-to-third",
        "how the learning rate falls after the warm-up: to a third, to 0 (linear, cosine) or not at all (constant)",
        choices=SCHEDULES,
    )

    item: ClassVar = "block"  # of which a batch consists

    @property
    def length(self) -> int:
        """The tokens of a block, at most."""
        return self.block_size

    @property
    def final_mlm_probability(self) -> float:
        """The share of the tokens to mask in the last part of the run."""
        return min(self.mlm_probability, MOST_MASKED_AT_END)

    def __post_init__(self):
        check_options(self)
        if self.batch_size % self.gradient_accumulation_steps:
            divisors = [n for n in range(1, self.batch_size + 1) if not self.batch_size % n]
            raise TrainingError(
                f"gradient_accumulation_steps is {self.gradient_accumulation_steps}, which does not divide the batch "
                f"of {self.batch_size} blocks; choose {', '.join(map(str, divisors[:-1]))} or {divisors[-1]}."
            )


def steps_per_epoch(items: int, batch_size: int) -> int:
    """Return the steps of a pass over a number of items, such as blocks; the last batch may be smaller."""
    return max(1, math.ceil(items / batch_size))


def steps_of_epochs(epochs: float, items: int, batch_size: int) -> int:
    """Return the steps of a number of passes over some items, such as blocks."""
    return max(1, round(epochs * steps_per_epoch(items, batch_size)))


def epochs(config: MaskedLMConfig, blocks: int, seconds_per_epoch: float | None) -> float | None:
    """Return how many epochs a run trains for; None if that depends on a step time that was not measured."""
    if config.epochs is not None:
        return config.epochs
    if config.max_steps is not None:
        return config.max_steps / steps_per_epoch(blocks, config.batch_size)
    return seconds_per_epoch and config.minutes * 60 * (1 - EVALUATION_SHARE) / seconds_per_epoch


def verdict(tokens: int, epochs: float | None, budget: str, *, cut_short: str = "") -> tuple[str, str]:
    """Return `too small`, `enough`, `larger than this run can cover` or `larger than the limit`, and advice.

    epochs: how many epochs the run trains for over its `tokens`, None if unknown; budget: of the run, as a phrase;
    cut_short: a sentence if only a part of the corpus is used at all.
    """
    coverage = ""
    if epochs is not None:
        covers = f"One{budget[1:]} covers" if budget.startswith("1 ") else f"{budget} cover"
        coverage = (
            f"{covers} about {epochs:.0%} of your text."
            if epochs < 0.95
            else f"{covers} your text {_times(epochs)}."
        )
    if cut_short:
        return "larger than the limit", f"{cut_short} {coverage}".rstrip()
    if tokens < ENOUGH_TOKENS:
        advice = f"{ENOUGH_TOKENS:,} tokens or more work better, but a run is worth trying."
        return "too small", f"{advice} {coverage}".rstrip()
    if epochs is not None and epochs < 0.95:
        return "larger than this run can cover", coverage
    return "enough", coverage


def _times(epochs: float) -> str:
    return "about once" if epochs < 1.5 else f"about {epochs:,.0f} times"
