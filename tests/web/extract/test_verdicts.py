import csv
import io
import json

import pytest

from mlm_demo.corpus.documents import ReadLimits
from mlm_demo.corpus.examples.answers import read_answers
from mlm_demo.corpus.examples.evidence import read_evidence
from mlm_demo.web.extract.table import cells
from mlm_demo.web.extract.verdicts import (
    RIGHT,
    WRONG,
    answers_csv,
    count_sentence,
    evidence_csv,
    judge,
    table_csv,
    table_lines,
)
from tests.support.extractions import SLEEP, extraction


def judged(*verdicts, threshold=0.0, questions=(SLEEP,)):
    """The verdicts on the rows of the papers, in order."""
    given = {}
    for cell, verdict in zip(cells(extraction(threshold, questions)), verdicts, strict=False):
        judge(given, cell.finding, cell.row, verdict)
    return given


def rows(text):
    return list(csv.reader(io.StringIO(text)))


def test_verdicts_become_labeled_sentences():
    assert rows(evidence_csv(judged(RIGHT, WRONG, RIGHT))) == [
        ["question", "sentence", "label", "document"],
        [SLEEP, "They slept 5 hours.", "1", "a.txt"],
        [SLEEP, "They slept 6 hours.", "0", "b.txt"],
        [SLEEP, "Nothing was measured.", "0", "c.txt"],
    ]


def test_verdicts_become_answers_in_their_context():
    assert rows(answers_csv(judged(RIGHT, WRONG, RIGHT))) == [
        ["question", "context", "answer", "answer_start", "document"],
        [SLEEP, "Nurses work at night. They slept 5 hours. Nobody was paid.", "5 hours", "33", "a.txt"],
        [SLEEP, "They slept 6 hours.", "", "", "b.txt"],
        [SLEEP, "Nothing was measured. Nobody was asked.", "", "", "c.txt"],
    ]


def test_a_missed_answer_makes_no_example_and_the_page_says_why():
    given = judged("", "", WRONG)
    assert rows(evidence_csv(given)) == [["question", "sentence", "label", "document"]]
    assert count_sentence(given, extraction()).startswith("1 verdict. ")
    assert "1 of them makes no example" in count_sentence(given, extraction())
    assert "no example" not in count_sentence(judged(RIGHT, WRONG), extraction())
    assert count_sentence({}, None) == ""


def test_a_verdict_can_be_changed_and_taken_back():
    cell = cells(extraction())[0]
    given = judge(judged(RIGHT), cell.finding, cell.row, WRONG)
    assert [verdict.right for verdict in given.values()] == [False]
    assert judge(given, cell.finding, cell.row, "") == {}
    assert judge({}, cell.finding, cell.row, "<script>") == {}


@pytest.mark.parametrize(("write", "read"), [(evidence_csv, read_evidence), (answers_csv, read_answers)])
def test_fine_tuning_reads_them(write, read, tmp_path):
    questions = tuple(f"Question {number}?" for number in range(10))
    path = tmp_path / "verdicts.csv"
    path.write_text(write(judged(*[RIGHT, WRONG, RIGHT] * 10, questions=questions)))
    found = read([path], ReadLimits())
    assert found.dropped == []
    if read is read_answers:
        assert [answer.text for example in found.examples for answer in example.answers] == ["5 hours"] * 10
    else:
        assert sum(pool.labels.count(True) for pool in found.examples) == 10
    assert {example.group for example in found.examples} == {"a.txt", "b.txt", "c.txt"}, "split by paper"


def test_the_table_is_written_with_its_verdicts():
    found, given = extraction(), judged(RIGHT, WRONG)
    table = list(csv.DictReader(io.StringIO(table_csv(found, given))))
    assert [(row["document"], row["verdict"]) for row in table] == [
        ("a.txt", "right"),
        ("b.txt", "wrong"),
        ("c.txt", ""),
    ]
    lines = [json.loads(line) for line in table_lines(found, given).splitlines()]
    assert [line.pop("verdict") for line in lines] == ["right", "wrong", None]
    assert lines == found.records()


def test_verdicts_that_are_not_in_sight_are_counted():
    given = judged(RIGHT, WRONG)
    assert count_sentence(given, extraction()).startswith("2 verdicts. ")
    assert count_sentence(given, extraction(3.0)).startswith("2 verdicts, 1 of them not in sight")
    assert count_sentence(given, None).startswith("2 verdicts, 2 of them not in sight")
