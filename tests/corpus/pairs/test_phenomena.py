import re
from difflib import SequenceMatcher

import pytest

from mlm_demo.corpus.pairs.phenomena import PAIRS_EACH, PHENOMENA, built_in_pairs

PAIRS = built_in_pairs()


def test_twelve_phenomena_have_a_hundred_different_pairs_each():
    assert len(PHENOMENA) == 12
    for name in PHENOMENA:
        found = {(pair.good, pair.bad) for pair in PAIRS if pair.phenomenon == name}
        assert len(found) == PAIRS_EACH == 100, name
    sentences = {pair.good for pair in PAIRS} & {pair.bad for pair in PAIRS}
    assert sentences == set(), "no sentence is both"


def test_the_same_seed_gives_the_same_pairs():
    assert built_in_pairs() == PAIRS
    assert built_in_pairs(seed=1) != PAIRS


@pytest.mark.parametrize("name", PHENOMENA)
def test_a_pair_is_two_sentences_that_differ_in_one_place(name):
    for pair in (pair for pair in PAIRS if pair.phenomenon == name):
        good, bad = (re.findall(r"\w+|\.", sentence) for sentence in (pair.good, pair.bad))
        for sentence in (pair.good, pair.bad):
            assert re.fullmatch(r"[A-Z][A-Za-z]*( [A-Za-z]+)+\.", sentence), sentence
        changed = [
            op for op in SequenceMatcher(None, good, bad, autojunk=False).get_opcodes() if op[0] != "equal"
        ]
        assert 1 <= len(changed) <= 2, pair  # two: a word that moved
        assert len(changed) == 1 or sorted(good) == sorted(bad), pair


def test_both_forms_of_a_contrast_occur_in_good_sentences():
    """So a model that always prefers one form is right in about half of the pairs."""
    for name, forms in (
        ("subject-verb agreement across a distractor", ("was", "were")),
        ("reflexive gender", ("himself", "herself")),
        ("reflexive number", ("themselves", "himself|herself")),
        ("filler-gap dependencies", ("that", "what")),
        ("mass and count nouns", ("much", "many")),
    ):
        good = [pair.good for pair in PAIRS if pair.phenomenon == name]
        for form in forms:
            assert sum(bool(re.search(rf"\b({form})\b", sentence)) for sentence in good) >= 25, (name, form)


def test_the_built_in_models_know_nearly_all_words_whole(general):
    words = {
        word.lower() for pair in PAIRS for text in (pair.good, pair.bad) for word in re.findall(r"\w+", text)
    }
    cut = {word for word in words if len(general.encode(word).ids) > 1}
    assert len(cut) <= 0.03 * len(words), cut
