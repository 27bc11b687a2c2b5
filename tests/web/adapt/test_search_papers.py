from types import SimpleNamespace

import gradio as gr
import pytest

from mlm_demo.errors import LimitError, PromptError, RunError
from mlm_demo.settings import Settings
from mlm_demo.web.adapt.search_papers import SearchPapers, passages_view
from tests.support.events import request
from tests.support.html_reader import Reader

PAPERS = [["bees.txt", "Bees", "Bees fly.", [[0, 9]]]]
PASSAGES = [
    {"document": "<b>.txt", "title": "", "start": 0, "end": 9, "text": "Bees <i>fly.", "similarity": 0.5},
    {"document": "a.txt", "title": "", "start": 0, "end": 9, "text": "Wasps.", "similarity": -0.25},
]


def silent(share, desc):
    """Show nothing of an event's progress."""


class Service:
    """A run of `me` with one file."""

    settings = Settings(max_papers=2, max_paper_characters=20)

    def __init__(self):
        self.run, self.papers, self.read = SimpleNamespace(files=["bees.txt"]), PAPERS, 0

    def require_owner(self, id, owner):
        if owner != "me":
            raise RunError("The run was started in another browser.")
        return self.run

    def papers_of(self, id, owner, on_progress):
        on_progress("Reading bees.txt")
        self.read += 1
        return self.papers, []


class Engine:
    """Finds PASSAGES, and notes what it was asked."""

    def __init__(self):
        self.asked = []

    def search(self, papers, query, model, *, on_progress):
        if not query:
            raise PromptError("The query is empty.")
        on_progress(0.5, "Reading with Bees")
        self.asked.append((papers, query, model))
        return {"passages": PASSAGES}


@pytest.fixture
def search():
    with gr.Blocks():
        found = SearchPapers()
        found.wire(
            Service(), Engine(), SimpleNamespace(admit=lambda request: None), [gr.Textbox(), gr.Textbox()]
        )
    return found


def ask(search, query="bees", id="a" * 8, owner="me", read=None):
    return search.search(query, id, owner, read, request(), silent)


def test_the_runs_model_searches_the_runs_files_which_are_read_once(search):
    shown = ask(search)
    assert "Wasps." in shown[search.results]
    assert search.engine.asked == [(PAPERS, "bees", "a" * 8)]
    ask(search, "wasps", read=shown[search.read])
    assert search.service.read == 1
    ask(search, "wasps", id="b" * 8, read=shown[search.read])
    assert search.service.read == 2, "another run has other files"


def test_a_stranger_reads_nothing(search):
    read = ask(search)[search.read]
    for kept in (None, read):
        shown = ask(search, owner="another", read=kept)
        assert list(shown) == [search.results]
        assert "another browser" in shown[search.results]
        assert "Bees" not in shown[search.results]


def test_without_files_nothing_is_found(search):
    read = ask(search)[search.read]
    search.service.run.files = []
    assert "no longer here" in ask(search, read=read)[search.results]


def test_too_many_papers_and_a_bad_query_are_told(search):
    search.service.papers = PAPERS * 3
    assert "3 papers with 27 characters" in ask(search)[search.results]
    search.service.papers = PAPERS
    assert "The query is empty" in ask(search, "")[search.results]

    def refuse(request):
        raise LimitError("Too often.")

    search.limits.admit = refuse
    assert "Too often" in ask(search)[search.results]
    assert len(search.engine.asked) == 0


def test_passages_are_escaped_in_order_and_a_bar_starts_at_zero():
    view = passages_view(PASSAGES)
    assert Reader(view).texts == ["<b>.txt", "0.50", "Bees <i>fly.", "a.txt", "-0.25", "Wasps."]
    assert "inline-size:50.00%" in view
    assert "inline-size:0.00%" in view


def test_only_a_run_that_can_be_searched_has_the_panel(search):
    assert search.show(frozenset({"search"}))[search.panel].visible
    hidden = search.forget()
    assert not hidden[search.panel].visible
    assert (hidden[search.results], hidden[search.read]) == ("", None)
