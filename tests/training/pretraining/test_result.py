import pytest

from mlm_demo.training.pretraining.model_card import model_card
from mlm_demo.training.pretraining.result import read_pretrain_result
from tests.support.pretrain_results import RESULT_JSON, pretrain_result
from tests.support.results import TRAINING, part


@pytest.mark.parametrize(
    ("change", "learned"), [(-2.5, "clearly"), (-0.5, "a little"), (-0.05, "nothing"), (0.5, "nothing")]
)
def test_what_was_learned_is_more_than_word_frequencies(change, learned):
    figures = {**RESULT_JSON["figures"], "held_out": part(6.5, change)}
    assert pretrain_result(figures=figures).learned == learned


@pytest.mark.parametrize(
    ("changes", "advice"),
    [
        (
            {"training": {**TRAINING, "stopped": True}},
            "It was stopped at step 48 of 120; resume it for more.",
        ),
        (
            {"corpus": {**RESULT_JSON["corpus"], "tokens": 58_000}},
            "this corpus has 58,000 tokens: add text, or adapt a model that knows the language.",
        ),
        ({"training": {**TRAINING, "ended": "no_improvement"}}, "add text or choose a larger model."),
        ({}, "For more, train for longer."),
    ],
)
def test_the_advice_fits_what_happened(changes, advice):
    assert pretrain_result(**changes).outcome()[2].endswith(advice)


def test_the_card_is_valid_and_escapes_the_corpus():
    card = model_card(pretrain_result())
    assert card.startswith("---\n")
    assert "pipeline_tag: fill-mask" in card
    assert "\\<b\\>**queen**\\</b\\> bee" in card
    assert "| Bits per byte | 2.40 | 1.60 (1.50 to 1.70) |  |" in card
    unknown = {**RESULT_JSON["figures"], "unknown_share": 0.02}
    assert "cannot write 2.0% of the tokens" in model_card(pretrain_result(figures=unknown))


def test_there_is_no_result_before_it_is_written(tmp_path):
    assert read_pretrain_result(tmp_path) is None
