import pytest

from mlm_demo.inference.extract.paper import MAX_SENTENCE_CHARACTERS, Paper
from tests.support.papers import paper_of


def test_a_paper_keeps_its_sentences_without_white_space_around_them():
    text = "One.  Two.\n\n   "
    paper = Paper.of("a.txt", "A", text, [(0, 5), (5, 10), (10, len(text))])
    assert paper.sentences == ((0, 4), (6, 10))
    assert [paper.sentence(number) for number in (0, 1)] == ["One.", "Two."]


@pytest.mark.parametrize("text", ["word " * 1000, "x" * 2500, "\u5fc3" * 2001, "a" + " " * 3000 + "b"])
def test_a_long_sentence_is_cut_and_nothing_of_it_is_lost(text):
    paper = Paper.of("a.txt", "A", text, [(0, len(text))])
    assert len(paper.sentences) > 1
    assert all(0 < end - start <= MAX_SENTENCE_CHARACTERS for start, end in paper.sentences)
    kept = "".join(paper.sentence(number) for number in range(len(paper.sentences)))
    assert kept.replace(" ", "") == text.replace(" ", "")
    if text.startswith("word"):
        assert {word for number in range(5) for word in paper.sentence(number).split()} == {"word"}


def test_the_sentences_of_a_span():
    paper = paper_of("One. Two. Three.")
    assert list(paper.sentences_at(0, 4)) == [0]
    assert list(paper.sentences_at(5, 8)) == [1]
    assert list(paper.sentences_at(2, 12)) == [0, 1, 2]
    assert list(paper.sentences_at(15, 16)) == [2]
    assert list(paper.sentences_at(4, 5)) == [0], "a span in the gap behind a sentence"
