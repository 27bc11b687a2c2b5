import math

import pytest
import torch

from mlm_demo.errors import PromptError
from mlm_demo.inference.compare import same_word
from mlm_demo.inference.contrast import WORDS, contrast, jensen_shannon
from mlm_demo.inference.fill_mask import distributions
from tests.support.prompts import fill, prompt_of
from tests.support.tiny_models import tiny

MIDWIFE, SURGEON = "The midwife said that <mask> was tired.", "The surgeon said that <mask> was tired."


def side(mlm, text):
    return mlm, prompt_of(text, mlm)


def test_each_word_has_the_probability_of_fill_mask_in_both_sentences(general):
    found = contrast(side(general, MIDWIFE), side(general, SURGEON))
    whole = [
        {row.word: row.score for row in fill(general, text, top_k=30_522).masks[0]}
        for text in (MIDWIFE, SURGEON)
    ]
    assert len(found.words) >= WORDS
    for word in found.words:
        assert (word.first, word.second) == pytest.approx(
            (whole[0][word.word], whole[1][word.word]), rel=1e-3
        )
    first = {word.word for word in found.words if word.first > 0.1}
    assert first == {word for word, score in whole[0].items() if score > 0.1}


def test_the_words_that_differ_most_come_first(general):
    found = contrast(side(general, MIDWIFE), side(general, SURGEON))
    assert {"she", "he"} == {word.word for word in found.words[:2]}
    divergences = [word.divergence for word in found.words]
    assert divergences == sorted(divergences, reverse=True)
    turned = contrast(side(general, SURGEON), side(general, MIDWIFE))
    assert turned.distance == pytest.approx(found.distance)
    assert {(w.word, w.first) for w in turned.words} == {(w.word, w.second) for w in found.words}


def test_the_distance_is_that_of_torch(general):
    found = contrast(side(general, MIDWIFE), side(general, SURGEON))
    (a,), (b,) = (
        distributions(general, [prompt_of(text, general)])[0][0].double() for text in (MIDWIFE, SURGEON)
    )
    log = ((a + b) / 2).log()
    nats = sum(torch.nn.functional.kl_div(log, p, reduction="sum").item() for p in (a, b)) / 2
    assert found.distance == pytest.approx(nats / math.log(2), rel=1e-3)
    assert sum(word.divergence for word in found.words) <= found.distance + 1e-9


@pytest.mark.parametrize(
    ("a", "b", "bits"), [([1, 0], [0, 1], 1), ([0.5, 0.5], [0.5, 0.5], 0), ([1, 0], [0.5, 0.5], 0.311278)]
)
def test_the_distance_of_known_lists(a, b, bits):
    assert jensen_shannon(*(torch.tensor(x, dtype=torch.float64) for x in (a, b))) == pytest.approx(
        bits, abs=1e-6
    )


def test_the_same_sentence_before_the_same_model_differs_in_nothing(general):
    found = contrast(side(general, MIDWIFE), side(general, MIDWIFE))
    assert found.distance == pytest.approx(0, abs=1e-9)


def test_one_sentence_before_two_models(general, biomedical):
    text = "Growth of the <mask> was slow."
    found = contrast(side(general, text), side(biomedical, text))
    words = {word.word: word for word in found.words}
    assert words["economy"].first > 10 * words["economy"].second
    assert words["brain"].second > 5 * words["brain"].first
    assert found.distance > 0.4


def test_two_vocabularies_have_no_distance_and_share_some_words(general):
    byte_level = tiny("RoBERTa")
    found = contrast(side(general, MIDWIFE), side(byte_level, MIDWIFE))
    assert found.distance is None
    assert found.left_out > 0
    ((row,), _) = distributions(byte_level, [prompt_of(MIDWIFE, byte_level)])[0]
    it = next(word for word in found.words if word.word == "it")
    assert it.second == pytest.approx(row[byte_level.tokenizer.convert_tokens_to_ids("Ġit")].item())


def test_words_at_the_start_of_a_sentence_have_no_space_before_them():
    byte_level = tiny("RoBERTa")
    found = contrast(side(byte_level, "<mask> is here."), side(byte_level, "<mask> was here."))
    assert all(word.word.strip() == word.word and word.word for word in found.words)
    assert found.words


@pytest.mark.parametrize("texts", [("A <mask> and a <mask>.", MIDWIFE), (MIDWIFE, "A <mask> and a <mask>.")])
def test_several_masks_are_refused(general, texts):
    with pytest.raises(PromptError, match="holds 2 masks; two sentences are compared at one mask each"):
        contrast(*(side(general, text) for text in texts))


def test_a_word_that_opens_one_sentence_only_is_found_in_the_other_with_its_space():
    byte_level = tiny("RoBERTa")
    sides = [side(byte_level, text) for text in ("<mask> fox jumps.", "over <mask> dog.")]
    bare, spaced = (byte_level.tokenizer.convert_tokens_to_ids(piece) for piece in ("sat", "Ġsat"))
    assert same_word(sides[0], bare, 0, sides[1]) == (spaced,)
    assert same_word(sides[1], spaced, 0, sides[0]) == (bare,)
    ((row,), _) = distributions(byte_level, [sides[1][1]])[0]
    tokens = {word: byte_level.token_of(f"Ġ{word.word}") for word in contrast(*sides).words}
    assert any(tokens.values())
    for word, token in tokens.items():
        assert token is None or word.second == pytest.approx(row[token].item())
