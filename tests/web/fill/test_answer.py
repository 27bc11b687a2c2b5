import json

import pytest

from mlm_demo.inference.engine import Engine
from mlm_demo.settings import Settings
from mlm_demo.web.fill.answer import (
    ANSWERS_KEPT,
    Shown,
    ask,
    first_answer,
    keep,
    pause_after,
    typed_answer_json,
    without_answer,
)
from mlm_demo.web.fill.links import Question


def test_an_answer_comes_with_its_link_code_and_files(engine):
    shown = ask(engine, Question("The <mask> sat.", "general", ("biomedical",), 3), "Chart")
    assert shown.link == "?text=The+%3Cmask%3E+sat.&model=general&k=3&compare=biomedical"
    assert "pipeline(" in shown.python
    assert shown.shell.count("\n") == 1
    assert shown.csv.count("\n") == 7
    assert '"answers"' in shown.json
    assert "<table" in ask(engine, Question("The <mask> sat.", "general"), "Table").results


def test_a_link_that_cannot_be_answered_still_opens_the_page(engine):
    shown = first_answer(engine, {"text": "The <mask> sat.", "model": "nobody/nothing"}, "Chart")
    assert "The link could not be answered." in shown.results
    assert "Shown instead: Paris is the &lt;mask&gt; of France." in shown.results
    assert "capital" in shown.results


def test_a_reload_of_a_sentence_without_a_blank_shows_its_words(engine):
    shown = first_answer(engine, {"text": "No blank yet"}, "Chart")
    assert "This sentence has no blank yet." in shown.results
    assert 'aria-label="Hide blank"' in shown.words
    assert shown.answers == []
    assert shown.link.startswith("?text=No+blank+yet"), "for the next reload"


def test_bad_values_of_a_link_get_notices(engine):
    shown = first_answer(engine, {"text": "The <mask> sat.", "k": "x", "model": "no model"}, "Chart")
    assert shown.results.count('<li dir="auto">') == 2


@pytest.mark.parametrize(
    ("seconds", "pause"), [(0.0, 120), (0.03, 120), (0.06, 120), (0.2, 400), (0.5, 1000), (60, 1000)]
)
def test_the_slower_the_last_answer_the_longer_the_pause_before_the_next(seconds, pause):
    assert pause_after(seconds) == pause


def test_a_slow_answer_makes_a_long_pause(engine, monkeypatch):
    question = Question("The <mask> sat.", "general", ("biomedical",))
    answers = engine.compare(question.text, question.models)["answers"]
    slow = {"answers": [{**answer, "seconds": 0.1} for answer in answers]}
    monkeypatch.setattr(engine, "compare", lambda *given, **named: slow)
    assert ask(engine, question, "Chart").pause == 400


def test_the_last_answers_of_a_page_are_kept():
    kept = {}
    for link in ["first", *map(str, range(ANSWERS_KEPT)), "0"]:
        keep(kept, Shown("", [{"of": link}], link, "", "", "", "", ""))
    assert list(kept) == ["1", "2", "0"]
    assert kept["0"] == [{"of": "0"}]
    for link in ("typed", "and", "dropped"):
        keep(kept, Shown("", [], link, "", "", "", "", ""), link_shown="1")
    assert kept["1"] == [{"of": "1"}]
    assert len(kept) == ANSWERS_KEPT


def test_the_same_answer_is_a_change_each_time():
    shown = without_answer("")
    assert typed_answer_json(shown) != typed_answer_json(shown)
    assert len(json.loads(typed_answer_json(shown))["values"]) == len(vars(shown)) - 1


def test_without_loading_there_is_no_answer_from_a_model_on_disk():
    assert ask(Engine(Settings(device="cpu")), Question("The <mask> sat."), "Chart", load=False) is None
