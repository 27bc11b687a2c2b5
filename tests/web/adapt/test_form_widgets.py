import pytest

from mlm_demo.errors import TrainingError
from tests.support.adapt_form import chosen, form_page
from tests.support.runs import waiting_service


@pytest.fixture
def form(tmp_path):
    return form_page(waiting_service(tmp_path / "data")).form


def test_the_form_as_drawn_is_the_commands_default(form):
    assert chosen(form).to_argv() == ["--model", "general", "--minutes", "1"]


def test_steps_replace_the_time(form):
    argv = chosen(form, steps=30.0, replay=True, column=" text ").to_argv()
    assert argv == ["--model", "general", "--column", "text", "--max-steps", "30", "--replay", "0.1"]


def test_an_empty_field_means_its_default(form):
    empty = dict.fromkeys(("steps", "rate", "masked", "batch", "block", "seed", "column", "model"))
    assert chosen(form, **empty).to_argv() == ["--model", "general", "--minutes", "1"]


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("steps", -1, "max_steps is -1; it must be above 0"),
        ("steps", 2.5, "max_steps is 2.5; it must be a whole number"),
        ("rate", -1, "learning_rate is -1.0"),
        ("masked", 0, "mlm_probability is 0"),
        ("masked", 95, "mlm_probability is 0.95; it must be above 0 and at most 0.9"),
        ("batch", 0, "batch_size is 0"),
        ("block", 1e9, "block_size is 1000000000"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused(form, name, value, message):
    with pytest.raises(TrainingError, match=message):
        chosen(form, **{name: value})


def test_near_duplicates_can_be_kept(form):
    assert chosen(form, near=True).to_argv() == [
        "--model", "general", "--minutes", "1", "--keep-near-duplicates",
    ]  # fmt: skip
