import asyncio
import json

import gradio as gr
import pytest
from gradio.state_holder import SessionState

from mlm_demo.inference.engine import Engine
from mlm_demo.runs.store import RunStore
from mlm_demo.settings import Settings
from mlm_demo.web.fill.form_from_link import opened_form

SKIPPED = gr.skip()


@pytest.fixture(scope="module")
def engine():
    return Engine(Settings(device="cpu"))


@pytest.fixture
def runs(tmp_path):
    return RunStore(tmp_path / "runs")


def test_a_page_without_a_link_changes_nothing_but_the_choices(engine, runs):
    text, model, compare, *rest, link, more = opened_form(engine, runs, {}, "")
    assert (text, rest, more) == (SKIPPED, [SKIPPED] * 4, SKIPPED)
    assert "general" in [value for _, value in model.constructor_args["choices"]]
    assert "value" not in model.constructor_args
    assert "value" not in compare.constructor_args
    assert link.startswith("?text=Paris")


def test_what_a_link_asks_is_put_into_the_form(engine, runs):
    query = {"text": "The <mask>.", "model": "biomedical", "compare": "general", "k": "3", "joint": "1"}
    text, model, compare, top_k, targets, joint, precision, _, more = opened_form(engine, runs, query, "")
    assert (text, top_k, targets, joint, precision) == ("The <mask>.", 3, SKIPPED, True, SKIPPED)
    assert (model.value, compare.value) == ("biomedical", ["general"])
    assert more.open


def test_the_models_of_a_link_come_back_from_the_browser_as_they_were_sent(engine):
    """By Gradio's own way out of one event and into the next, which keeps what the dropdowns were made with."""
    query, received = {"model": "biomedical", "compare": "general,nobody/nothing"}, []
    with gr.Blocks() as page:
        model = gr.Dropdown(["general"], allow_custom_value=True)
        compare = gr.Dropdown(["general"], multiselect=True, max_choices=2, allow_custom_value=True)
        page.load(lambda: opened_form(engine, query, "")[1:3], None, [model, compare])
        model.change(lambda *names: received.extend(names), [model, compare])
    session = SessionState(page)
    sent = json.loads(json.dumps(asyncio.run(page.process_api(0, [], state=session))["data"]))
    assert [update["value"] for update in sent] == ["biomedical", ["general", "nobody/nothing"]]
    asyncio.run(page.process_api(1, ["nobody/else", sent[1]["value"]], state=session))
    assert received == ["nobody/else", ["general", "nobody/nothing"]]
    dropdown = session[compare._id]
    assert (dropdown.multiselect, dropdown.max_choices, dropdown.allow_custom_value) == (True, 2, True)
