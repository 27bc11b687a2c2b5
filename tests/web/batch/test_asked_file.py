import csv as csv_reader
import io
import json
import time
from dataclasses import replace

import gradio as gr
import pytest

from mlm_demo.corpus.pairs import phenomena
from mlm_demo.runs.worker import work
from mlm_demo.web.batch import asked_file, part
from mlm_demo.web.batch.asked_file import Waiting, open_runs
from mlm_demo.web.fill.filled_file import FilledFile
from mlm_demo.web.score.cancel import CancelableWork
from mlm_demo.web.score.scored_file import ScoredFile
from mlm_demo.web.server.rate_limits import RateLimits
from tests.support.events import call, request
from tests.support.html_reader import HOSTILE, Reader
from tests.support.runs import waiting_service

MODELS, WITHIN = ["general", "biomedical"], "within_word"
PAIRS = (
    "phenomenon,good,bad\nagreement,The dogs run.,The dogs runs.\nagreement,She sings.,She sing.\n"
    "order,The old man sat.,The man old sat.\nsame,One.,One.\nmask,A <mask>.,A dog.\n"
)

FACTS = (
    "relation,subject,template,object,source\norgan,hepatitis,[X] is a disease of the [Y].,liver,own\n"
    "capital,France,[Y] is the capital of [X].,Paris,own\n"
    "organ,gout,[X] is a disease of the [Y].,antidisestablishment,own\n"
    "organ,x,[X] is a [Y].,,own\n"
)


class Page:
    """Both tabs' files on a page; `show` uploads a file, and `shown` has what the page then shows of it."""

    def __init__(self, engine, service, tmp_path):
        self.engine, self.service, self.folder = engine, service, tmp_path
        limits, work = RateLimits(service.settings), CancelableWork()
        with gr.Blocks() as self.demo, gr.Tabs() as self.tabs, gr.Tab("Files"):
            owner, models = gr.BrowserState(""), gr.Dropdown(MODELS, multiselect=True)
            form = [gr.Textbox(), models, gr.Number(), gr.Textbox(), gr.Checkbox(), gr.Textbox()]
            with gr.Accordion() as fill_box:
                self.fill = FilledFile(engine, service, limits, work).draw(form, owner)
            with gr.Accordion() as score_box:
                self.score = ScoredFile(engine, service, limits, work).draw(models, gr.Radio([WITHIN]), owner)
            self.boxes = {self.fill: fill_box, self.score: score_box}
            open_runs(self.demo, owner, self.tabs, self.boxes)

    def show(self, name, text, models=("general",), waiting=None):
        path = self.folder / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        given = (str(path), waiting or Waiting(), "me")
        if name.startswith("fill"):
            first, *more = models
            return self._call(self.fill, self.fill.fill_file, *given, first, more, 2, "", False, "auto")
        return self._call(self.score, self.score.score_file, *given, list(models), WITHIN)

    def _call(self, file, handler, *given):
        shown = call(self.demo, handler, *given, None)
        assert not (self.folder / given[0]).exists(), "it is deleted"
        self.results, self.csv = str(shown.get(file.results)), shown.get(file.csv)
        return shown

    @property
    def rows(self):
        return list(csv_reader.DictReader(io.StringIO(self.csv)))

    def in_background(self, file, waiting):
        """Start the run of a file that was too long; return it and what the page shows."""
        shown = call(self.demo, file.run_in_background, waiting, "me", request())
        (run,) = self.service.runs.all()
        return run, shown

    def open(self, owner, **query):
        (handler,) = {event.fn for event in self.demo.fns.values() if "open_run" in str(event.fn)}
        return call(self.demo, handler, owner, request(query=query), None)


@pytest.fixture
def page(engine, tmp_path):
    return Page(engine, waiting_service(tmp_path / "data"), tmp_path)


def test_each_sentence_has_a_row_by_each_model_with_its_own_score(page, engine):
    shown = page.show("a.txt", "The dog sat.\nA <mask>.\n\nThe patient has diabetes.\n", MODELS)
    assert [(row["where"], row["model"]) for row in page.rows] == [
        ("a.txt, line 1", "general"), ("a.txt, line 1", "biomedical"),
        ("a.txt, line 2", ""), ("a.txt, line 2", ""),
        ("a.txt, line 4", "general"), ("a.txt, line 4", "biomedical"),
    ]  # fmt: skip
    alone = engine.score("The dog sat.", MODELS)["scores"]
    found = [float(row["log_likelihood"]) for row in page.rows[:2]]
    assert found == pytest.approx([score["log_likelihood"] for score in alone], abs=1e-4)
    assert "All 3 sentences scored." in page.results
    assert page.results.count("holds a mask") == 1
    assert "general, bits per word" in page.results
    assert shown[page.score.file] is None
    assert not shown[page.score.offer].visible
    assert not list((page.folder / "data").glob("drafts/*")), "nothing is kept"


def test_each_sentence_is_filled_by_each_model(page, engine):
    page.show("fill.txt", "Paris is the <mask> of France.\nNo blank.\nA <mask> and a <mask>.\n", MODELS)
    assert len(page.rows) == 2 * 2 + 2 + 2 * 2 * 2
    alone = engine.fill_mask("Paris is the <mask> of France.", "biomedical", top_k=2)["masks"][0]
    found = [row for row in page.rows if row["model"] == "biomedical" and row["where"].endswith("line 1")]
    assert [(row["word"], float(row["score"])) for row in found] == [
        (row["word"], pytest.approx(row["score"], abs=1e-6)) for row in alone
    ]
    assert "All 3 sentences filled." in page.results
    assert "<b>capital</b>" in page.results
    assert "general, first words" in page.results
    assert page.results.count("holds no mask") == 1


def test_a_table_of_pairs_is_judged_by_phenomenon(page, engine):
    page.show("a.csv", PAIRS, MODELS)
    assert [row["good"] for row in page.rows if row["model"] == "general"] == [
        "The dogs run.", "She sings.", "The old man sat.", "A <mask>.",
    ]  # fmt: skip
    good, bad = (engine.score(text, ["general"])["scores"][0] for text in ("The dogs run.", "The dogs runs."))
    assert float(page.rows[0]["good_log_likelihood"]) == pytest.approx(good["log_likelihood"], abs=1e-4)
    assert float(page.rows[0]["bad_log_likelihood"]) == pytest.approx(bad["log_likelihood"], abs=1e-4)
    assert "All 4 pairs judged." in page.results
    read = Reader(page.results)
    assert {"agreement", "order", "all", "general", "biomedical", "100.0%"} <= set(map(str.strip, read.texts))
    assert "row 5 was left out: its two sentences are the same." in page.results
    assert "general cannot score 1 of the pairs: The sentence holds a mask" in page.results


def test_facts_are_asked_beside_their_templates_without_subjects(page, engine):
    page.show("fill.csv", FACTS, MODELS)
    asked = [("organ", "hepatitis", "[X] is a disease of the [Y].", "liver")]
    alone = engine.ask_facts(asked, ["biomedical"], k=2)["models"][0]["facts"][0]
    first = next(row for row in page.rows if row["model"] == "biomedical")
    assert (first["object"], first["source"], int(first["rank"])) == ("liver", "own", alone["rank"])
    assert float(first["probability_without"]) == pytest.approx(alone["probability_without"], abs=1e-6)
    assert [row["error"] != "" for row in page.rows] == [False, False, False, False, True, True]
    assert "All 3 facts asked." in page.results
    read = Reader(page.results)
    assert {"organ", "capital", "all", "general", "biomedical", "First 2 words"} <= set(
        map(str.strip, read.texts)
    )
    assert "cannot be asked 1 of the facts" in page.results
    assert "row 5 was left out: it has no object." in page.results


def test_the_columns_of_pairs_are_in_the_table(page):
    page.show("a.csv", "item,good,bad,Condition\n7,The dogs run.,The dogs runs.,match\n")
    assert [(row["item"], row["condition"]) for row in page.rows] == [("7", "match")]


def test_the_built_in_phenomena_are_judged_in_the_background(page, engine, monkeypatch):
    monkeypatch.setattr(phenomena, "PAIRS_EACH", 1)
    shown = call(page.demo, page.score.judge_phenomena, Waiting(), "me", MODELS, WITHIN, request())
    (run,) = page.service.runs.all()
    assert shown[page.score.background.run] == run.id
    assert run.name == "phenomena"
    work(run, page.service.settings)
    results = page.score.background.look(run.id, "me")[page.score.results]
    assert "12 pairs judged." in results
    assert results.count("<tr>") == 1 + 12 + 1, "a row for each, and one for all"
    assert not list((page.folder / "data").glob("drafts/*"))


def test_more_pairs_than_the_page_judges(page, monkeypatch):
    monkeypatch.setattr(part, "MAX_SENTENCES", 2)
    shown = page.show("a.csv", PAIRS)
    assert "The first 1 of 4 pairs judged: the page stops there." in page.results
    assert "all" not in Reader(page.results).texts, "one phenomenon needs no row for all"
    assert shown[page.score.offer].visible


def test_hostile_pairs_and_sentences_stay_text(page):
    pair = json.dumps({"phenomenon": HOSTILE, "good": f"{HOSTILE} sat.", "bad": f"{HOSTILE} sit."})
    for name, text in (("a.jsonl", pair), ("a.txt", HOSTILE), ("fill.txt", f"{HOSTILE} <mask>")):
        page.show(name, text)
        read = Reader(page.results)
        assert {"img", "script"} & set(read.tags) == set()
        assert "1 " in page.results


def test_a_table_is_read_by_its_column_of_sentences(page):
    page.show("a.csv", "kind,sentence\na,The cat sat down.\nb,The dog ran away.\n")
    assert [row["text"] for row in page.rows] == ["The cat sat down.", "The dog ran away."]


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.txt", b"PK\3\4" + b"\0" * 90, "is not text"),
        ("a.csv", b"\1\2\3\4\5" * 90, "is not text"),
        ("a.txt", b"\n\n", "holds no sentence"),
        ("a.txt", b"a " * 3_000_000, "has 6.0 MB; the limit is 5 MB"),
    ],
)
def test_a_file_that_cannot_be_scored_is_refused_and_deleted(page, name, data, message):
    page.show(name, data)
    assert message in page.results


def test_the_page_stops_at_its_limits_and_says_where(page, monkeypatch):
    monkeypatch.setattr(part, "MAX_SENTENCES", 3)
    shown = page.show("a.txt", "The dog sat.\n" * 5)
    assert "The first 3 of 5 sentences scored: the page stops there." in page.results
    assert len(page.rows) == 3
    draft = shown[page.score.waiting].draft
    assert page.service.staging.names(draft) == ["a.txt"]

    monkeypatch.setattr(part, "TOGETHER", 1)
    monkeypatch.setattr(page.engine, "settings", replace(page.engine.settings, max_score_seconds=0.05))
    stock = page.engine.score_each

    def slow(*arguments, **options):
        time.sleep(0.03)
        return stock(*arguments, **options)

    monkeypatch.setattr(page.engine, "score_each", slow)
    shown = page.show("b.txt", "The dog sat.\n" * 3, waiting=shown[page.score.waiting])
    assert 1 <= len(page.rows) <= 2
    assert "of 3 sentences scored: the page stops after 0.05 seconds." in page.results
    assert page.service.staging.names(shown[page.score.waiting].draft) == ["b.txt"]
    assert len(list((page.folder / "data" / "drafts").iterdir())) == 1, "the other file is gone"

    monkeypatch.setattr(part, "SECONDS_TO_ESTIMATE", 0)
    monkeypatch.setattr(page.engine, "settings", replace(page.engine.settings, max_score_seconds=60))
    monkeypatch.setattr(page.engine, "score_each", lambda *a, **k: (time.sleep(0.1), stock(*a, **k))[1])
    monkeypatch.setattr(part, "MAX_SENTENCES", 10_000)
    page.show("c.txt", "The dog sat.\n" * 3_000)
    assert "The first 1 of 3,000 sentences scored: the rest would take about " in page.results


def test_a_longer_file_runs_in_the_background_until_its_table_is_there(page, monkeypatch):
    monkeypatch.setattr(part, "MAX_SENTENCES", 2)
    monkeypatch.setattr(asked_file, "ROWS_SHOWN", 3)
    for file, name, text, words in (
        (page.fill, "fill.txt", "The cat <mask>.\n" * 4, "4 sentences filled."),
        (page.score, "a.txt", "The cat sat.\n" * 4, "4 sentences scored."),
        (page.score, "a.csv", PAIRS, "4 pairs judged."),
    ):
        waiting = page.show(name, text)[file.waiting]
        run, shown = page.in_background(file, waiting)
        assert run.name == name.partition(".")[0]
        assert "Starts in a moment" in shown[file.results]
        assert shown[file.background.timer].active
        assert not shown[file.offer].visible
        assert shown[file.waiting] == Waiting()
        seen = page.open("me")
        assert seen[page.boxes[file]].open
        assert page.tabs not in seen, "the tab that was opened stays"

        work(run, page.service.settings)
        seen = call(page.demo, file.background.look, run.id, "me")
        assert words in seen[file.results]
        assert f"tables/{run.id}.csv?until=" in seen[file.results]
        assert f'href="?run={run.id}"' in seen[file.results]
        assert not seen[file.background.timer].active
        by_link = page.open("me", run=run.id)
        assert by_link[page.tabs].selected == file.name
        assert words in by_link[file.results]
        assert "in another browser" in page.open("you", run=run.id)[file.results]
        emptied = file.emptied()
        assert set(emptied) == set(file.filled)
        assert (emptied[file.results], emptied[file.background.run]) == (asked_file.NOTHING_YET, "")
        call(page.demo, file.background.delete, run.id, "me")
        assert page.service.runs.all() == []
        assert page.open("me") == {}


def test_a_file_that_no_run_may_have_is_not_kept(page, monkeypatch):
    monkeypatch.setattr(part, "MAX_SENTENCES", 2)
    page.service.settings = replace(page.service.settings, max_file_sentences=3)
    shown = page.show("a.txt", "The dog sat.\n" * 4)
    assert not shown[page.score.offer].visible
    assert shown[page.score.waiting] == Waiting()
    monkeypatch.setenv("SPACES_ZERO_GPU", "1")
    assert not page.show("a.txt", "The dog sat.\n" * 3)[page.score.offer].visible
    monkeypatch.delenv("SPACES_ZERO_GPU")

    shown = page.show("a.txt", "The dog sat.\n" * 3)
    page.service.staging.forget(shown[page.score.waiting].draft)
    gone = call(page.demo, page.score.run_in_background, shown[page.score.waiting], "me", request())
    assert "no longer here" in gone[page.score.background.message]


def test_progress_counts_the_sentences_and_cancel_ends_it(page, monkeypatch):
    monkeypatch.setattr(part, "TOGETHER", 1)
    stages = []

    def report(share, stage):
        stages.append((share, stage))
        if 0.5 < share < 1:
            assert "Canceled" in call(page.demo, page.score.cancel_file, None)[page.score.results]

    monkeypatch.setattr(asked_file, "reporter", lambda progress: report)
    shown = page.show("a.txt", "The dog sat.\n" * 4)
    assert shown.keys() == {page.score.file, page.score.cancel, page.score.waiting, page.score.offer}
    assert any("1 of 4 sentences" in stage for _, stage in stages)
    assert not any("4 of 4" in stage for _, stage in stages)
