import gradio as gr
import pytest

from mlm_demo.corpus.papers import paper_of
from mlm_demo.inference.engine import Engine
from mlm_demo.runs.worker import work
from mlm_demo.settings import Settings
from mlm_demo.web.background import progress
from mlm_demo.web.extract.background import takes_long
from mlm_demo.web.extract.tab import ExtractTab
from mlm_demo.web.server.rate_limits import RateLimits
from tests.support.events import call, request
from tests.support.runs import waiting_service

PAPERS = [paper_of(f"Paper {name}\n\nThe heart pumps blood in {name}.", f"{name}.txt") for name in range(101)]


@pytest.fixture
def page(tmp_path):
    service = waiting_service(tmp_path / "data")
    with gr.Blocks() as demo, gr.Tabs() as tabs, gr.Tab("Extract", id="extract"):
        tab = ExtractTab(Engine(service.settings), service, RateLimits(service.settings))
        demo.tab = tab.build(demo, gr.BrowserState(""), tabs)
    return demo


def start(page, model, chosen=None):
    """What the page shows once a run has started; chosen: thresholds by model."""
    given = ("What pumps?", model, chosen or {}, PAPERS, None, {}, "me", request(), lambda *_, **__: None)
    return call(page, page.tab.extract, *given)


@pytest.fixture
def started(page, taught_folder):
    return start(page, taught_folder)


def run_of(page):
    (run,) = page.tab.service.runs.all()
    return run


def test_more_papers_than_a_person_waits_for_become_a_run(page, started):
    tab, run = page.tab, run_of(page)
    assert started[tab.background.run] == run.id
    assert run.name == "101 papers"
    assert started[tab.background.timer].active
    assert started[tab.background.stop_button].visible
    assert "101 papers, 1 question" in started[tab.results]
    assert "Starts in a moment" in started[tab.results]
    assert not started[tab.out].visible


def test_the_table_comes_at_the_end_with_all_that_belongs_to_it(page, started, taught_folder):
    tab, run = page.tab, run_of(page)
    work(run, tab.service.settings)
    shown = call(page, tab.background.look, run.id, "me")
    assert not shown[tab.background.timer].active
    assert "101 papers</b>" in shown[tab.results] or "of 101 papers" in shown[tab.results]
    assert shown[tab.out].visible
    assert len(shown[tab.extraction].findings) == 101
    again = call(page, tab.open_link, "me", request(query={"run": run.id}), None)
    assert again[tab.results] == shown[tab.results]
    assert again[tab.tabs].selected == "extract"


def test_a_chosen_threshold_decides_the_table_of_a_run_and_is_in_its_link(page, taught_folder):
    tab = page.tab
    start(page, taught_folder, {taught_folder: 99.0, "extract": 1.0})
    run = run_of(page)
    waiting = call(page, tab.open_link, "me", request(query={"run": run.id}), None)
    assert (waiting[tab.chosen], waiting[tab.threshold].value) == ({taught_folder: 99.0}, 99.0)
    work(run, tab.service.settings)
    shown = call(page, tab.background.look, run.id, "me")
    assert "Answered in 0 of 101 papers" in shown[tab.results]
    assert (shown[tab.threshold].value, shown[tab.calibrated]) == (99.0, 0.0)
    assert shown[tab.link].endswith("&threshold=99")


def test_its_owner_finds_the_form_as_it_was_asked(page, started, taught_folder):
    tab, query = page.tab, {"run": run_of(page).id}
    for opened in (query, {}):
        shown = call(page, tab.open_link, "me", request(query=opened), None)
        assert (shown[tab.questions], shown[tab.model].value) == ("What pumps?", taught_folder)
    other = call(page, tab.open_link, "you", request(query=query), None)
    assert tab.questions not in other
    assert other[tab.model].value != taught_folder


def test_a_run_is_stopped_resumed_and_deleted(page, started):
    tab, run = page.tab, run_of(page)
    stopped = call(page, tab.background.stop, run.id, "me")
    assert run.state == "stopped"
    assert not stopped[tab.background.stop_button].visible
    assert stopped[tab.background.resume_button].visible
    resumed = call(page, tab.background.resume, run.id, "me")
    assert run.state == "waiting"
    assert resumed[tab.background.timer].active
    call(page, tab.background.stop, run.id, "me")
    deleted = call(page, tab.background.delete, run.id, "me")
    assert "The table is deleted" in deleted[tab.results]
    assert tab.service.runs.all() == []
    gone = call(page, tab.background.look, run.id, "me")
    assert "There is no run" in gone[tab.results]
    for shown in (resumed, deleted, gone):
        assert (shown[tab.extraction], shown[tab.out].visible) == (None, False)
        assert (shown[tab.link], shown[tab.copied], shown[tab.paper]) == ("", "", "")


def test_nobody_else_sees_stops_or_deletes_it(page, started):
    tab, run = page.tab, run_of(page)
    for owner in ("you", ""):
        seen = call(page, tab.background.look, run.id, owner)
        assert "was started in another browser" in seen[tab.results]
        for act in (tab.background.stop, tab.background.delete):
            assert "in another browser" in call(page, act, run.id, owner)[tab.background.message]
    assert run.state == "waiting"


def test_an_active_run_is_shown_when_the_page_opens(page, started):
    tab, run = page.tab, run_of(page)
    assert call(page, tab.open_link, "me", request(), None)[tab.background.run] == run.id
    assert tab.background.run not in call(page, tab.open_link, "you", request(), None)


def test_progress_says_how_many_papers_are_done(page, started):
    run = run_of(page)
    run.log({"stage": "50 of 101 papers", "done": 50 / 101})
    run.mark_started(1)
    assert 'value="0.4950"' in progress(run, 0)
    assert "50 of 101 papers" in progress(run, 0)
    (run.folder / "worker.json").unlink()
    assert "Waiting for 2 other runs" in progress(run, 2)


def test_what_is_too_much_is_counted_in_papers_and_characters(monkeypatch):
    settings = Settings()
    assert takes_long(PAPERS, ["?"], settings)
    assert not takes_long(PAPERS[:100], ["?"], settings)
    long = [paper_of("word " * 100_000, "a.txt")]
    assert not takes_long(long, ["?"] * 4, settings)
    assert takes_long(long, ["?"] * 5, settings)
    monkeypatch.setenv("SPACES_ZERO_GPU", "1")
    assert not takes_long(PAPERS, ["?"], settings)
