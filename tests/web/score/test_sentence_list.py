import csv as csv_reader
import io
import json
import time
from dataclasses import replace

import gradio as gr
import pytest

from mlm_demo.corpus.documents import Dropped
from mlm_demo.corpus.sentence_file import Line
from mlm_demo.inference.engine import Engine
from mlm_demo.settings import Settings
from mlm_demo.web.score import sentence_list
from mlm_demo.web.score.cancel import CancelableWork
from mlm_demo.web.score.sentence_list import SentenceList, chunks, drawn, summarize
from mlm_demo.web.server.rate_limits import RateLimits
from tests.support.events import call
from tests.support.html_reader import HOSTILE, Reader

MODELS, WITHIN = ["general", "biomedical"], "within_word"


@pytest.fixture(scope="module")
def engine():
    return Engine(Settings(device="cpu"))


@pytest.fixture
def page(engine, tmp_path):
    with gr.Blocks() as demo:
        models, method = gr.Dropdown(MODELS, multiselect=True), gr.Radio([WITHIN])
        limits = RateLimits(Settings(data=str(tmp_path)))
        found = SentenceList(engine, limits, CancelableWork()).build(models, method)
    return demo, found


def uploaded(tmp_path, name, text):
    (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return tmp_path / name


def rows_of(text):
    return list(csv_reader.DictReader(io.StringIO(text)))


def test_each_sentence_has_a_row_by_each_model_with_its_own_score(page, engine, tmp_path):
    demo, listed = page
    file = uploaded(tmp_path, "a.txt", "The dog sat.\nA <mask>.\n\nThe patient has diabetes.\n")
    shown = call(demo, listed.score_file, str(file), MODELS, WITHIN, None)
    rows = rows_of(shown[listed.csv])
    assert [(row["where"], row["model"]) for row in rows] == [
        ("a.txt, line 1", "general"), ("a.txt, line 1", "biomedical"),
        ("a.txt, line 2", ""), ("a.txt, line 2", ""),
        ("a.txt, line 4", "general"), ("a.txt, line 4", "biomedical"),
    ]  # fmt: skip
    alone = engine.score("The dog sat.", MODELS)["scores"]
    found = [float(row["log_likelihood"]) for row in rows[:2]]
    assert found == pytest.approx([score["log_likelihood"] for score in alone], abs=1e-4)
    assert "All 3 sentences scored." in shown[listed.results]
    assert shown[listed.results].count("holds a mask") == 1
    assert "general, bits per word" in shown[listed.results]
    assert shown[listed.file] is None
    assert not file.exists(), "it is deleted"


PAIRS = (
    "phenomenon,good,bad\nagreement,The dogs run.,The dogs runs.\nagreement,She sings.,She sing.\n"
    "order,The old man sat.,The man old sat.\nsame,One.,One.\nmask,A <mask>.,A dog.\n"
)


def test_a_table_of_pairs_is_judged_by_phenomenon(page, engine, tmp_path):
    demo, listed = page
    file = uploaded(tmp_path, "a.csv", PAIRS)
    shown = call(demo, listed.score_file, str(file), MODELS, WITHIN, None)
    rows = rows_of(shown[listed.csv])
    assert [row["good"] for row in rows if row["model"] == "general"] == [
        "The dogs run.", "She sings.", "The old man sat.", "A <mask>.",
    ]  # fmt: skip
    good, bad = (engine.score(text, ["general"])["scores"][0] for text in ("The dogs run.", "The dogs runs."))
    assert float(rows[0]["good_log_likelihood"]) == pytest.approx(good["log_likelihood"], abs=1e-4)
    assert float(rows[0]["bad_log_likelihood"]) == pytest.approx(bad["log_likelihood"], abs=1e-4)
    results = shown[listed.results]
    assert "All 4 pairs read." in results
    read = Reader(results)
    assert {"agreement", "order", "all", "general", "biomedical", "100.0%"} <= set(map(str.strip, read.texts))
    assert "row 5 was left out: its two sentences are the same." in results
    assert "general cannot score 1 of the pairs: The sentence holds a mask" in results
    assert not file.exists()


def test_more_pairs_than_the_page_judges(page, tmp_path, monkeypatch):
    demo, listed = page
    monkeypatch.setattr(sentence_list, "MAX_SENTENCES", 2)
    shown = call(demo, listed.score_file, str(uploaded(tmp_path, "a.csv", PAIRS)), ["general"], WITHIN, None)
    assert "The first 1 of 4 pairs read: the page stops there." in shown[listed.results]
    assert "all" not in Reader(shown[listed.results]).texts, "one phenomenon needs no row for all"


def test_hostile_pairs_stay_text(page, tmp_path):
    demo, listed = page
    text = json.dumps({"phenomenon": HOSTILE, "good": f"{HOSTILE} sat.", "bad": f"{HOSTILE} sit."})
    shown = call(demo, listed.score_file, str(uploaded(tmp_path, "a.jsonl", text)), ["general"], WITHIN, None)
    read = Reader(shown[listed.results])
    assert "script" not in read.tags
    assert "img" not in read.tags
    assert "1 pair read." in shown[listed.results]


def test_a_table_is_read_by_its_column_of_sentences(page, tmp_path):
    demo, listed = page
    file = uploaded(tmp_path, "a.csv", "kind,sentence\na,The cat sat down.\nb,The dog ran away.\n")
    shown = call(demo, listed.score_file, str(file), ["general"], WITHIN, None)
    assert [row["text"] for row in rows_of(shown[listed.csv])] == ["The cat sat down.", "The dog ran away."]


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.txt", b"PK\3\4" + b"\0" * 90, "is not text"),
        ("a.csv", b"\1\2\3\4\5" * 90, "is not text"),
        ("a.txt", b"\n\n", "holds no sentence"),
        ("a.txt", b"a " * 3_000_000, "has 6.0 MB; the limit is 5 MB"),
    ],
)
def test_a_file_that_cannot_be_scored_is_refused_and_deleted(page, tmp_path, name, data, message):
    demo, listed = page
    file = uploaded(tmp_path, name, data)
    shown = call(demo, listed.score_file, str(file), ["general"], WITHIN, None)
    assert message in shown[listed.results]
    assert not file.exists()


def test_the_page_stops_at_its_limits_and_says_where(page, tmp_path, monkeypatch):
    demo, listed = page
    monkeypatch.setattr(sentence_list, "MAX_SENTENCES", 3)
    file = uploaded(tmp_path, "a.txt", "The dog sat.\n" * 5)
    shown = call(demo, listed.score_file, str(file), ["general"], WITHIN, None)
    assert "The first 3 of 5 sentences scored: the page stops there." in shown[listed.results]
    assert len(rows_of(shown[listed.csv])) == 3

    monkeypatch.setattr(sentence_list, "TOGETHER", 1)
    monkeypatch.setattr(listed.engine, "settings", replace(listed.engine.settings, max_score_seconds=0.05))
    stock = listed.engine.score_each

    def slow(*arguments, **options):
        time.sleep(0.03)
        return stock(*arguments, **options)

    monkeypatch.setattr(listed.engine, "score_each", slow)
    file = uploaded(tmp_path, "b.txt", "The dog sat.\n" * 3)
    shown = call(demo, listed.score_file, str(file), ["general"], WITHIN, None)
    assert 1 <= len(rows_of(shown[listed.csv])) <= 2
    assert "of 3 sentences scored: the page stops after 0.05 seconds." in shown[listed.results]


def test_progress_counts_the_sentences_and_cancel_ends_it(page, tmp_path, monkeypatch):
    demo, listed = page
    monkeypatch.setattr(sentence_list, "TOGETHER", 1)
    stages = []

    def report(share, stage):
        stages.append((share, stage))
        if share > 0.5:
            assert "Canceled" in call(demo, listed.cancel_file, None)[listed.results]

    monkeypatch.setattr(sentence_list, "reporter", lambda progress: report)
    file = uploaded(tmp_path, "a.txt", "The dog sat.\n" * 4)
    shown = call(demo, listed.score_file, str(file), ["general"], WITHIN, None)
    assert shown.keys() == {listed.file, listed.cancel}
    assert any("1 of 4 sentences" in stage for _, stage in stages)
    assert max(share for share, _ in stages) < 1


def test_chunks_are_bounded_and_keep_the_order():
    items = [Line(str(i), "a" * (50 if i % 7 else 5_000)) for i in range(60)]
    cut = list(chunks(items))
    assert [item for chunk in cut for item in chunk] == items
    for chunk in cut:
        assert len(chunk) == 1 or sum(len(item.text) for item in chunk) <= sentence_list.CHARACTERS_TOGETHER
        assert len(chunk) <= sentence_list.TOGETHER


def test_the_summary_says_how_many():
    assert summarize(1, 1, 60) == "1 sentence scored."
    assert summarize(20, 20, 60) == "All 20 sentences scored."
    assert summarize(1_000, 2_345, 60) == "The first 1,000 of 2,345 sentences scored: the page stops there."


def test_hostile_text_stays_text(engine):
    scored = [
        (Line("a", HOSTILE), engine.score_each([HOSTILE], "general")),
        (Dropped(HOSTILE, HOSTILE, HOSTILE), []),
    ]
    read = Reader(drawn(scored))
    assert {"img", "script"} & set(read.tags) == set()
    assert read.texts.count(HOSTILE) == 3
    assert HOSTILE in Reader(drawn(scored[1:])).texts
