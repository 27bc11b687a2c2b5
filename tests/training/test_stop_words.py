import pytest

from mlm_demo.training.stop_words import STOP_WORDS, is_stop_word


@pytest.mark.parametrize(
    "word",
    ["also", "with", "these", "however", "using", "used", "study", "results", "respectively", "showed"],
)
def test_words_of_any_paper_are_stop_words(word):
    assert is_stop_word(word)


@pytest.mark.parametrize(
    "word", ["hive", "patient", "mammography", "diabetes", "cell", "x-ray", "meta-learner"]
)
def test_words_of_a_field_are_not(word):
    assert not is_stop_word(word)


def test_a_plural_and_a_compound_are_found_by_their_parts():
    assert not {"effects", "follow-up", "long-term"} & STOP_WORDS
    assert all(map(is_stop_word, ["effects", "follow-up", "long-term"]))
