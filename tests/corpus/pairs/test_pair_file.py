import json

import pytest

from mlm_demo.corpus.documents import ReadLimits
from mlm_demo.corpus.pairs.pair import Pair
from mlm_demo.corpus.pairs.pair_file import read_if_pairs, read_pairs
from mlm_demo.errors import CorpusError

FOUND = [Pair("order", "The dog sat.", "Dog the sat."), Pair("order", "A cat, too.", "Cat a, too.")]


def read(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    return read_pairs(tmp_path / name, ReadLimits(), [])


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "a.csv",
            'good,bad,phenomenon\nThe dog sat.,Dog the sat.,order\n"A cat, too.","Cat a, too.",order\n',
        ),
        (
            "a.tsv",
            "phenomenon\tbad\tgood\norder\tDog the sat.\tThe dog sat.\norder\tCat a, too.\tA cat, too.\n",
        ),
        (
            "blimp.jsonl",
            "".join(
                json.dumps({"sentence_good": p.good, "sentence_bad": p.bad, "UID": "order"}) + "\n"
                for p in FOUND
            ),
        ),
    ],
)
def test_a_file_of_pairs_is_read(tmp_path, name, text):
    assert read(tmp_path, name, text) == (FOUND, [])


def test_what_is_no_pair_is_left_out_with_its_reason(tmp_path):
    pairs, dropped = read(tmp_path, "a.csv", "good,bad\nThe dog sat.,Dog the sat.\nA cat.,\nA cat.,A  cat.\n")
    assert [pair.phenomenon for pair in pairs] == ["pairs"]
    assert [(row.source, row.reason) for row in dropped] == [
        ("a.csv, row 3", "it lacks a good or a bad sentence"),
        ("a.csv, row 4", "its two sentences are the same"),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("left,right\na,b\n", "does not name the columns of pairs.*name them good and bad"),
        ("good,bad\nA cat.,\n", r"'a.csv' holds no pair \(a.csv, row 2: it lacks a good or a bad sentence\)"),
    ],
)
def test_a_file_without_a_pair_is_refused(tmp_path, text, message):
    with pytest.raises(CorpusError, match=message):
        read(tmp_path, "a.csv", text)


@pytest.mark.parametrize(
    ("name", "text", "holds"),
    [
        ("a.csv", "good,bad\nThe dogs run.,The dogs runs.\n", True),
        ("a.tsv", "sentence_bad\tx\tsentence_good\nA.\t1\tB.\n", True),
        ("a.jsonl", '\n{"good": "A.", "bad": "B."}\n', True),
        ("a.json", '[{"good": "", "bad": ""}]', True),
        ("a.csv", "good,text\n1,The dogs run.\n", False),
        ("a.jsonl", '{"text": "A."}\n', False),
        ("a.txt", "The good and the bad.\nThe dogs run.\n", False),
        ("a.txt", "", False),
    ],
)
def test_a_file_with_the_columns_of_pairs_is_recognized(tmp_path, name, text, holds):
    (tmp_path / name).write_text(text)
    notes = []
    try:
        found = read_if_pairs(tmp_path / name, ReadLimits(), notes)
    except CorpusError as error:
        found = str(error)  # it has the columns, but no pair
        assert "holds no pair" in found
    assert (found is not None) == holds
    assert notes == []
