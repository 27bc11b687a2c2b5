import asyncio
import json

import gradio as gr
import pytest
from gradio.state_holder import SessionState

from mlm_demo.runs.store import RunStore
from mlm_demo.web.fill.form_from_link import form_from_link
from mlm_demo.web.fill.links import FIRST, opening


@pytest.fixture
def runs(tmp_path):
    return RunStore(tmp_path / "runs")


def test_a_page_without_a_link_updates_only_the_choices(engine, runs):
    updates = form_from_link(engine, runs, {}, "", opening("general"))
    assert updates.keys() == {"model", "compare", "link"}
    assert "general" in [value for _, value in updates["model"].constructor_args["choices"]]
    assert "value" not in updates["model"].constructor_args
    assert "value" not in updates["compare"].constructor_args
    assert updates["link"].endswith("&model=general&k=8&compare=biomedical")


def test_a_link_fills_the_form(engine, runs):
    query = {"text": "The <mask>.", "model": "biomedical", "compare": "general", "k": "3", "joint": "1"}
    updates = form_from_link(engine, runs, query, "", FIRST)
    assert (updates["sentence"], updates["top_k"], updates["joint"]) == ("The <mask>.", 3, True)
    assert not {"targets", "precision"} & updates.keys()
    assert (updates["model"].value, updates["compare"].value) == ("biomedical", ["general"])
    assert updates["more"].open


def test_the_models_of_a_link_come_back_from_the_browser_as_they_were_sent(engine, runs):
    """Through Gradio's own conversion between two events."""
    query, received = {"model": "biomedical", "compare": "general,nobody/nothing"}, []
    with gr.Blocks() as page:
        model = gr.Dropdown(["general"], allow_custom_value=True)
        compare = gr.Dropdown(["general"], multiselect=True, max_choices=2, allow_custom_value=True)
        updates = form_from_link(engine, runs, query, "", FIRST)
        page.load(lambda: (updates["model"], updates["compare"]), None, [model, compare])
        model.change(lambda *names: received.extend(names), [model, compare])
    session = SessionState(page)
    sent = json.loads(json.dumps(asyncio.run(page.process_api(0, [], state=session))["data"]))
    assert [update["value"] for update in sent] == ["biomedical", ["general", "nobody/nothing"]]
    asyncio.run(page.process_api(1, ["nobody/else", sent[1]["value"]], state=session))
    assert received == ["nobody/else", ["general", "nobody/nothing"]]
    dropdown = session[compare._id]
    assert (dropdown.multiselect, dropdown.max_choices, dropdown.allow_custom_value) == (True, 2, True)
