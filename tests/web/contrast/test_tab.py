from types import SimpleNamespace

import gradio as gr
import pytest

from mlm_demo.runs.store import RunStore
from mlm_demo.settings import Settings
from mlm_demo.web.contrast.links import Asked
from mlm_demo.web.contrast.tab import EXAMPLES, TO_DOWNLOAD, ContrastTab
from mlm_demo.web.server.rate_limits import RateLimits
from tests.support.events import call, request

FORM = ("A nurse said <mask> sat.", "A king said <mask> sat.", "general", "")


@pytest.fixture(scope="module")
def page(tmp_path_factory, engine):
    folder = tmp_path_factory.mktemp("data")
    limits = RateLimits(Settings(data=str(folder)))
    with gr.Blocks() as demo, gr.Tabs(), gr.Tab("Contrast", id="contrast") as tab:
        contrast = ContrastTab(engine, RunStore(folder / "runs"), limits).build(tab, gr.BrowserState(""))
    return demo, contrast


def test_the_sentences_are_contrasted_and_an_error_stands_over_the_answer(page):
    demo, tab = page
    shown = call(demo, tab.contrast_sentences, *FORM, {}, None)
    assert "<svg" in shown[tab.results]
    for first, message in (
        ("", "is empty"),
        ("A king.", "holds no mask"),
        ("<mask> <mask>", "holds 2 masks"),
    ):
        refused = call(demo, tab.contrast_sentences, first, *FORM[1:], shown[tab.kept], None)
        assert refused.keys() == {tab.results}
        assert message in refused[tab.results]
        assert "<svg" in refused[tab.results]
    unknown = call(demo, tab.contrast_sentences, *FORM[:2], "no model", "", {}, None)[tab.results]
    assert "no model" in unknown


def test_a_chosen_model_answers_and_one_to_download_waits(page):
    demo, tab = page
    shown = call(demo, tab.answer_chosen, *FORM, {}, None)
    assert "<svg" in shown[tab.results]
    waiting = call(demo, tab.answer_chosen, *FORM[:3], "nobody/nothing", shown[tab.kept], None)
    assert waiting.keys() == {tab.results}
    assert waiting[tab.results].startswith(TO_DOWNLOAD)
    assert "<svg" in waiting[tab.results]


def test_what_is_asked_while_an_answer_is_on_its_way_is_asked_after_it(page):
    demo, tab = page
    asks = (tab.contrast_sentences, tab.answer_chosen)
    assert {event.trigger_mode for event in demo.fns.values() if event.fn in asks} == {"always_last"}


def test_empty_pickers_are_the_default_model(page):
    demo, tab = page
    shown = call(demo, tab.contrast_sentences, FORM[0], None, None, None, {}, None)
    assert [model["name"] for model in shown[tab.kept]["models"]] == ["general", "general"]


def test_the_opened_tab_answers_its_form_or_the_link(page):
    demo, tab = page
    shown = call(demo, tab.first_answer, "?text=The+<mask>+sat.", *FORM, request())
    assert shown[tab.kept]["texts"] == FORM[:2]
    assert call(demo, tab.open_form, "?text=The+<mask>+sat.", "") == {}, "a person may be typing"
    link = "?contrast=The+<mask>+sat.&with=A+<mask>+ran.&asked=biomedical,general"
    opened = call(demo, tab.open_form, link, "")
    assert (opened[tab.first], opened[tab.second]) == ("The <mask> sat.", "A <mask> ran.")
    assert (opened[tab.model].value, opened[tab.other_model].value) == ("biomedical", "general")
    shown = call(demo, tab.first_answer, link, *FORM, request())
    assert shown[tab.kept]["texts"] == ("The <mask> sat.", "A <mask> ran.")
    assert tab.first not in shown, "a person may have typed since"
    refused = call(demo, tab.first_answer, "?contrast=No+blank.", *FORM, request())
    assert "holds no mask" in refused[tab.results]


def test_a_link_names_a_model_that_somebody_else_adapted(page, finished, monkeypatch):
    _, tab = page
    monkeypatch.setattr(tab, "runs", RunStore(finished.folder.parent))
    asked = Asked("The <mask> sat.", "", "general", finished.id)
    labels = dict(tab._form(asked, "")[tab.other_model].choices)
    assert labels["tiny on bees"] == finished.id
    assert labels["the same"] == ""


def test_a_swapped_word_is_put_in_and_answered(page):
    demo, tab = page
    event = SimpleNamespace(_data={"sentence": "A queen said <mask> sat."})
    shown = call(demo, tab.swap_word, event, *FORM, {}, None)
    assert shown[tab.second] == shown[tab.kept]["texts"][1] == "A queen said <mask> sat."
    for nonsense in ({"sentence": 3}, "x", {}):
        ignored = call(demo, tab.swap_word, SimpleNamespace(_data=nonsense), *FORM, {}, None)
        assert ignored == {tab.swaps: gr.skip()}


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_shows_a_difference(page, example):
    demo, tab = page
    found = call(demo, tab.contrast_sentences, *example, {}, None)[tab.kept]
    assert found["distance"] > 0.07
    sides = {word["first"] > word["second"] for word in found["words"][:6]}
    assert sides == {True, False}, "both lists begin with words that differ"
