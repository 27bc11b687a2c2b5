import pytest

from mlm_demo.web.contrast.swaps import FAMILIES, MAX_CHARACTERS, SHOWN, swapped, swaps


def test_a_word_is_swapped_for_the_others_of_its_family_but_not_for_the_first_sentences():
    swaps = swapped("The nurse said <mask>.", "The surgeon said <mask>.")
    assert {word for word, _, _ in swaps} == {"nurse"}
    found = {new: sentence for _, new, sentence in swaps}
    assert found["doctor"] == "The doctor said <mask>."
    assert not {"nurse", "surgeon"} & found.keys()


def test_the_spelling_follows_the_sentence():
    found = {new: sentence for _, new, sentence in swapped("She is here. In paris it rains.", "")}
    assert found["He"] == "He is here. In paris it rains."
    assert found["Berlin"] == "She is here. In Berlin it rains.", "a name keeps its capital"


@pytest.mark.parametrize("sentence", ["", "The <mask> sat.", "nursery chef"])
def test_a_sentence_without_such_words_has_no_buttons(sentence):
    assert swaps(sentence, sentence) == ""


def test_there_are_a_few_and_the_text_stays_text():
    html = swaps('"><b>man, he, his heart, Paris', "x")
    assert html.count("<button") == SHOWN
    assert "<b>man</b> → <button" in html, "which word it is for"
    assert html.count("<b>") == html.count("</b> → <button")


def test_a_long_sentence_has_no_buttons():
    assert swaps("he " * (MAX_CHARACTERS // 3), "x") != ""
    assert swaps("he " * MAX_CHARACTERS, "x") == ""


def test_every_family_has_words_to_choose_from():
    assert all(len(set(family)) == len(family) > 2 for family in FAMILIES)
