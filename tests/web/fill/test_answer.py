import pytest

from mlm_demo.inference.engine import Engine
from mlm_demo.settings import Settings
from mlm_demo.web.fill.answer import ask, first_answer
from mlm_demo.web.fill.links import Question


@pytest.fixture(scope="module")
def engine():
    return Engine(Settings(device="cpu"))


def test_an_answer_comes_with_its_link_code_and_files(engine):
    shown = ask(engine, Question("The <mask> sat.", "general", ("biomedical",), 3), "Chart")
    assert shown.link == "?text=The+%3Cmask%3E+sat.&model=general&k=3&compare=biomedical"
    assert "pipeline(" in shown.python
    assert shown.shell.count("\n") == 1
    assert shown.csv.count("\n") == 7
    assert '"answers"' in shown.json
    assert "<table" in ask(engine, Question("The <mask> sat.", "general"), "Table").results


def test_a_link_that_cannot_be_answered_still_opens_the_page(engine):
    shown = first_answer(engine, {"text": "no mask"}, "Chart")
    assert "The link could not be answered. The sentence holds no mask" in shown.results
    assert "Shown instead: Paris is the &lt;mask&gt; of France." in shown.results
    assert "capital" in shown.results


def test_bad_values_of_a_link_are_told_over_the_answer(engine):
    shown = first_answer(engine, {"text": "The <mask> sat.", "k": "x", "model": "no model"}, "Chart")
    assert shown.results.count('<li dir="auto">') == 2
