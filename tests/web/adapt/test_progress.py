import pytest

from mlm_demo.runs.store import RunStore
from mlm_demo.training.config import AdaptConfig
from mlm_demo.web.adapt.progress import duration, guesses, progress, report, run_view

FOUND = {
    "files": 2, "documents": 1_200, "words": 30_000, "exact_duplicates": 3, "near_duplicates": 1, "dropped": [],
    "notes": ["a.txt was read as <cp1252>."], "training_documents": 1_100, "held_out_documents": 100,
    "tokens": 40_000, "blocks": 313, "pieces_per_word": 1.31, "general_pieces_per_word": 1.12,
    "worst_split": [["propolis", 3]], "language": "en", "language_share": 1.0, "seconds_a_pass": 95.0,
    "memory_megabytes": 1_520.0, "cut_short": "", "verdict": "too small", "advice": "It can be tried all the same.",
}  # fmt: skip


def line(step, of=100, **more):
    speed = {
        "seconds_left": (of - step) * 0.5,
        "seconds": step * 0.5,
        "tokens_per_second": 4_000.0,
        "peak_megabytes": 1_520.0,
    }
    return {"step": step, "of": of, "loss": 3.0, **speed, **more}


def answer(rank, guess, sentence="The <b> bees make honey here."):
    return {
        "sentence": sentence,
        "start": sentence.index("honey"),
        "term": "honey",
        "rank": rank,
        "guess": guess,
    }


@pytest.fixture
def run(tmp_path):
    return RunStore(tmp_path).create(lambda run: [], title="bees & <b>wasps</b>")


def test_the_report_has_the_verdict_first_and_escapes_names():
    html = report(
        {**FOUND, "dropped": [{"source": "<a>.png", "reason": "it is a picture", "first_line": ""}] * 12}
    )
    assert html.startswith('<p class="verdict">Verdict: too small. It can be tried all the same.')
    assert "1,200" in html
    assert "2 min, 1,520 MB" in html
    assert "&lt;a&gt;.png: it is a picture" in html
    assert "and 2 more" in html
    assert "<cp1252>" not in html
    assert "100 of 1,200 documents" in html


def test_the_report_goes_by_the_budget_chosen_last():
    long = report(FOUND, config=AdaptConfig(minutes=30))
    assert "This run reads it about 18 times." in long
    assert "This run reads about 59% of it." in report(FOUND, config=AdaptConfig(minutes=1))


def test_progress_tells_steps_speed_memory_and_time_left():
    html = progress([{"stage": "training"}, line(20)], "running")
    assert 'value="0.2000"' in html
    assert "step 20 of 100 · 4,000 tokens a second · 1,520 MB at most · 40 s left" in html
    assert "left" not in progress([{"stage": "training"}, line(100)], "done")
    slow = line(20, seconds_left=10.0)  # its minutes are over before its steps are made
    assert 'value="0.5000"' in progress([{"stage": "training"}, slow], "running")
    judging = [{"stage": "training"}, line(100), {"stage": "judging what it has learned"}]
    assert "judging what it has learned" in progress(judging, "running")
    assert progress([{"stage": "reading"}], "running") == '<p class="facts">reading</p>'
    assert progress([], "waiting") == ""


def test_guesses_are_those_before_and_now():
    html = guesses([[answer(40, "the")], [answer(3, "it")], [answer(1, "honey")]])
    assert "<b>the</b>" in html
    assert "right word: no. 40" in html
    assert "<b>honey</b> <span class='facts'>right" in html
    assert "<mark>honey</mark>" in html
    assert "The &lt;b&gt; bees" in html
    assert "<b>it</b>" not in html


def test_a_run_in_each_state(run):
    assert "Waiting</span> bees &amp; &lt;b&gt;wasps&lt;/b&gt;" in run_view(run, [])
    assert "2 runs go before it." in run_view(run, [], before=2)
    run.log({"report": FOUND})
    run.log({"stage": "training", "followed": [answer(5, "it")]})
    run.log(line(10))
    with run.working():
        html = run_view(run, list(run.lines()))
    for part in ("Running</span>", "<progress", "<svg", "Before"):
        assert part in html
    run.finish("failed", "The disk <is> full.")
    html = run_view(run, list(run.lines()))
    assert "Failed</span>" in html
    assert "The disk &lt;is&gt; full." in html


def test_durations_are_short():
    assert [duration(s) for s in (0, 89, 120, 5_399, 7_200)] == ["0 s", "89 s", "2 min", "90 min", "2.0 h"]
