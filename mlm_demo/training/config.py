"""The options of a run, how many epochs they come to, and whether the corpus is of a good size for them.

Imports nothing heavy, so that the page can check a run before it starts.
"""

from dataclasses import asdict, dataclass

from mlm_demo.errors import TrainingError

EVALUATION_SHARE = 0.06  # of a run's time: the evaluations during training
PATIENCE = 3  # evaluations without a lower eval loss before a run ends early
ENOUGH_TOKENS = 50_000


@dataclass(frozen=True)
class AdaptConfig:
    """The options of a run. Exactly one of epochs, max_steps and minutes is its budget.

    docs/decisions/training.md gives the reasons for the other defaults.
    """

    epochs: float | None = None
    max_steps: int | None = None
    minutes: float | None = None
    mlm_probability: float = 0.15
    whole_word: bool = False
    learning_rate: float = 2e-4
    batch_size: int = 16
    block_size: int = 128
    seed: int = 0
    replay: float = 0.0
    line_by_line: bool = False

    def __post_init__(self):
        budget = {
            k: v for k, v in asdict(self).items() if k in ("epochs", "max_steps", "minutes") and v is not None
        }
        if len(budget) != 1:
            given = ", ".join(budget) or "none"
            raise TrainingError(
                f"The budget is one of epochs, max_steps and minutes ({given} given); choose one."
            )
        for name, low, high in (
            *((name, 0, 100_000) for name in budget),
            ("mlm_probability", 0, 0.9),
            ("learning_rate", 0, 0.1),
            ("batch_size", 0, 4096),
            ("block_size", 0, 8192),
        ):
            value = getattr(self, name)
            if not (isinstance(value, int | float) and low < value <= high):
                raise TrainingError(f"{name} is {value!r}; it must be above {low} and at most {high:,}.")
        if not 0 <= self.replay <= 0.9:
            raise TrainingError(f"replay is {self.replay!r}; it must be from 0 to 0.9.")


def epochs(config: AdaptConfig, blocks: int, seconds_per_epoch: float | None) -> float | None:
    """Return how many epochs a run trains for; None if that depends on a step time that was not measured."""
    if config.epochs is not None:
        return config.epochs
    if config.max_steps is not None:
        return config.max_steps * config.batch_size / max(blocks, 1)
    return seconds_per_epoch and config.minutes * 60 * (1 - EVALUATION_SHARE) / seconds_per_epoch


def verdict(tokens: int, epochs: float | None, *, cut_short: str = "") -> tuple[str, str]:
    """Return `too small`, `enough`, `more than this run will read` or `more than is read`, and advice.

    epochs: how many epochs the run trains for over its `tokens`, None if unknown; cut_short: a sentence if only a part
    of the corpus is used at all.
    """
    coverage = ""
    if epochs is not None:
        coverage = (
            f"This run reads about {epochs:.0%} of it."
            if epochs < 0.95
            else f"This run reads it {_times(epochs)}."
        )
    if cut_short:
        return "more than is read", f"{cut_short} {coverage}".rstrip()
    if tokens < ENOUGH_TOKENS:
        advice = f"{ENOUGH_TOKENS:,} tokens or more work better, but it is worth a try: the result will show."
        return "too small", f"{advice} {coverage}".rstrip()
    if epochs is not None and epochs < 0.95:
        return "more than this run will read", coverage
    return "enough", coverage


def _times(epochs: float) -> str:
    return "about once" if epochs < 1.5 else f"about {epochs:,.0f} times"
