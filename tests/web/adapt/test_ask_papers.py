from types import SimpleNamespace

import gradio as gr
import pytest

from mlm_demo.errors import CorpusError, RunError
from mlm_demo.models.extractor import BUILT_IN
from mlm_demo.web.adapt import ask_papers
from mlm_demo.web.adapt.ask_papers import AskPapers
from mlm_demo.web.adapt.search_papers import SearchPapers
from tests.support.events import call

REQUEST = SimpleNamespace(client=SimpleNamespace(host="10.0.0.1"), headers={}, session_hash="s")


def silent(share, desc):
    """Show nothing of an event's progress."""


class Service:
    """A run of `me` with one file."""

    def __init__(self):
        self.run = SimpleNamespace(id="a" * 8, files=["bees.txt"])
        self.runs = SimpleNamespace(find=lambda id: self.run)

    def is_owner(self, run, owner):
        return owner == "me"

    def papers_of(self, id, owner, on_progress):
        on_progress("Reading bees.txt")
        if self.run.files == ["cut.pdf"]:
            raise CorpusError("'cut.pdf' ends early.")
        return [["bees.txt", "Bees", "Bees fly.", [[0, 9]]]], ["noted"]

    def delete_files(self, id, owner):
        if owner != "me":
            raise RunError("The run was started in another browser.")
        names, self.run.files = self.run.files, []
        return names


@pytest.fixture
def page():
    def show_papers(papers, noted, verdicts, request, *, sampled):
        return {demo.extract.papers: papers, demo.extract.about: noted, demo.extract.sampled: sampled}

    with gr.Blocks() as demo:
        demo.service, message, run = Service(), gr.HTML(), [gr.Textbox(), gr.Textbox()]
        about, papers, sampled = gr.HTML(), gr.State([]), gr.State(False)
        demo.extract = SimpleNamespace(
            model=gr.Dropdown([BUILT_IN]),
            about=about,
            papers=papers,
            sampled=sampled,
            verdicts=gr.State({}),
            of_papers=[about, papers, sampled],
            show_papers=show_papers,
        )
        demo.tabs, demo.ask, demo.search = gr.Tabs(), AskPapers(), SearchPapers()
        limits = SimpleNamespace(admit=lambda request: None)
        demo.ask.wire(demo.service, limits, run, message, demo.search, demo.extract, demo.tabs)
    return demo


def test_extract_opens_with_the_built_in_model_and_the_files_of_the_run(page):
    shown = call(page, page.ask.open_extract)
    assert (shown[page.extract.model], shown[page.tabs].selected) == (BUILT_IN, "extract")
    shown = page.ask.read_papers("a" * 8, "me", {}, REQUEST, silent)
    (paper,) = shown[page.extract.papers]
    assert (paper.title, paper.text) == ("Bees", "Bees fly.")
    assert shown[page.extract.about] == [ask_papers.READ, "noted"]


def test_without_the_files_extract_asks_for_them(page):
    for owner, files in (("another", ["bees.txt"]), ("me", [])):
        page.service.run.files = files
        shown = page.ask.read_papers("a" * 8, owner, {}, REQUEST, silent)
        assert list(shown) == [page.extract.about], "papers that are there stay"
        assert "The files of that run are not here" in shown[page.extract.about]
    page.service.run.files = ["cut.pdf"]
    assert "ends early" in page.ask.read_papers("a" * 8, "me", {}, REQUEST, silent)[page.extract.about]


def test_the_files_are_removed_and_named(page):
    shown = page.ask.remove_files("a" * 8, "another")
    assert "another browser" in shown[page.ask.message]
    shown = page.ask.remove_files("a" * 8, "me")
    assert "Deleted: bees.txt. The model stays." in shown[page.ask.message]
    assert not shown[page.ask.remove].visible
    assert not shown[page.ask.button].visible, "there are no papers left to ask"
    assert not shown[page.search.panel].visible
    assert "were deleted before" in page.ask.remove_files("a" * 8, "me")[page.ask.message]


def test_a_copy_without_the_built_in_model_has_no_button(page, monkeypatch):
    assert page.ask.show(frozenset({"ask"}))[page.ask.button].visible
    assert not page.ask.show(frozenset())[page.ask.button].visible
    assert page.ask.show(frozenset({"remove"}))[page.ask.remove].visible
    monkeypatch.setattr(ask_papers, "built_in_model", lambda: None)
    assert not page.ask.show(frozenset({"ask"}))[page.ask.button].visible
