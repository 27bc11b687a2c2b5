import csv
import io
import json

import pytest

from mlm_demo.inference.extract.extraction import COLUMNS, ROW, Extraction, Finding
from tests.support.papers import paper_of

MODEL = {"name": "mine", "revision": "abc"}
PAPER = paper_of("Bees dance. They find nectar by day. The end.", "a.txt", "Bees")
NECTAR = (PAPER.text.index("nectar"), PAPER.text.index("nectar") + 6)


def finding(**changes):
    values = {
        "paper": PAPER,
        "question": "What?",
        "span": NECTAR,
        "score": 2.0,
        "relevances": (0.7, 0.6, 0.1),
    }
    return Finding(**{**values, **changes})


def table(*findings, threshold=0.0, questions=("What?",)):
    return Extraction.of(MODEL, threshold, questions, findings)


def test_a_row_with_an_answer_has_the_sentence_it_stands_in():
    (row,) = table(finding()).rows
    assert row == {
        "document": "a.txt",
        "title": "Bees",
        "question": "What?",
        "answer": "nectar",
        "start": NECTAR[0],
        "end": NECTAR[1],
        "score": 2.0,
        "sentence": "They find nectar by day.",
        "sentence_start": 12,
        "sentence_end": 36,
        "relevance": 0.6,
    }
    assert PAPER.text[row["start"] : row["end"]] == row["answer"]
    assert PAPER.text[row["sentence_start"] : row["sentence_end"]] == row["sentence"]


def test_a_row_without_an_answer_stays_with_the_most_relevant_sentence():
    (row,) = table(finding(), threshold=2.5).rows
    assert (row["answer"], row["start"], row["end"]) == (None, None, None)
    assert (row["sentence"], row["relevance"], row["score"]) == ("Bees dance.", 0.7, 2.0)
    assert tuple(row) == ROW


def test_moving_the_threshold_decides_again():
    extraction = table(
        finding(),
        finding(paper=paper_of("Bees eat nectar.", "b.txt"), span=(9, 15), score=1.0, relevances=(0.5,)),
    )
    counts = [extraction.at(threshold).answered("What?") for threshold in (0, 1, 1.5, 2, 2.1)]
    assert counts == [2, 2, 1, 1, 0]
    assert extraction.at(9).at(0) == extraction
    assert extraction.at(9).at(0).rows == extraction.rows


def test_an_answer_over_two_sentences_has_both():
    (row,) = table(finding(span=(5, 29))).rows
    assert row["sentence"] == "Bees dance. They find nectar by day."
    assert row["relevance"] == 0.7


def test_a_paper_without_sentences_has_a_row():
    (row,) = table(
        finding(paper=paper_of("", "b.txt", "B"), span=None, score=-float("inf"), relevances=())
    ).rows
    assert row["document"] == "b.txt"
    assert (row["answer"], row["score"], row["sentence"], row["relevance"]) == (None, None, None, 0.0)
    assert json.loads(json.dumps(row, allow_nan=False)) == row


def test_rows_are_sorted_by_question_then_evidence_then_document():
    other = paper_of("Bees eat nectar.", "b.txt")
    one = finding(paper=other, span=None, score=-1.0, relevances=(0.6,))
    two = finding(paper=other, question="Who?", span=None, score=-1.0, relevances=(0.9,))
    three = finding(paper=paper_of("More.", "0.txt"), span=None, score=-1.0, relevances=(0.65,))
    rows = table(two, one, finding(), three, questions=("What?", "Who?")).rows
    assert [(row["question"], row["document"]) for row in rows] == [
        ("What?", "0.txt"),
        ("What?", "a.txt"),
        ("What?", "b.txt"),
        ("Who?", "b.txt"),
    ]


def test_the_csv_says_where_each_row_comes_from():
    extraction = table(
        finding(), finding(paper=paper_of("Nil.", "b.txt"), score=-3.0, relevances=(0.5,)), threshold=0.5
    )
    (first, second) = csv.DictReader(io.StringIO(extraction.to_csv()))
    assert tuple(first) == COLUMNS
    assert (first["answer"], first["start"], first["model"], first["revision"]) == (
        "nectar",
        "22",
        "mine",
        "abc",
    )
    assert (second["answer"], second["threshold"]) == ("", "0.5")
    assert extraction.records()[1]["answer"] is None


@pytest.mark.parametrize("start", ["=1+1", "+1", "-1", "@A1", "\t1"])
def test_a_csv_cell_is_never_a_formula(start):
    extraction = table(finding(paper=paper_of("Bees find nectar.", start, start), span=None, score=-1.0))
    (row,) = csv.DictReader(io.StringIO(extraction.to_csv()))
    assert row["document"] == row["title"] == f"'{start}"
