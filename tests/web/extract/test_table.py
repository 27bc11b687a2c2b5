import pytest

from mlm_demo.web.extract.table import cells, excerpt, relevance_number, table
from mlm_demo.web.extract.verdicts import WRONG, judge
from tests.support.extractions import DOSE, SLEEP, extraction
from tests.support.html_reader import HOSTILE, Reader


def texts(html, before=""):
    return " ".join(text.strip() for text in Reader(html).texts if text.strip())


def test_a_row_has_title_answer_marked_sentence_and_relevance():
    html = table(extraction(), {})
    assert "Answered in 2 of 3 papers" in html
    assert "Title of a.txt a.txt 5 hours score 4.00 They slept 5 hours . 0.90 ✓ ✗" in texts(html)
    assert "They slept <mark>5 hours</mark>." in html
    assert "inline-size:90.00%" in html


def test_the_question_of_a_table_is_in_sight():
    assert f'<caption dir="auto">{SLEEP}</caption>' in table(extraction(), {})
    assert f'<th scope="col" dir="auto">{DOSE}<' in table(extraction(questions=(SLEEP, DOSE)), {})


def test_papers_without_an_answer_stay_and_the_best_evidence_comes_first():
    html = table(extraction(), {})
    places = [html.index(f"Title of {name}.txt") for name in "abc"]
    assert places == sorted(places)
    assert '<tr data-cell="2" class="no-answer">' in html
    assert "no answer found score -3.00 Nothing was measured." in texts(html)


def test_another_threshold_decides_again():
    assert "Answered in 1 of 3 papers" in table(extraction().at(3.0), {})
    assert "Answered in 3 of 3 papers" in table(extraction().at(-5.0), {})
    assert [cell.number for cell in cells(extraction())] == [cell.number for cell in cells(extraction(9.0))]


def test_several_questions_are_columns():
    html = table(extraction(questions=(SLEEP, DOSE)), {})
    assert "4 answers to 2 questions in 3 papers" in html
    assert html.count('scope="row"') == 3
    assert html.count("answered in 2 of 3") == 2
    assert f'data-cell="3" data-label="{DOSE}"' in html
    assert html.count("score 4.00") == 2
    assert "The bar is how relevant the model finds the sentence; ✓ says" in html
    assert "compact" not in html
    assert "compact" in table(extraction(questions=tuple(f"Question {n}?" for n in range(8))), {})


def test_the_buttons_show_a_verdict_and_say_what_it_is_about():
    found = extraction()
    cell = cells(found)[1]
    html = table(found, judge({}, cell.finding, cell.row, WRONG))
    pressed = [tag for tag in Reader(html).attributes if tag.get("aria-pressed") == "true"]
    assert [tag["aria-label"] for tag in pressed] == [
        "This sentence does not answer the question: Title of b.txt"
    ]
    assert 'aria-pressed="true"' not in table(found.at(9.0), judge({}, cell.finding, cell.row, WRONG)), (
        "the verdict was on an answer that is no longer shown"
    )


@pytest.mark.parametrize("count", [1, 2])
def test_every_text_is_escaped(count):
    questions = tuple(f"{number} {HOSTILE}" for number in range(count))
    html = table(extraction(questions=questions, a=f"They slept 5 hours {HOSTILE}"), {})
    assert not {"img", "script"} & set(Reader(html).tags)
    assert "<img src=x onerror=alert(1)>" in texts(html)


def test_a_long_sentence_is_cut_around_its_answer():
    sentence = "word " * 100 + "the answer stands here" + " more" * 100
    start = sentence.index("the answer")
    cut = excerpt(sentence, start, start + 10)
    assert "<mark>the answer</mark>" in cut
    assert cut.startswith("… word")
    assert cut.endswith("more …")
    assert len(cut) < 280
    assert excerpt("short", 0, 0) == "short"
    assert excerpt("x" * 500, 100, 400) == f"… <mark>{'x' * 300}</mark> …"


def test_only_certain_relevance_looks_certain():
    numbers = [relevance_number(value) for value in (0.0, 0.001, 0.5, 0.999, 1.0)]
    assert numbers == ["0.00", "< 0.01", "0.50", "> 0.99", "1.00"]
