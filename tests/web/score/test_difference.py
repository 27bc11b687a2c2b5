from math import log

import pytest

from mlm_demo.web.score.difference import aligned, differences, verdict
from tests.support.html_reader import HOSTILE, Reader


def words(text):
    return [{"text": word} for word in text.split()]


@pytest.mark.parametrize(
    ("first", "second", "columns"),
    [
        ("The dogs bark", "the dog barks", "The/the dogs/dog bark/barks"),
        ("I know what he saw", "I know that he saw", "I/I know/know what/that he/he saw/saw"),
        ("a b c", "a c", "a/a b/ c/c"),
        ("a c", "a b b c", "a/a /b /b c/c"),
        ("old man sat", "man old sat", "/man old/old man/ sat/sat"),
    ],
)
def test_each_word_stands_beside_the_one_in_its_place(first, second, columns):
    found = [
        "/".join(word["text"] if word else "" for word in column)
        for column in aligned(words(first), words(second))
    ]
    assert " ".join(found) == columns


def test_the_difference_of_each_word_adds_up_to_that_of_the_sentences(engine):
    first, second = (
        engine.score(text, ["general"])["scores"] for text in ("The dogs were loud.", "The dogs was loud.")
    )
    read = Reader(differences(first, second))
    shown = [float(text.replace("−", "-")) for text in read.texts if text[0] in "+−" and len(text) > 1]
    bits = (first[0]["log_likelihood"] - second[0]["log_likelihood"]) / log(2)
    assert 1 <= len(shown) <= 5
    assert sum(shown) == pytest.approx(bits, abs=0.26)  # each is rounded to a tenth
    assert verdict(first[0], second[0]) == f"The first sentence is more probable, by {bits:.1f} bits."
    assert verdict(second[0], first[0]).startswith("The second sentence is more probable, by")
    assert verdict(first[0], first[0]) == "Both sentences are about as probable."


def test_an_inserted_word_counts_with_all_its_bits(engine):
    first, second = (
        engine.score(text, ["general"])["scores"]
        for text in ("The dogs were loud.", "The old dogs were loud.")
    )
    for one, other in ((first, second), (second, first)):
        read = Reader(differences(one, other))
        shown = [float(text.replace("−", "-")) for text in read.texts if text[0] in "+−" and len(text) > 1]
        bits = (one[0]["log_likelihood"] - other[0]["log_likelihood"]) / log(2)
        assert sum(shown) == pytest.approx(bits, abs=0.3)  # each is rounded to a tenth


def test_hostile_text_stays_text():
    token = {"probability": 1.0, "rank": 1, "surprisal": 0.0}
    word = {"text": HOSTILE, "start": 0, "end": 9, "surprisal": 1.0, "unknown": False}
    word |= {"pieces": [HOSTILE], "tokens": [token]}
    model = dict.fromkeys(("name", "domain", "architecture", "revision", "device", "precision"), HOSTILE)
    score = {
        "model": model,
        "text": HOSTILE,
        "words": [word],
        "seconds": 1,
        "tokens": 1,
        "log_likelihood": 0.0,
    }
    read = Reader(differences([score], [{**score, "words": [word, word]}]))
    assert {"img", "script"} & set(read.tags) == set()
    assert read.texts.count(HOSTILE) >= 3
