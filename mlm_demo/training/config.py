"""What a person chooses for a run; nothing heavy is imported, so that a page can check it before a run begins."""

from dataclasses import asdict, dataclass

from mlm_demo.errors import TrainingError

SHARE_FOR_WATCHING = 0.06  # of a run's time: the evaluations on its way


@dataclass(frozen=True)
class AdaptConfig:
    """What a person can choose. One of epochs, max_steps and minutes is the budget; the rest have defaults that
    docs/decisions.md argues for."""

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
