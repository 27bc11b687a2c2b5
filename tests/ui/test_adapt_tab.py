import pytest

from mlm_demo.adaptations import SAMPLE, Adaptations
from mlm_demo.errors import TrainingError
from mlm_demo.settings import Settings
from mlm_demo.ui.adapt_tab import chosen, read

FORM = {
    "model": "general", "minutes": 1, "steps": 0, "rate": 2e-4, "hidden": 15, "whole": False, "batch": 16,
    "block": 128, "replay": False, "column": "", "seed": 0,
}  # fmt: skip


def test_the_form_as_it_stands_is_the_commands_default():
    assert chosen(**FORM).words() == ["--model", "general", "--minutes", "1"]


def test_steps_stand_in_for_a_time():
    words = chosen(**{**FORM, "steps": 30.0, "replay": True, "column": " text "}).words()
    assert words == ["--model", "general", "--column", "text", "--max-steps", "30", "--replay", "0.1"]


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("steps", -1, "max_steps is -1; it must be above 0"),
        ("steps", 2.5, "max_steps is 2.5; it must be a whole number"),
        ("rate", -1, "learning_rate is -1.0"),
        ("hidden", 0, "mlm_probability is 0"),
        ("hidden", 95, "mlm_probability is 0.95; it must be above 0 and at most 0.9"),
        ("batch", 0, "batch_size is 0"),
        ("block", 1e9, "block_size is 1000000000"),
    ],
)
def test_a_value_that_cannot_be_used_is_told(name, value, message):
    with pytest.raises(TrainingError, match=message):
        chosen(**{**FORM, name: value})


def test_the_sample_corpus_is_told_and_stays_where_it_is(tmp_path):
    adaptations = Adaptations(Settings(device="cpu", data=str(tmp_path)))
    choices = chosen(**FORM)
    draft, html = read(adaptations, [str(SAMPLE)], "", choices, False, lambda what: None)
    assert "1: beekeeping.txt" in html
    assert SAMPLE.is_file()
    again, _ = read(adaptations, [], draft, choices, False, lambda what: None)
    assert again == draft
