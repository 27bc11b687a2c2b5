"""The options of a run as fields of a dataclass: help text and range of each, from which the command line is made.

Imports nothing heavy, so the page can check a run before it starts.
"""

from dataclasses import field, fields
from typing import Any

from mlm_demo.errors import TrainingError

BUDGETS = ("epochs", "max_steps", "minutes")


def option(
    default: Any,
    help: str,
    metavar: str = "",
    *,
    above: float | None = None,
    least: float | None = None,
    most: float = 0,
) -> Any:
    """Return a field with its help text and its range: above `above` or from `least`, up to `most`."""
    return field(
        default=default,
        metadata={"help": help, "metavar": metavar, "above": above, "least": least, "most": most},
    )


def check_options(config: Any) -> None:
    """Raise TrainingError for a value out of its range, and unless exactly one of BUDGETS is given.

    config: a dataclass whose fields are made by `option`.
    """
    budget = [name for name in BUDGETS if getattr(config, name) is not None]
    if len(budget) != 1:
        given = ", ".join(budget) or "none"
        raise TrainingError(
            f"The budget is one of epochs, max_steps and minutes ({given} given); choose one."
        )
    for one in fields(config):
        value, limits = getattr(config, one.name), one.metadata
        if not limits["most"] or (one.name in BUDGETS and value is None):
            continue
        above, least, most = (limits[name] for name in ("above", "least", "most"))
        number = isinstance(value, int | float)
        if above is not None and not (number and above < value <= most):
            raise TrainingError(f"{one.name} is {value!r}; it must be above {above} and at most {most:,}.")
        if least is not None and not (number and least <= value <= most):
            raise TrainingError(f"{one.name} is {value!r}; it must be from {least} to {most:,}.")
