import pytest

from mlm_demo.corpus.examples.evidence import read_evidence
from mlm_demo.errors import CorpusError
from tests.support.example_files import CONTEXT, json_lines, question, squad, table
from tests.support.paths import CORPORA, needs_corpora

ROWS = [
    {"question": f"Question {n // 4}?", "sentence": f"Sentence {n}.", "label": int(n % 4 == 0)}
    for n in range(24)
]
PAPERS = [
    {
        "question": f"Is drug {n} safe?",
        "context": [f"Drug {n} was given. It rose."],
        "long_answer": f"Drug {n} is.",
    }
    for n in range(12)
]


@pytest.fixture
def read(write, limits):
    return lambda name, data: read_evidence([write(name, data)], limits)


def test_rows_of_one_question_form_a_pool(read):
    found = read("a.csv", table(ROWS))
    assert len(found.examples) == 6
    pool = found.examples[1]
    assert (pool.id, pool.question, pool.group) == ("a.csv, row 6", "Question 1?", "Question 1?")
    assert pool.sentences == ("Sentence 4.", "Sentence 5.", "Sentence 6.", "Sentence 7.")
    assert pool.labels == (True, False, False, False)


def test_a_document_has_pools_of_its_own(read):
    rows = [{**row, "document": f"paper {n % 2}"} for n, row in enumerate(ROWS)]
    found = read("a.csv", table(rows))
    assert len(found.examples) == 12
    assert {pool.group for pool in found.examples} == {"paper 0", "paper 1"}


def test_labels_as_numbers_are_noted_because_glue_means_the_opposite(read):
    assert "GLUE's files mean the opposite" in read("a.csv", table(ROWS)).notes[0]
    words = [{**row, "label": ["not_entailment", "entailment"][row["label"]]} for row in ROWS]
    found = read("a.tsv", table(words, "\t"))
    assert found.notes == []
    assert found.examples[0].labels == (True, False, False, False)


def test_bad_rows_are_dropped_by_their_number(read):
    rows = [
        {"question": "", "sentence": "A.", "label": 1},
        {"question": "Q?", "sentence": " ", "label": 1},
        {"question": "Q?", "sentence": "A.", "label": "maybe"},
        {"question": "Q?", "sentence": "A.", "label": ""},
        *ROWS,
        {**ROWS[0], "label": 0},
        ROWS[0],
    ]
    found = read("a.csv", table(rows))
    expected = "is unknown (expected 1 or 0, yes or no, true or false, relevant or irrelevant)"
    assert [(item.source, item.reason) for item in found.dropped] == [
        ("a.csv, row 2", "its question is empty"),
        ("a.csv, row 3", "its sentence is empty"),
        ("a.csv, row 4", f"its label 'maybe' {expected}"),
        ("a.csv, row 5", f"its label '' {expected}"),
        ("a.csv, row 30", "its label contradicts that of row 6"),
    ]
    assert sum(len(pool.labels) for pool in found.examples) == 24
    found = read("a.jsonl", json_lines([{"question": "Q?", "sentence": "A."}, *ROWS]))
    assert [item.reason for item in found.dropped] == ["it has no label"]
    found = read("a.jsonl", json_lines([{"question": "Q?", "label": 1}, *ROWS]))
    assert [item.reason for item in found.dropped] == ["its sentence is empty"]


def test_squad_and_other_answers_become_pools(read):
    questions = [question(n) for n in range(10)]
    found = read("a.json", squad(questions))
    assert [pool.labels for pool in found.examples] == [(True, False, False)] * 10
    rows = [{"question": q["question"], "context": CONTEXT, "answer": "40 adults"} for q in questions]
    assert [pool.labels for pool in read("a.csv", table(rows)).examples] == [(True, False, False)] * 10


def test_papers_become_joint_pools(read):
    found = read("a.jsonl", json_lines(PAPERS))
    assert [pool.labels for pool in found.examples] == [(True, *[False] * 12)] * 12
    assert all(pool.sentences[0] == f"Drug {n} is." for n, pool in enumerate(found.examples))


def test_a_paper_counts_once(read):
    papers = [{**paper, "id": n} for n, paper in enumerate(PAPERS)]
    found = read("a.jsonl", json_lines([*papers, papers[3]]))
    assert len(found.examples) == 12
    assert [(item.source, item.reason) for item in found.dropped] == [
        ("a.jsonl, line 13", "it is the paper of a.jsonl, line 4 again")
    ]


def test_several_files_are_read_together(write, limits):
    files = [write("a.csv", table(ROWS)), write("b.jsonl", json_lines([*PAPERS, {"question": ""}]))]
    found = read_evidence(files, limits)
    assert len(found.examples) == 18
    assert [(item.source, item.reason) for item in found.dropped] == [
        ("b.jsonl, line 13", "it has no context")
    ]


@pytest.mark.parametrize(("label", "names"), [(1, "labeled relevant"), (0, "labeled not relevant")])
def test_one_label_only_is_refused(read, label, names):
    with pytest.raises(CorpusError, match=f"All 24 sentences are {names}, so there is nothing to tell apart"):
        read("a.csv", table([{**row, "label": label} for row in ROWS]))


def test_too_few_examples_are_refused(read):
    with pytest.raises(CorpusError, match=r"5 examples.*20 are needed"):
        read("a.csv", table(ROWS[:5]))
    with pytest.raises(CorpusError, match=r"no example that can be used\. Give a table.*row 2"):
        read("a.csv", table([{"question": "Q?", "sentence": "A.", "label": "maybe"}]))


@needs_corpora
def test_the_joint_pools_of_real_papers_are_as_large_as_measured_before(limits):
    found = read_evidence([CORPORA / "pubmedqa.jsonl.gz"], limits)
    assert (len(found.examples), found.dropped) == (500, [])
    assert 28 < sum(len(pool.labels) for pool in found.examples) / 500 < 35
