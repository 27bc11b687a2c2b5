"""Corpora that people sent, read whole: near copies and short lines; skipped where they are not at hand."""

import json

import pytest

from mlm_demo.corpus.corpus import read_texts
from mlm_demo.corpus.split import split
from tests.support.paths import ROOT

INPUTS = ROOT.parent / "shared" / "inputs"
pytestmark = pytest.mark.skipif(not INPUTS.is_dir(), reason="the inputs are not at hand")


def test_facts_that_differ_in_a_number_or_a_negation_stay():
    texts, counts = read_texts([INPUTS / "dedup" / "numbers_and_negation.txt"])
    facts = (INPUTS / "dedup" / "numbers_and_negation.txt").read_text().split("\n")
    assert texts == ["\n".join(facts).strip()]
    check = json.loads((INPUTS / "checks.json").read_text())["dedup/numbers_and_negation.txt"]
    assert all(part in texts[0] for part in check["must_contain"])
    assert (counts.exact_duplicates, counts.near_duplicates) == (0, 0)


def test_of_letters_from_a_template_one_a_topic_stays():
    texts, counts = read_texts([INPUTS / "dedup" / "templated_distinct.jsonl"])
    assert (len(texts), counts.near_duplicates) == (16, 32)


def test_one_word_lines_are_split():
    texts, _ = read_texts([INPUTS / "text" / "one_word_lines.txt"])
    training, held_out, both = split(texts, seed=0)
    assert training
    assert held_out
    assert both == 1
