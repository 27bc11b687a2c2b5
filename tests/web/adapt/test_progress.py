import pytest

from mlm_demo.runs.handle import Handle, Heard
from mlm_demo.runs.store import RunStore
from mlm_demo.web.adapt.progress import probes_view, progress, run_view
from tests.support.reports import REPORT


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


def test_progress_shows_steps_speed_memory_and_time_left():
    training = {"at": 0, "phase": "train", "stage": "training"}
    html = progress([training, line(20)], "running")
    assert 'value="0.2000"' in html
    assert "<progress" not in progress([training, line(20)], "stopped")
    assert "step 20 of 100 · 4,000 tokens per second · peak memory 1,520 MB · 40 s left" in html
    assert "left" not in progress([{"stage": "training"}, line(100)], "done")
    slow = line(20, seconds_left=10.0)  # its minutes are over before its steps are made
    assert 'value="0.5000"' in progress([training, slow], "running")
    judging = [{"stage": "training"}, line(100), {"stage": "evaluating the adapted model"}]
    assert "evaluating the adapted model" in progress(judging, "running")
    assert progress([{"stage": "reading"}], "running") == '<p class="facts">reading</p>'
    assert progress([], "waiting") == ""


def test_a_stopped_run_shows_the_step_that_it_ended_at():
    """Losses are logged every few seconds, and a stop comes between two of them."""
    end = {"step": 83, "of": 100, "train_runtime": 41.0}
    assert "step 83 of 100 · 4,000 tokens per second" in progress([line(20), end], "stopped")


def test_probes_show_the_prediction_before_and_now():
    html = probes_view([answer(40, "the")], [answer(1, "honey")], "Now")
    assert "<b>the</b>" in html
    assert "correct word ranks #40" in html
    assert "<b>honey</b> <span class='facts'>correct" in html
    assert "<mark>honey</mark>" in html
    assert "The &lt;b&gt; bees" in html


def test_a_run_elsewhere_shows_where_it_is_or_that_nobody_can_tell(tmp_path):
    run = RunStore(tmp_path).create(
        lambda run: [], title="bees", about={"model": "general", "budget": "1 minute"}
    )
    Handle("ray", "one").note(run.folder)
    Heard("one", True, True, "node 10.0.0.7 of the Ray cluster").note(run.folder)
    assert "base model general · 1 minute · node 10.0.0.7 of the Ray cluster" in run_view(run, [])
    Heard("one", None, True, "It does not answer <now>.").note(run.folder)
    html = run_view(run, [line(20)])
    assert '<span class="state state-unreachable">Unreachable</span>' in html
    assert "Nobody can say now whether this run is still being worked on." in html
    assert "It does not answer &lt;now&gt;." in html
    assert "interrupted" not in html
    assert "the run continues" not in html
    assert "step 20 of 100" in html


def test_the_last_notes_of_a_run_are_shown(run):
    html = run_view(run, [{"note": "first note"}, {"note": "two < 2"}, line(20), {"note": "three"}])
    assert html.index("two &lt; 2") < html.index("three")
    assert "first note" not in html


def test_a_run_in_each_state(run):
    assert "Waiting</span> bees &amp; &lt;b&gt;wasps&lt;/b&gt;" in run_view(run, [])
    assert "Waiting for 2 other runs." in run_view(run, [], ahead=2)
    assert "Waiting for 1 other run, about 2 minutes." in run_view(run, [], ahead=1, seconds=110)
    assert "Starts in a moment." in run_view(run, [])
    run.log({"report": REPORT})
    run.log({"phase": "train", "stage": "training", "followed": [answer(5, "it")]})
    run.log({"followed": [answer(4, "her")]})
    run.log({"followed": [answer(3, "bread")]})
    run.log(line(10))
    with run.working():
        html = run_view(run, list(run.lines()))
    for part in ("Running</span>", "<progress", "<svg", "Before", "<b>it</b>", "<b>bread</b>"):
        assert part in html
    assert "<b>her</b>" not in html, "only the first and the last"
    assert ">Now</th>" in html
    run.finish("failed", "The disk <is> full.")
    html = run_view(run, list(run.lines()))
    assert "Failed</span>" in html
    assert "The disk &lt;is&gt; full." in html
    assert ">Last evaluation</th>" in html
    assert ">Now</th>" not in html
    html = run_view(run, list(run.lines()), headline="<p>Learned a little</p>")
    assert "<p>Learned a little</p>" in html
    assert "<svg" not in html, "the result shows curve and guesses below"
