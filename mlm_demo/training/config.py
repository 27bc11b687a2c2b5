"""What a person chooses for a run; nothing heavy is imported, so that a page can check it before a run begins."""

from dataclasses import dataclass, field, fields
from typing import Any

from mlm_demo.errors import TrainingError

BUDGETS = ("epochs", "max_steps", "minutes")
SHARE_FOR_WATCHING = 0.06  # of a run's time: the evaluations on its way


def _option(
    default: Any,
    help: str,
    metavar: str = "",
    *,
    above: float | None = None,
    least: float | None = None,
    most: float = 0,
) -> Any:
    """Return a field with what a command line and a check need to know; its value is above `above` or from `least`."""
    return field(
        default=default,
        metadata={"help": help, "metavar": metavar, "above": above, "least": least, "most": most},
    )


@dataclass(frozen=True)
class AdaptConfig:
    """What a person can choose. One of epochs, max_steps and minutes is the budget; the rest have defaults that
    docs/decisions.md argues for."""

    epochs: float | None = _option(None, "train for so many epochs", "E", above=0, most=100_000)
    max_steps: int | None = _option(None, "train for so many steps", "N", above=0, most=100_000)
    minutes: float | None = _option(None, "train for so many minutes", "T", above=0, most=100_000)
    mlm_probability: float = _option(0.15, "share of the tokens to mask", "P", above=0, most=0.9)
    whole_word: bool = _option(False, "mask whole words")
    learning_rate: float = _option(2e-4, "highest learning rate", "L", above=0, most=0.1)
    batch_size: int = _option(16, "blocks per step", "B", above=0, most=4096)
    block_size: int = _option(128, "tokens per block", "L", above=0, most=8192)
    seed: int = _option(0, "seed of the held-out part, the masks and the order of the blocks", "S")
    replay: float = _option(
        0.0, "share of general text mixed in against forgetting, such as 0.1", "R", least=0, most=0.9
    )
    line_by_line: bool = _option(False, "make a block of each line, and pack none together")

    def __post_init__(self):
        budget = [name for name in BUDGETS if getattr(self, name) is not None]
        if len(budget) != 1:
            given = ", ".join(budget) or "none"
            raise TrainingError(
                f"The budget is one of epochs, max_steps and minutes ({given} given); choose one."
            )
        for one in fields(self):
            value, limits = getattr(self, one.name), one.metadata
            if not limits["most"] or (one.name in BUDGETS and value is None):
                continue
            above, least, most = (limits[name] for name in ("above", "least", "most"))
            number = isinstance(value, int | float)
            if above is not None and not (number and above < value <= most):
                raise TrainingError(
                    f"{one.name} is {value!r}; it must be above {above} and at most {most:,}."
                )
            if least is not None and not (number and least <= value <= most):
                raise TrainingError(f"{one.name} is {value!r}; it must be from {least} to {most:,}.")
