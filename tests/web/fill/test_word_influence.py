import pytest

from mlm_demo.errors import PromptError
from mlm_demo.web.fill.word_influence import word_influence
from mlm_demo.web.fill.words import is_row_of
from tests.support.html_reader import HOSTILE, Reader


class Stub:
    """Stands in for the engine: the first word speaks for the guess, the second against it, the others do nothing."""

    def influences(self, text, hidden, model, **asked):
        self.asked = {"text": text, "hidden": hidden, **asked}
        changes = [3.0, -1.5] + [0.01] * len(hidden)
        words = [
            {"word": word, "score": 0.25, "change": change}
            for (word, _, _), change in zip(hidden, changes, strict=False)
        ]
        known = {"name": model, "title": model}
        return {"model": known, "guess": HOSTILE if model == HOSTILE else "mat", "score": 0.5, "words": words}


def test_each_word_is_hidden_once_beside_the_first_blank():
    stub = Stub()
    row = word_influence(stub, "The cat ___ on\r\nthe ___ here", "general", "mat")
    assert stub.asked["hidden"][1] == ("cat", "The <mask> <mask> on\nthe <mask> here", 1)
    assert stub.asked["hidden"][2] == ("on", "The cat <mask> <mask>\nthe <mask> here", 0)
    assert (stub.asked["targets"], len(stub.asked["hidden"])) == ("mat", 5)
    assert is_row_of(row, "The cat ___ on\nthe ___ here")
    read = Reader(row)
    assert read.tags.count("button") == 5
    assert "general guesses <b>mat</b> at the first blank with probability 0.5000." in row
    labels = [dict(tag).get("aria-label") for tag in read.attributes if "aria-label" in dict(tag)]
    assert labels[0] == "Hide The. mat is less probable without it: 0.2500"
    assert labels[1] == "Hide cat. mat is more probable without it: 0.2500"
    assert labels[2] == "Hide on. mat is about the same without it: 0.2500"
    assert ('class="step-5 for"' in row, 'class="step-3 against"' in row, "▼ 0.2500" in row) == (
        True,
        True,
        True,
    )


def test_hostile_text_stays_text():
    read = Reader(word_influence(Stub(), f"{HOSTILE} ___ sat", HOSTILE))
    assert set(read.tags) == {"div", "p", "b", "button", "span", "mark"}
    assert not any(name.startswith("on") for a in read.attributes for name in dict(a))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("The cat sat.", "no blank to guess"),
        ("", "no blank"),
        ("___ !", "no words"),
        ("a " * 65 + "___", "65 words"),
    ],
)
def test_a_sentence_that_cannot_be_shown(text, message):
    with pytest.raises(PromptError, match=message):
        word_influence(Stub(), text, "general")
