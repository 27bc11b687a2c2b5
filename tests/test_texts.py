"""The texts of our own, to train the models on, hold no sentence that these models are tested with."""

import json
import re
from importlib import import_module

import pytest

from mlm_demo.corpus.documents import ReadLimits
from mlm_demo.corpus.examples.evidence import read_evidence
from mlm_demo.settings import Settings
from tests.support.paths import ROOT

TEXTS = ROOT / "assets" / "texts"
IN_A_ROW = 5  # words in common that make a sentence count as the same


def words(text):
    return re.findall(r"[a-z0-9']+", text.lower())


def runs(found):
    return {tuple(found[at : at + IN_A_ROW]) for at in range(max(1, len(found) - IN_A_ROW + 1))}


@pytest.fixture
def tested(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    sentences = import_module("sentences").read_sentences()
    filled = [
        words(sentence.text.replace("<mask>", word)) for sentence in sentences for word in sentence.expected
    ]
    return set().union(*map(runs, filled))


def shared(text, tested):
    found = words(text)
    return [
        " ".join(found[at : at + length])
        for length in range(1, IN_A_ROW + 1)
        for at in range(len(found) - length + 1)
        if tuple(found[at : at + length]) in tested
    ]


def test_a_test_sentence_would_be_found(tested):
    assert shared("They say that practice makes perfect.", tested)
    assert shared("Then the king sat on his throne again.", tested)
    assert not shared("A king may sit on a throne.", tested)


@pytest.mark.parametrize("path", sorted(TEXTS.glob("*.txt")), ids=lambda path: path.stem)
def test_no_text_holds_a_test_sentence(path, tested):
    paragraphs = path.read_text(encoding="utf-8").split("\n\n")
    assert len(paragraphs) > 200
    assert [found for paragraph in paragraphs for found in shared(paragraph, tested)] == []


def test_the_invented_papers_are_read_as_pools_of_evidence():
    path = TEXTS / "papers.jsonl"
    examples = read_evidence([path], ReadLimits.of(Settings()))
    assert (len(examples.examples), list(examples.dropped)) == (3 * 384, [])
    assert (
        len({json.loads(line)["question"] for line in path.read_text(encoding="utf-8").splitlines()}) == 384
    )
