import pytest

from mlm_demo.web.extract.opened_paper import evidence_numbers, opened_paper, step_of
from mlm_demo.web.extract.table import cells
from tests.support.extractions import extraction
from tests.support.html_reader import HOSTILE, Reader


def sentences(html):
    return [tag for tag in Reader(html).attributes if "data-number" in tag]


@pytest.mark.parametrize(
    ("relevance", "step"), [(0.0, 1), (0.19, 1), (0.2, 2), (0.5, 3), (0.79, 4), (0.8, 5), (1.0, 5)]
)
def test_relevance_has_five_shades(relevance, step):
    assert step_of(relevance) == step


def test_sentences_are_shaded_and_numbered_and_the_answer_is_marked():
    html = opened_paper(cells(extraction())[0])
    shown = sentences(html)
    assert [tag["class"] for tag in shown] == ["read step-1", "read step-5", "read step-1"]
    assert [tag["data-relevance"] for tag in shown] == ["0.10", "0.90", "0.05"]
    assert shown[1]["title"] == "relevance 0.90"
    assert "They slept <mark>5 hours</mark>." in html
    assert 'data-document="a.txt" data-count="3"' in html
    assert "Answer: 5 hours" in html


def test_evidence_is_reached_by_keyboard_and_the_answer_comes_first():
    shown = sentences(opened_paper(cells(extraction())[1]))
    assert [tag["tabindex"] for tag in shown] == ["-1", "0", "-1"]
    assert ["data-first" in tag for tag in shown] == [False, True, False]


def test_a_paper_without_an_answer_opens_at_its_most_relevant_sentence():
    cell = cells(extraction())[2]
    assert evidence_numbers(cell) == {0}
    html = opened_paper(cell)
    assert "No answer found." in html
    assert "<mark>" not in html


def test_paragraphs_stay_and_what_stands_between_sentences_too():
    text = "They slept 5 hours.\n\nNobody was paid.  All were old."
    html = opened_paper(cells(extraction(a=text))[0])
    inner = html[html.index('<div class="paper-text"') : html.index("<footer>")]
    assert "".join(Reader(inner).texts) == "They slept 5 hours.Nobody was paid.  All were old."
    assert Reader(inner).tags.count("p") == 2


def test_an_answer_over_two_sentences_is_marked_in_both():
    found = extraction(a="They slept 5 hours. In all.")
    finding = found.findings[0]
    wide = type(finding)(finding.paper, finding.question, (11, 26), 4.0, finding.relevances)
    html = opened_paper(cells(type(found)(found.model, 0.0, found.questions, (wide,)))[0])
    assert html.count("<mark>") == 2


def test_a_paper_without_sentences_says_so():
    assert "no sentence to read" in opened_paper(cells(extraction(c=""))[2])


def test_every_text_is_escaped_and_every_opening_is_a_change():
    cell = cells(extraction(a=f"They slept 5 hours {HOSTILE}", questions=(HOSTILE,)))[0]
    html = opened_paper(cell)
    assert not {"img", "script"} & set(Reader(html).tags)
    assert opened_paper(cell) != html
