import itertools

import pytest
import torch

from mlm_demo.errors import ParameterError
from mlm_demo.inference.joint import fill_jointly
from tests.support.prompts import prompt_of
from tests.support.tiny_models import tiny


def direct(mlm, text, pairs):
    """Return p(first | both masked) · p(second | first) from complete forward passes."""
    ids = mlm.tokenizer(text).input_ids
    first, second = (i for i, token in enumerate(ids) if token == mlm.mask_id)
    scores = {}
    with torch.inference_mode():
        p_first = mlm.model(torch.tensor([ids])).logits[0, first].softmax(-1)
        for a in {a for a, _ in pairs}:
            row = list(ids)
            row[first] = a
            p_second = mlm.model(torch.tensor([row])).logits[0, second].softmax(-1)
            for b in (b for x, b in pairs if x == a):
                scores[a, b] = (p_first[a] * p_second[b]).item()
    return scores


@pytest.mark.parametrize("architecture", ["BERT", "ALBERT"])
def test_a_beam_as_wide_as_the_vocabulary_is_exhaustive(architecture):
    mlm = tiny(architecture)
    scores = direct(
        mlm,
        f"the {mlm.mask_token} sat {mlm.mask_token}",
        list(itertools.product(filter(mlm.is_word, range(mlm.vocab_size)), repeat=2)),
    )
    expected = sorted(scores.items(), key=lambda item: -item[1])[:8]
    found = fill_jointly(mlm, prompt_of("the <mask> sat <mask>", mlm), top_k=8, beam=mlm.vocab_size)
    assert [f.tokens for f in found] == [tokens for tokens, _ in expected]
    assert [f.score for f in found] == pytest.approx([score for _, score in expected], rel=1e-4)


def test_the_built_in_model_fills_masks_that_fit_together(general):
    found = fill_jointly(general, prompt_of("Paris is the <mask> of <mask>.", general), top_k=5)
    scores = direct(general, "Paris is the [MASK] of [MASK].", [f.tokens for f in found])
    assert [f.score for f in found] == pytest.approx([scores[f.tokens] for f in found], rel=1e-3)
    assert [f.score for f in found] == sorted((f.score for f in found), reverse=True)
    assert "<mask>" not in found[0].sequence
    assert found[0].sequence.startswith("Paris is the ")


def test_targets_narrow_the_search(general):
    found = fill_jointly(
        general,
        prompt_of("the <mask> <mask>", general),
        top_k=9,
        targets=["dog", "cat", "hepatosplenomegaly"],
    )
    assert {word for f in found for word in f.token_strs} == {"dog", "cat"}
    assert len(found) == 4
    with pytest.raises(ParameterError, match="No target is a single token"):
        fill_jointly(general, prompt_of("the <mask>", general), targets=["hepatosplenomegaly"])


def test_masks_in_different_windows_are_refused():
    mlm = tiny("BERT")
    with pytest.raises(ParameterError, match="too far apart to be filled jointly"):
        fill_jointly(mlm, prompt_of("<mask> " + "the dog " * 90 + "<mask>", mlm))
