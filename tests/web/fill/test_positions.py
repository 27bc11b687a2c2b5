import pytest

from mlm_demo.errors import PromptError
from mlm_demo.inference.hidden_words import MAX_POSITIONS
from mlm_demo.web.fill.positions import every_position
from mlm_demo.web.fill.words import is_row_of, word_row
from tests.support.html_reader import HOSTILE, Reader


class Parrot:
    """Stands in for the engine: guesses the mask and its sentence, so that a test sees what was asked."""

    def expected_words(self, hidden, model, **_):
        words = [
            {"word": word, "guess": f"{mask}:{sentence}", "score": 0.5, "rank": 1 + place, "surprisal": 1.0}
            for place, (word, sentence, mask) in enumerate(hidden)
        ]
        words[-1].update(rank=None, surprisal=None)
        return {"model": {"name": model, "title": model}, "words": words}


def test_each_word_is_hidden_once_and_shown_with_its_guess():
    row = every_position(Parrot(), "The cat ___ down\r\nhere", "general")
    read = Reader(row)
    assert "0:The <mask> <mask> down\nhere" in read.texts
    assert "1:The cat <mask> <mask>\nhere" in read.texts
    assert ("#1 · 1.0 bits" in read.texts, read.texts.count("several pieces")) == (True, 1)
    assert read.tags.count("button") == 4
    assert read.tags.count("mark") == 1
    assert read.texts[0].startswith("Below each word: what general would put there, then the rank")


def test_a_row_belongs_to_its_sentence():
    row = every_position(Parrot(), "The cat sat", "general")
    assert is_row_of(row, "The cat sat")
    assert not is_row_of(row, "The cat sa")
    assert not is_row_of(row, "")
    assert is_row_of(word_row(""), " ")


def test_hostile_text_stays_text():
    read = Reader(every_position(Parrot(), f"{HOSTILE} sat", HOSTILE))
    assert set(read.tags) == {"div", "p", "button", "span"}
    assert not any(name.startswith("on") for a in read.attributes for name in a)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "has no words"),
        ("... !", "has no words"),
        ("a " * (MAX_POSITIONS + 1), "65 words; at most 64 are looked at"),
    ],
)
def test_a_sentence_that_cannot_be_shown(text, message):
    with pytest.raises(PromptError, match=message):
        every_position(Parrot(), text, "general")
