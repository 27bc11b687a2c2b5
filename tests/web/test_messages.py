import warnings

import pytest
from gradio.context import LocalContext

from mlm_demo.errors import PromptError
from mlm_demo.web import messages
from mlm_demo.web.messages import notices_of, refusal, reporter


def test_a_mistake_past_the_queue_stays_out_of_the_log():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        shown = refusal(PromptError("The sentence <b> holds no mask."), "")
    assert "The sentence &lt;b&gt; holds no mask." in shown


def test_a_mistake_in_an_event_of_the_queue_pops_up(monkeypatch):
    popped = []
    monkeypatch.setattr(messages.gr, "Warning", lambda text, duration: popped.append(text))
    token = LocalContext.event_id.set("event")
    try:
        refusal(PromptError("No <mask>."), "")
    finally:
        LocalContext.event_id.reset(token)
    assert popped == ["No &lt;mask&gt;."]


@pytest.mark.parametrize(("kind", "name"), [("adapted", "Bees of May"), ("hub", "a/b")])
def test_a_notice_of_one_model_names_it_as_the_page_does(kind, name):
    model = {"name": "x8H" if kind == "adapted" else "a/b", "kind": kind, "title": "Bees of May"}
    answers = [{"notices": ["cut"], "model": model}, {"notices": [], "model": {"name": "general"}}]
    assert notices_of(answers) == [f"{name}: cut"]


def test_a_stage_of_unknown_length_shows_no_percentage():
    shown = []
    report = reporter(lambda share, desc: shown.append((share, desc)))
    for share, stage in (
        (0.0, "Starting torch"),
        (0.4, "Downloading"),
        (1.0, "Loading"),
        (0.9999, "Scoring"),
    ):
        report(share, stage)
    assert shown == [(None, "Starting torch"), (0.4, "Downloading"), (None, "Loading"), (None, "Scoring")]
