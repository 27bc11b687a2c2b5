"""The sample papers of the tab Extract."""

import re

import pytest

from mlm_demo.corpus.corpus import read_texts
from mlm_demo.corpus.sentences import split_sentences
from tests.support.sample_papers import ANSWERS, FOLDER, QUESTIONS, UNANSWERED

PAPERS = sorted(FOLDER.glob("*.txt"))


def test_twenty_papers_are_read_whole():
    texts, counts = read_texts(PAPERS)
    assert len(PAPERS) == counts.documents == len(texts) == 20
    assert (counts.dropped, counts.notes, counts.near_duplicates) == ([], [], 0)


@pytest.mark.parametrize("path", PAPERS, ids=lambda path: path.stem)
def test_a_paper_is_a_title_and_prose(path):
    title, prose = path.read_text().rstrip("\n").split("\n\n")
    assert "\n" not in title + prose
    assert 80 <= len(f"{title} {prose}".split()) <= 160
    assert 6 <= len(split_sentences(prose)) <= 12


def test_sixteen_papers_answer_the_questions_and_four_do_not():
    assert sorted((*ANSWERS, *UNANSWERED)) == [path.stem for path in PAPERS]
    assert len(QUESTIONS) == 3
    for name, answers in ANSWERS.items():
        text = (FOLDER / f"{name}.txt").read_text()
        assert [answer in text for answer in answers] == [True] * 3, name
    for name in UNANSWERED:
        text = (FOLDER / f"{name}.txt").read_text()
        assert not re.search(
            r"\bmg\b|enrolled|recruited|randomized|side effects|constipation|nausea", text
        ), name


def test_the_readme_says_that_they_are_invented_and_names_the_unanswered():
    readme = (FOLDER / "README.md").read_text()
    assert "CC0" in readme
    assert "No such study exists" in readme
    assert set(re.findall(r"`([\w-]+)\.txt`", readme)) == set(UNANSWERED)
