import pytest
import torch

from mlm_demo.errors import ParameterError, PromptError
from mlm_demo.inference.pairs import judge_pairs, wilson_interval
from tests.support.tiny_models import tiny

PAIRS = [
    ("agreement", "The neighbor was tired.", "The neighbor were tired."),
    ("agreement", "The dogs were running.", "The dogs was running."),
    ("words", "Hepatitis and arthritis are inflammations.", "Hepatitis and arthritis is inflammations."),
]


def within_word_l2r(mlm, sentence):
    """Kauf & Ivanova (2023), literally: one plain pass per token, it and the rest of its word masked."""
    encoding = mlm.tokenizer(sentence)
    ids, words, total = encoding.input_ids, encoding.word_ids(), 0.0
    for at, token in enumerate(ids):
        if words[at] is None:  # [CLS] and [SEP]
            continue
        rest = [j for j in range(at, len(ids)) if words[j] == words[at]]
        row = [mlm.mask_id if j in rest else one for j, one in enumerate(ids)]
        with torch.inference_mode():
            logits = mlm.model(torch.tensor([row]), torch.ones(1, len(row), dtype=torch.long)).logits[0, at]
        total += logits.log_softmax(-1)[token].item()
    return total


@pytest.mark.parametrize("which", ["BERT", "RoBERTa", "the built-in one"])
def test_scores_equal_the_definition(which, general):
    mlm = general if which == "the built-in one" else tiny(which)
    for pair in judge_pairs(mlm, PAIRS).pairs:
        assert pair.good_log_likelihood == pytest.approx(within_word_l2r(mlm, pair.good), abs=1e-3)
        assert pair.bad_log_likelihood == pytest.approx(within_word_l2r(mlm, pair.bad), abs=1e-3)
        assert pair.correct == (pair.good_log_likelihood > pair.bad_log_likelihood)


def test_pairs_are_counted_by_phenomenon_and_together(general):
    judged = judge_pairs(general, PAIRS)
    assert [(row.phenomenon, row.pairs) for row in judged.phenomena] == [("agreement", 2), ("words", 1)]
    assert judged.together.pairs == 3
    assert judged.together.correct == sum(row.correct for row in judged.phenomena)
    assert judged.phenomena[0].low < judged.phenomena[0].accuracy <= judged.phenomena[0].high


def test_a_pair_that_cannot_be_scored_is_left_out_with_its_reason():
    judged = judge_pairs(tiny("BERT"), [*PAIRS, ("agreement", "a <mask>", "b")])
    assert judged.together.pairs == 3
    assert "holds a mask" in judged.left_out[0]["error"]
    with pytest.raises(PromptError, match="holds a mask"):
        judge_pairs(tiny("BERT"), [("agreement", "a <mask>", "b")])
    with pytest.raises(ParameterError, match="The method is 'fast'"):
        judge_pairs(tiny("BERT"), PAIRS, method="fast")


@pytest.mark.parametrize(
    ("correct", "count", "interval"),
    # Newcombe (1998), table I, method 3, and the ends.
    [
        (81, 263, (0.2553, 0.3662)),
        (15, 148, (0.0624, 0.1605)),
        (1, 29, (0.0061, 0.1718)),
        (0, 20, (0, 0.1611)),
        (20, 20, (0.8389, 1)),
    ],
)
def test_intervals_are_wilsons(correct, count, interval):
    assert wilson_interval(correct, count) == pytest.approx(interval, abs=1e-4)


def test_pairs_that_would_take_too_long_are_refused(general):
    pairs = [
        ("a", f"The dog number {n} sat down on the mat.", f"The dog number {n} sit down on the mat.")
        for n in range(50)
    ]
    with pytest.raises(PromptError, match=r"would take about .* seconds; the limit is 0"):
        judge_pairs(general, pairs, max_seconds=1e-6)
