import csv
import io
from dataclasses import replace
from types import SimpleNamespace

import gradio as gr
import pytest

from mlm_demo.corpus.papers import paper_of
from mlm_demo.inference.engine import Engine
from mlm_demo.runs.service import RunService
from mlm_demo.settings import Settings
from mlm_demo.web.extract import papers as papers_module
from mlm_demo.web.extract.tab import ExtractTab
from mlm_demo.web.extract.table import relevance_number
from mlm_demo.web.server.rate_limits import RateLimits
from tests.support.events import call, request

PAPERS = [
    paper_of(f"Paper {name}\n\nThe heart pumps blood. Paris is a city of {name}.", f"{name}.txt")
    for name in ("France", "Lyon", "Rome")
]
QUESTION = "What pumps?"


@pytest.fixture
def page(tmp_path):
    settings = Settings(device="cpu", data=str(tmp_path / "data"))
    with gr.Blocks() as demo, gr.Tabs() as tabs, gr.Tab("Extract", id="extract"):
        tab = ExtractTab(Engine(settings), RunService(settings), RateLimits(settings))
        demo.tab = tab.build(demo, gr.BrowserState(""), tabs)
    return demo


def extract(page, model, questions=QUESTION, chosen=None, papers=PAPERS, before=None, verdicts=None):
    """What Extract changes."""
    given = (questions, model, chosen or {}, list(papers), before, {} if verdicts is None else verdicts)
    return call(page, page.tab.extract, *given, "me", request(), lambda *_, **__: None)


def event(**data):
    return SimpleNamespace(_data=data)


def test_extract_shows_every_paper_with_link_and_threshold(page, taught_folder):
    tab, shown = page.tab, extract(page, taught_folder)
    assert all(paper.title in shown[tab.results] for paper in PAPERS)
    found = shown[tab.extraction]
    assert shown[tab.calibrated] == found.threshold == shown[tab.threshold].value
    assert shown[tab.link].startswith("?questions=What+pumps%3F&extractor=%2F")
    assert "threshold" not in shown[tab.link]
    assert shown[tab.out].visible


def test_the_same_papers_and_question_give_the_same_table(page, taught_folder):
    one = extract(page, taught_folder, questions=f"{QUESTION}\nWhat is a city?")
    two = extract(page, taught_folder, questions=f"{QUESTION}\nWhat is a city?", papers=PAPERS[::-1])
    assert one[page.tab.results] == two[page.tab.results]


def test_moving_the_threshold_decides_again_without_the_model(page, taught_folder, monkeypatch):
    tab, shown = page.tab, extract(page, taught_folder)
    found = shown[tab.extraction]
    monkeypatch.setattr(tab.engine, "extract", None)
    none = call(page, tab.decide, 99.0, taught_folder, {}, found, found.threshold, {})
    assert "Answered in 0 of 3 papers" in none[tab.results]
    assert none[tab.link].endswith("&threshold=99")
    every = call(page, tab.decide, -99.0, taught_folder, {}, none[tab.extraction], found.threshold, {})
    assert "Answered in 3 of 3 papers" in every[tab.results]
    assert {row["threshold"] for row in every[tab.extraction].records()} == {-99.0}
    assert every[tab.chosen] == {taught_folder: -99.0}
    assert call(page, tab.decide, 1.0, "extract", {}, None, 0.0, {}) == {tab.chosen: {"extract": 1.0}}


def test_a_chosen_threshold_stays_for_the_next_question(page, taught_folder):
    shown = extract(page, taught_folder, chosen={taught_folder: 99.0})
    assert "Answered in 0 of 3 papers" in shown[page.tab.results]
    assert shown[page.tab.calibrated] == 0.0, "that of the model"
    other = extract(page, taught_folder, chosen={"extract": 99.0})
    assert other[page.tab.extraction].threshold == 0.0, "a threshold belongs to a model"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"papers": []}, "There are no papers; add files, or use the sample."),
        ({"questions": " \n"}, "There is no question"),
        ({"questions": "\n".join(f"What {n}?" for n in range(9))}, "There are 9 questions; ask at most 8"),
        ({"model": ""}, "There is no model for extraction yet"),
        ({"model": "/no/folder"}, "There is no folder &#x27;/no/folder&#x27;"),
        ({"questions": "What is it? " * 1800, "papers": PAPERS * 40}, "A question has 21,599 characters"),
        ({"model": "general", "papers": PAPERS * 40}, "was taught no task"),
    ],
)
def test_an_error_is_a_sentence_above_the_table_before(page, taught_folder, change, message):
    before = extract(page, taught_folder)[page.tab.extraction]
    shown = extract(page, **{"model": taught_folder, "before": before, **change})
    assert shown.keys() == {page.tab.results}
    assert message in shown[page.tab.results]
    assert "<table" in shown[page.tab.results]


def test_a_click_opens_the_paper(page, taught_folder):
    found = extract(page, taught_folder)[page.tab.extraction]
    opened = call(page, page.tab.open_paper, found, request(), event(cell=1))
    assert "Paper Lyon</h3>" in opened[page.tab.paper]
    assert "Paris is a city of" in opened[page.tab.paper]


def test_an_opened_paper_is_shaded_sentence_by_sentence(page, taught_folder):
    found = extract(page, taught_folder)[page.tab.extraction]
    whole = page.tab.engine.judge_all(found.findings[0], taught_folder)
    shown = call(page, page.tab.open_paper, found, request(), event(cell=0))[page.tab.paper]
    for relevance in whole.relevances:
        assert f'data-relevance="{relevance_number(relevance)}"' in shown


def test_a_paper_opens_with_what_is_known_if_its_model_is_gone(page, taught_folder):
    found = extract(page, taught_folder)[page.tab.extraction]
    gone = replace(found, model={**found.model, "name": "/no/folder"})
    assert (
        "Paper Lyon</h3>" in call(page, page.tab.open_paper, gone, request(), event(cell=1))[page.tab.paper]
    )


def test_a_paper_opens_with_what_is_known_for_those_who_ask_too_often(page, taught_folder, monkeypatch):
    found = extract(page, taught_folder)[page.tab.extraction]
    asked = []
    monkeypatch.setattr(page.tab.engine, "judge_all", lambda *_: asked.append(1))
    monkeypatch.setattr(page.tab, "limits", RateLimits(Settings(device="cpu", requests_a_minute_total=1)))
    page.tab.limits.admit(request())
    assert (
        "Paper Lyon</h3>" in call(page, page.tab.open_paper, found, request(), event(cell=1))[page.tab.paper]
    )
    assert not asked


@pytest.mark.parametrize("data", [{}, {"cell": 3}, {"cell": -1}, {"cell": "0"}, {"cell": True}, [], None])
def test_what_is_no_cell_opens_and_judges_nothing(page, taught_folder, data):
    found = extract(page, taught_folder)[page.tab.extraction]
    sent = SimpleNamespace(_data=data)
    assert call(page, page.tab.open_paper, found, request(), sent) == {page.tab.paper: gr.skip()}
    assert call(page, page.tab.judge, found, {}, sent) == {page.tab.verdicts: gr.skip()}
    assert call(page, page.tab.open_paper, None, request(), event(cell=0)) == {page.tab.paper: gr.skip()}


def test_verdicts_are_counted_and_stay_in_the_next_table(page, taught_folder):
    tab = page.tab
    found = extract(page, taught_folder, chosen={taught_folder: -99.0})[tab.extraction]
    call(page, tab.judge, found, {}, event(cell=0, verdict="right"))
    given = {}
    for cell, verdict in enumerate(("right", "wrong")):
        shown = call(page, tab.judge, found, given, event(cell=cell, verdict=verdict))
    assert shown[tab.counted].startswith("2 verdicts.")
    assert shown[tab.judged].visible
    again = extract(page, taught_folder, chosen={taught_folder: -99.0}, verdicts=given)
    assert again[tab.results].count('aria-pressed="true"') == 2
    assert again[tab.counted].startswith("2 verdicts.")
    above = call(page, tab.decide, 99.0, taught_folder, {}, found, found.threshold, given)
    other = extract(page, taught_folder, questions="What is Paris?", verdicts=given)
    for shown in (above, other):
        assert shown[tab.counted].startswith("2 verdicts, 2 of them not in sight")
    assert tab.counted not in tab.show_found(found), "a run knows no verdicts"


def test_a_table_is_gone_with_its_papers(page, taught_folder):
    tab, given = page.tab, {}
    found = extract(page, taught_folder, chosen={taught_folder: -99.0})[tab.extraction]
    call(page, tab.judge, found, given, event(cell=0, verdict="right"))
    other = call(page, tab.read_sample, given, request())
    removed = call(page, tab.remove_papers, request())
    for shown, said in ((other, "press Extract"), (removed, "Press an example to ask twenty")):
        assert (shown[tab.extraction], shown[tab.paper], shown[tab.out].visible) == (None, "", False)
        assert said in shown[tab.results]
        assert "<table" not in shown[tab.results]
        assert shown[tab.background.run] == ""
    assert other[tab.counted].startswith("1 verdict, 1 of them not in sight")
    assert not {tab.verdicts, tab.chosen} & set(other), "verdicts and thresholds are good for other papers"
    assert (removed[tab.papers], removed[tab.verdicts], removed[tab.chosen]) == ([], {}, {})
    assert (removed[tab.counted], removed[tab.judged].visible) == ("", False)
    assert removed[tab.threshold].value == 0.0
    assert tab.questions not in removed
    emptied = tab.emptied()
    assert emptied[tab.questions] == ""
    assert set(emptied) == set(tab.filled)


@pytest.mark.parametrize("act", ["read_sample", "read_upload", "remove_papers", "extract"])
def test_an_answer_that_is_still_made_gives_way_to_other_papers_and_questions(
    page, taught_folder, tmp_path, monkeypatch, act
):
    tab, slow, late = page.tab, page.tab.engine.extract, []
    (tmp_path / "own.txt").write_text("My own text.")
    quiet, visitor = lambda *_, **__: None, request()
    acts = {
        "read_sample": lambda: call(page, tab.read_sample, {}, visitor),
        "read_upload": lambda: call(
            page, tab.read_upload, [str(tmp_path / "own.txt")], PAPERS, False, {}, visitor, quiet
        ),
        "remove_papers": lambda: call(page, tab.remove_papers, visitor),
        "extract": lambda: extract(page, taught_folder),
    }

    def interrupted(*given, on_progress):
        monkeypatch.setattr(tab.engine, "extract", slow)
        late.append(acts[act]())
        return slow(*given, on_progress=on_progress)

    monkeypatch.setattr(tab.engine, "extract", interrupted)
    assert extract(page, taught_folder) == {}
    assert late[0][tab.results]
    assert len(tab.work) == 0


def test_removing_papers_drops_also_an_answer_on_its_way_and_a_question_in_the_queue(page):
    tab = page.tab
    asking = {id for id, event in page.fns.items() if event.fn == tab.extract}
    assert len(asking) == 2
    for handler in (tab.read_sample, tab.remove_papers):
        (event,) = [event for event in page.fns.values() if event.fn == handler]
        beside = [other for other in page.fns.values() if other.targets == event.targets and other.cancels]
        assert [set(other.cancels) for other in beside] == [asking]


def test_a_paper_opens_also_while_another_one_is_opened(page):
    (event,) = [event for event in page.fns.values() if event.fn == page.tab.open_paper]
    assert event.trigger_mode == "multiple"


def test_files_replace_the_sample_and_join_other_files(page, tmp_path, monkeypatch):
    (tmp_path / "papers").mkdir()
    (tmp_path / "papers" / "s.txt").write_text("Sample\n\nThe sample text.")
    (tmp_path / "own.txt").write_text("My own text.")
    monkeypatch.setattr(papers_module, "SAMPLE", tmp_path / "papers")
    papers_module.sample.cache_clear()
    tab, quiet = page.tab, lambda *_, **__: None
    sampled = call(page, tab.choose_example, 0, [], {}, request())
    assert sampled[tab.questions] == tab.example_questions[0]
    assert [paper.title for paper in sampled[tab.papers]] == ["Sample"]
    other = call(page, tab.choose_example, 1, sampled[tab.papers], {}, request())
    assert other == {tab.questions: tab.example_questions[1]}
    own = [str(tmp_path / "own.txt")]
    one = call(page, tab.read_upload, own, sampled[tab.papers], True, {}, request(), quiet)
    assert [paper.document for paper in one[tab.papers]] == ["own.txt"]
    two = call(page, tab.read_upload, own, one[tab.papers], False, {}, request(), quiet)
    assert len(two[tab.papers]) == 2
    (tmp_path / "picture.txt").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)))
    picture = [str(tmp_path / "picture.txt")]
    bad = call(page, tab.read_upload, picture, one[tab.papers], False, {}, request(), quiet)
    assert bad.keys() == {tab.files, tab.about}
    assert "picture.txt" in bad[tab.about]
    assert "1 paper" in bad[tab.about]
    papers_module.sample.cache_clear()


def test_a_link_fills_in_the_form_and_opens_the_tab(page):
    tab = page.tab
    query = {"questions": "How long?", "extractor": "/a/folder", "threshold": "-12.5"}
    shown = call(page, tab.open_link, "", request(query=query), None)
    assert (shown[tab.questions], shown[tab.model].value) == ("How long?", "/a/folder")
    assert shown[tab.chosen] == {"/a/folder": -12.5}
    assert (shown[tab.threshold].minimum, shown[tab.threshold].value) == (-12.5, -12.5)
    assert shown[tab.tabs].selected == "extract"
    assert call(page, tab.open_link, "", request(), None).keys() == {tab.model}


def test_the_table_is_written_with_offsets_model_and_threshold(page, taught_folder):
    found = extract(page, taught_folder, chosen={taught_folder: -99.0})[page.tab.extraction]
    first = next(csv.DictReader(io.StringIO(found.to_csv())))
    text = next(paper.text for paper in PAPERS if paper.document == first["document"])
    assert text[int(first["start"]) : int(first["end"])] == first["answer"]
    assert first["threshold"] == "-99.0"
    assert first["revision"]
