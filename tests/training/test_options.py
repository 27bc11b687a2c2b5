from dataclasses import dataclass

import pytest

from mlm_demo.errors import TrainingError
from mlm_demo.training.options import budget_phrase, check_options, option, to_argv


@dataclass(frozen=True)
class Config:
    epochs: float | None = option(None, "epochs", "E", above=0, most=10)
    max_steps: int | None = option(None, "steps", "N", above=0, most=10)
    minutes: float | None = option(None, "minutes", "T", above=0, most=10)
    rate: float = option(2e-4, "rate", "R", above=0, most=0.1)
    share: float = option(0.0, "share", "S", least=0, most=0.9)
    whole: bool = option(False, "whole")

    def __post_init__(self):
        check_options(self)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, r"The budget is one of epochs, max_steps and minutes \(none given\)"),
        ({"epochs": 1, "minutes": 1}, r"\(epochs, minutes given\)"),
        ({"max_steps": 0}, "max_steps is 0; it must be above 0 and at most 10"),
        ({"epochs": 11}, "epochs is 11; it must be above 0 and at most 10"),
        ({"epochs": 1, "rate": "high"}, "rate is 'high'; it must be above 0"),
        ({"epochs": 1, "share": -0.1}, r"share is -0.1; it must be from 0 to 0\.9"),
        ({"epochs": 1, "rate": None}, "rate is None; it must be above 0"),
    ],
)
def test_a_value_out_of_its_range_is_named(values, message):
    with pytest.raises(TrainingError, match=message):
        Config(**values)


def test_the_command_line_holds_what_differs_from_the_defaults():
    defaults = Config(max_steps=1)
    assert to_argv(Config(max_steps=1), defaults) == ["--max-steps", "1"]
    argv = to_argv(Config(minutes=0.5, rate=1 / 3000, whole=True), defaults)
    assert argv == ["--minutes", "0.5", "--rate", repr(1 / 3000), "--whole"]


@pytest.mark.parametrize(
    ("budget", "phrase"),
    [
        ({"minutes": 1}, "1 minute"),
        ({"minutes": 2.5}, "2.5 minutes"),
        ({"max_steps": 1}, "1 step"),
        ({"epochs": 2}, "2 epochs"),
    ],
)
def test_a_budget_as_a_phrase(budget, phrase):
    assert budget_phrase(Config(**budget)) == phrase
