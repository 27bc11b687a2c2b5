"""The built-in model of extraction, on papers of the sample and in its own card's words."""

import pytest

from mlm_demo.corpus.papers import read_papers
from mlm_demo.inference.engine import Engine
from mlm_demo.settings import ASSETS, Settings


@pytest.fixture(scope="module")
def found():
    papers, _ = read_papers(sorted((ASSETS / "papers").glob("*.txt")))
    return Engine(Settings(device="cpu")).extract(papers, ["How many patients were enrolled?"])


def test_numbers_of_patients_are_found_with_their_sentences(found):
    rows = {row["document"]: row for row in found.rows}
    expected = {
        "helicobacter.txt": "Eighty-six",
        "vitamin-c.txt": "440",
        "bariatric-surgery.txt": "118",
        "before-surgery.txt": "163",
        "dialysis-sucrose.txt": "92",
        "bowel-disease.txt": "Seventy-four",
    }
    assert {name: rows[name]["answer"] for name in expected} == expected
    assert all(answer in rows[name]["sentence"] for name, answer in expected.items())


def test_papers_without_patients_score_lowest(found):
    scores = sorted(found.rows, key=lambda row: row["score"])
    assert {row["document"] for row in scores[:2]} == {"hepcidin-assay.txt", "screening-comment.txt"}
    assert [row["answer"] for row in scores[:2]] == [None, None]


def test_relevance_is_that_of_both_models(found):
    assert found.model["evidence"]["task"] == "evidence"
    assert found.rows[0]["relevance"] > 0.9
    assert found.model["answers"]["expected_precision"]
