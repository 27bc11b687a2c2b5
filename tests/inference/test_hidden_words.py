import pytest

from mlm_demo.errors import ParameterError, PromptError
from mlm_demo.inference.blanks import find_blanks
from mlm_demo.inference.hidden_words import MASK, MAX_POSITIONS, hidden_beside, hide, words_of


def words(text):
    return [text[start:end] for start, end in words_of(text, find_blanks(text, MASK))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Paris is the <mask> of France.", ["Paris", "is", "the", "of", "France"]),
        ("Don't go, 3.5 km!", ["Don't", "go", "3.5", "km"]),
        ("The <mask> sat (on a [MASK]) with a ___.", ["The", "sat", "on", "a", "with", "a"]),
        ("Beta-blockers help", ["Beta", "blockers", "help"]),
        ("हिन्दी में लिखो", ["हिन्दी", "में", "लिखो"]),
        ("می\u200cخواهم بروم", ["می\u200cخواهم", "بروم"]),
        ("東京は日本", ["東", "京", "は", "日", "本"]),
        ("e\u0301t\u00e9 👍", ["e\u0301t\u00e9"]),
        ("... !", []),
    ],
)
def test_each_word_outside_the_blanks(text, expected):
    assert words(text) == expected


@pytest.mark.parametrize(
    ("text", "word", "hidden"),
    [
        ("Paris is the capital.", "capital", "Paris is the <mask>."),
        ("The <mask> sat.", "sat", "The <mask> <mask>."),
        ("Is it ??? or not", "not", "Is it <mask> or <mask>"),  # it counted as a blank, and still does
        ("日本", "日", "<mask>本"),
    ],
)
def test_hiding_a_word(text, word, hidden):
    start = text.index(word)
    assert hide(text, start, start + len(word)) == hidden


TWO = "The cat ___ on\nthe ___ here"


def test_each_word_is_hidden_once_beside_the_blank_that_is_guessed():
    first, second = ({one.word: one for one in hidden_beside(TWO, mask)} for mask in (1, 2))
    assert list(first) == list(second) == ["The", "cat", "on", "the", "here"]
    assert (first["cat"].sentence, first["cat"].mask) == ("The <mask> <mask> on\nthe <mask> here", 1)
    assert (first["on"].sentence, first["on"].mask) == ("The cat <mask> <mask>\nthe <mask> here", 0)
    assert [second[word].mask for word in ("cat", "on", "here")] == [2, 2, 1]
    assert all(TWO[one.start : one.end] == one.word for one in first.values())


@pytest.mark.parametrize(
    ("text", "mask", "message"),
    [
        ("The cat sat.", 1, "no blank to guess"),
        ("", 1, "no blank"),
        ("___ !", 1, "no words"),
        ("a " * (MAX_POSITIONS + 1) + "___", 1, "65 words; at most 64 are looked at"),
        (TWO, 3, "The mask is '3', but the sentence has 2"),
        (TWO, 0, "count from 1"),
        (TWO, "x", "The mask is 'x'"),
    ],
)
def test_what_cannot_be_hidden(text, mask, message):
    with pytest.raises((PromptError, ParameterError), match=message):
        hidden_beside(text, mask)
