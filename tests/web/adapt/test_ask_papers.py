from types import SimpleNamespace

import gradio as gr
import pytest

from mlm_demo.corpus.papers import paper_of
from mlm_demo.models.extractor import BUILT_IN
from mlm_demo.web.adapt import ask_papers
from mlm_demo.web.adapt.ask_papers import AskPapers
from tests.support.events import call


@pytest.fixture
def page():
    with gr.Blocks() as demo:
        demo.extract = SimpleNamespace(model=gr.Dropdown([BUILT_IN]), about=gr.HTML(), papers=gr.State([]))
        with gr.Tabs() as demo.tabs:
            demo.ask = AskPapers()
        demo.ask.wire(demo.extract, demo.tabs)
    return demo


def test_extract_opens_with_the_built_in_model_and_asks_for_the_papers(page):
    shown = call(page, page.ask.open_extract, [])
    assert shown[page.extract.model] == BUILT_IN
    assert shown[page.tabs].selected == "extract"
    assert "does not see the files of a run, so add the papers here" in shown[page.extract.about]
    kept = call(page, page.ask.open_extract, [paper_of("A paper.", "a.txt")])
    assert page.extract.about not in kept, "papers that are there stay named"


def test_a_copy_without_the_built_in_model_has_no_button(page, monkeypatch):
    assert page.ask.show(True)[page.ask.button].visible
    assert not page.ask.show(False)[page.ask.button].visible
    monkeypatch.setattr(ask_papers, "built_in_model", lambda: None)
    assert not page.ask.show(True)[page.ask.button].visible
