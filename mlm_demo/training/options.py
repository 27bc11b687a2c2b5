"""The options of a run as fields of a dataclass: help text and range of each, from which the command line is made.

Imports nothing heavy, so the page can check a run before it starts.
"""

from dataclasses import Field, asdict, field, fields
from typing import Any

from mlm_demo.errors import TrainingError

DEFAULT_MINUTES = 10.0  # of a run whose budget nobody has given
BUDGETS = ("epochs", "max_steps", "minutes")
MOST_SEED = 2**32 - 101  # numpy's limit, less the seeds that a fine-tuning counts up


def option(
    default: Any,
    help: str,
    metavar: str = "",
    *,
    above: float | None = None,
    least: float | None = None,
    most: float = 0,
    choices: tuple[str, ...] = (),
) -> Any:
    """Return a field with its help text and its range: above `above` or from `least`, up to `most`; or its choices."""
    limits = {"above": above, "least": least, "most": most, "choices": choices}
    return field(default=default, metadata={"help": help, "metavar": metavar, **limits})


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
        value = getattr(config, one.name)
        if one.name not in BUDGETS or value is not None:
            check_option(one, value)


def check_option(option: Field, value: Any) -> None:
    """Raise TrainingError for a value out of the range of an option, a field that is made by `option`."""
    name, limits = option.name, option.metadata
    if limits["choices"] and value not in limits["choices"]:
        raise TrainingError(f"{name} is {value!r}; choose {' or '.join(limits['choices'])}.")
    if not limits["most"]:
        return
    above, least, most = (limits[key] for key in ("above", "least", "most"))
    number = isinstance(value, int | float)
    if above is not None and not (number and above < value <= most):
        raise TrainingError(f"{name} is {value!r}; it must be above {above} and at most {most:,}.")
    if least is not None and not (number and least <= value <= most):
        raise TrainingError(f"{name} is {value!r}; it must be from {least} to {most:,}.")


def to_argv(config: Any, defaults: Any) -> list[str]:
    """Return the options that differ from the defaults, and the budget, as the command line takes them.

    defaults: the same dataclass with max_steps as its budget.
    """
    argv, default = [], asdict(defaults)
    for name, value in asdict(config).items():
        if value is None or (value == default[name] and name != "max_steps"):
            continue
        option_name = f"--{name.replace('_', '-')}"
        text = value if isinstance(value, str) else _plain_number(value)
        argv += [option_name] if value is True else [option_name, text]
    return argv


def _plain_number(value: float) -> str:
    """Return a number in the short form of `:g` if that loses no digits."""
    return f"{value:g}" if float(f"{value:g}") == value else repr(value)


def budget_phrase(config: Any) -> str:
    """Return the budget as a phrase, such as `5 minutes`."""
    if config.minutes is not None:
        return f"{config.minutes:g} minute{'s' * (config.minutes != 1)}"
    if config.max_steps is not None:
        return f"{config.max_steps:,} step{'s' * (config.max_steps != 1)}"
    return f"{config.epochs:g} epoch{'s' * (config.epochs != 1)}"
