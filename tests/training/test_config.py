import pytest

from mlm_demo.errors import TrainingError
from mlm_demo.training.config import AdaptConfig, epochs, verdict


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, r"The budget is one of epochs, max_steps and minutes \(none given\)"),
        ({"max_steps": 1, "seed": -1}, "seed is -1; it must be from 0 to 4,294,967,195"),
        ({"epochs": 1, "minutes": 1}, r"\(epochs, minutes given\); choose one"),
        ({"minutes": 0}, "minutes is 0; it must be above 0"),
        ({"max_steps": -1}, "max_steps is -1"),
        ({"max_steps": 1, "mlm_probability": 1}, "mlm_probability is 1; it must be above 0 and at most 0.9"),
        ({"max_steps": 1, "learning_rate": 1}, "learning_rate is 1"),
        ({"max_steps": 1, "learning_rate": float("nan")}, "learning_rate is nan"),
        ({"max_steps": 1, "replay": 1}, "replay is 1; it must be from 0 to 0.9"),
        ({"max_steps": 1, "batch_size": 0}, "batch_size is 0"),
        ({"max_steps": 1, "weight_decay": -1}, "weight_decay is -1; it must be from 0 to 1"),
        (
            {"max_steps": 1, "schedule": "step"},
            "schedule is 'step'; choose linear-to-third or linear or",
        ),
        (
            {"max_steps": 1, "batch_size": 6, "gradient_accumulation_steps": 4},
            "is 4, which does not divide the batch of 6 blocks; choose 1, 2, 3 or 6",
        ),
    ],
)
def test_an_option_out_of_range_is_named(options, message):
    with pytest.raises(TrainingError, match=message):
        AdaptConfig(**options)


@pytest.mark.parametrize(
    ("tokens", "epochs", "conclusion", "advice"),
    [
        (1_000, None, "too small", "a run is worth trying"),
        (1_000, 0.45, "too small", "One minute covers about 45% of your text."),
        (1_000, 12.3, "too small", "One minute covers your text about 12 times."),
        (90_000, None, "enough", ""),
        (90_000, 1.2, "enough", "One minute covers your text about once."),
        (90_000, 0.5, "larger than this run can cover", "One minute covers about 50% of your text."),
    ],
)
def test_a_verdict_depends_on_the_tokens_and_the_epochs(tokens, epochs, conclusion, advice):
    found, given = verdict(tokens, epochs, "1 minute")
    assert found == conclusion
    assert advice in given


def test_a_corpus_that_is_cut_short_is_reported_first():
    assert verdict(9_000_000, 0.5, "30 minutes", cut_short="Too long.") == (
        "larger than the limit",
        "Too long. 30 minutes cover about 50% of your text.",
    )


def test_epochs_follow_from_the_budget():
    assert epochs(AdaptConfig(epochs=3), 100, None) == 3
    assert epochs(AdaptConfig(max_steps=50, batch_size=4), 100, None) == 2
    assert epochs(AdaptConfig(max_steps=100, batch_size=16), 4, None) == 100
    assert epochs(AdaptConfig(max_steps=100, batch_size=16), 17, None) == 50
    assert epochs(AdaptConfig(minutes=1), 100, 28.2) == pytest.approx(2)
    assert epochs(AdaptConfig(minutes=1), 100, None) is None
