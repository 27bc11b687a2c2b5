import random

import pytest

from mlm_demo.corpus.quality import PASSAGE, measure_quality, shared_passages
from tests.support.texts import LONG, paragraph


@pytest.mark.parametrize(
    "word",
    [
        "foxSigns",
        "61Final",
        "fish.The",
        "diet.We",
        "(seen).Then",
        "end,Then",
        "theword" * 8,
    ],
)
def test_glued_words_are_counted(word):
    quality = measure_quality([f"{LONG} {word}"])
    assert quality.glued == pytest.approx(1 / (len(LONG.split()) + 1))
    assert quality.glued_words == (word[:40],)


@pytest.mark.parametrize(
    "word",
    ["PubMed", "McDonald", "YouTube", "U.S.", "e.g.", "3D", "5HT", "IL-6", "https://www.exampleSite.org/aPath",
     "a@bCde.org", "Dr.", "p<0.05", "2020.", "mRNA", "GenBank", "iPhone",
     "pneumonoultramicroscopicsilicovolcanoconiosis"],
)  # fmt: skip
def test_other_words_are_not(word):
    assert measure_quality([f"{LONG} {word}"]).glued == 0


def test_repeated_passages_are_measured_in_words():
    head = "Journal of Marsh Studies 12 of 2021 pages 301 to 309 printed here"
    pages = [f"{head} {paragraph(i)}" for i in range(50)]
    words, repeated = sum(len(page.split()) for page in pages), 49 * len(head.split())
    assert measure_quality(pages).repeated == pytest.approx(repeated / words, rel=0.02)
    assert measure_quality([paragraph(i) for i in range(50)]).repeated == 0
    assert measure_quality([" ".join([paragraph(0)] * 2)]).repeated == pytest.approx(0.5)


def test_characters_without_a_meaning_are_counted():
    assert measure_quality(["o\ue001cial \ufffd abc"]).odd == pytest.approx(2 / 10)
    assert measure_quality(["abcde fghij"], controls=1).odd == pytest.approx(1 / 10)
    assert measure_quality(["naïve 船 –"]).odd == 0


def test_no_text_has_no_signs():
    quality = measure_quality([])
    assert (quality.glued, quality.repeated, quality.odd, quality.glued_words) == (0, 0, 0, ())


def test_shared_passages_are_measured_in_words_of_the_held_out_part():
    shared = paragraph(0, 25)
    training = [paragraph(i, 60) for i in range(1, 30)]
    held_out = [f"{paragraph(50, 20)} {shared} {paragraph(51, 15)}", paragraph(52, 40)]
    assert shared_passages(training, held_out) == 0
    for i in range(PASSAGE):  # wherever the passage begins
        training[3] = f"{paragraph(60, 10 + i)} {shared.upper()} {paragraph(61, 30)}"
        assert shared_passages(training, held_out) == pytest.approx(25 / 100)
    assert shared_passages(held_out, held_out) == 1
    assert (
        shared_passages([], held_out)
        == shared_passages(training, [])
        == shared_passages(training, ["a b"])
        == 0
    )


def test_a_passage_that_stands_in_many_texts_counts_once_each():
    shared = paragraph(0, 30)
    held_out = [f"{paragraph(i, 30)} {shared}" for i in range(1, 9)]
    random.Random(0).shuffle(held_out)
    assert shared_passages([shared], held_out) == pytest.approx(0.5)
