import json

import gradio as gr
import pytest

from mlm_demo.inference.engine import Engine
from mlm_demo.settings import Settings
from mlm_demo.web.app import create_app
from mlm_demo.web.fill.answer import (
    ANSWERS_KEPT,
    NOT_LOADED,
    Shown,
    ask,
    first_answer,
    keep,
    link_of,
    parcel,
    pause_after,
    without_answer,
)
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


@pytest.mark.parametrize(
    ("seconds", "pause"), [(0.0, 120), (0.03, 120), (0.06, 120), (0.2, 400), (0.5, 1000), (60, 1000)]
)
def test_the_slower_the_last_answer_the_longer_the_pause_before_the_next(seconds, pause):
    assert pause_after(seconds) == pause


def test_an_answer_tells_how_long_its_models_took(engine, monkeypatch):
    question = Question("The <mask> sat.", "general", ("biomedical",))
    answers = engine.compare(question.text, question.models)["answers"]
    slow = {"answers": [{**answer, "seconds": 0.1} for answer in answers]}
    monkeypatch.setattr(engine, "compare", lambda *given, **named: slow)
    assert ask(engine, question, "Chart").pause == 400


def test_the_last_answers_of_a_page_are_kept():
    kept = {}
    for link in ["first", *map(str, range(ANSWERS_KEPT)), "0"]:
        keep(kept, Shown("", [{"of": link}], link, "", "", "", ""))
    assert list(kept) == ["1", "2", "0"]
    assert kept["0"] == [{"of": "0"}]
    for link in ("typed", "and", "dropped"):
        keep(kept, Shown("", [], link, "", "", "", ""), link_shown="1")
    assert kept["1"] == [{"of": "1"}]
    assert len(kept) == ANSWERS_KEPT


def test_the_same_answer_is_another_parcel():
    shown = without_answer("")
    assert parcel(shown) != parcel(shown)
    assert len(json.loads(parcel(shown))["values"]) == len(vars(shown)) - 1


@pytest.fixture
def typed(engine, tmp_path):
    """What the page does at a pause in the typing: of whether it follows, a sentence, and the link shown."""
    demo = create_app(Settings(device="cpu", data=str(tmp_path)), engine)
    event = next(event for event in demo.fns.values() if event.name == "fill_typed")

    def at_pause(following, text, link=""):
        return event.fn(None, following, text, "general", [], 8, "", False, "auto", "Chart", link, {}, "")

    return at_pause


def test_the_typing_is_followed_however_long_an_answer_takes(engine, typed, monkeypatch):
    question = Question("The <mask> sat.")
    answers = engine.compare(question.text, [""], top_k=8)["answers"]
    slow = {"answers": [{**answers[0], "seconds": 7.0}]}
    monkeypatch.setattr(engine, "compare", lambda *given, **named: slow)
    for _ in range(2):  # after an answer that took long too
        came, kept, _ = typed(True, question.text)
        assert json.loads(came)["link"] == link_of(question)
        assert kept == {link_of(question): slow["answers"]}


def test_nothing_is_asked_at_a_key_where_there_is_nothing_new(engine, typed, monkeypatch):
    engine.fill_mask("A <mask>.")
    monkeypatch.setattr(engine, "compare", None)
    skipped = (gr.skip(),) * 3
    assert typed(False, "The <mask> sat.") == skipped
    assert typed(True, "The <mask> sat.", link_of(Question("The <mask> sat."))) == skipped


def test_a_model_that_is_not_loaded_waits_for_enter(engine, typed, monkeypatch):
    monkeypatch.setattr(engine, "in_memory", lambda *given, **named: False)
    assert typed(True, "The <mask> sat.") == (gr.skip(), gr.skip(), NOT_LOADED)


def test_a_sentence_that_is_not_finished_is_no_error(engine, typed):
    engine.fill_mask("A <mask>.")
    assert typed(True, "The") == (gr.skip(),) * 3
