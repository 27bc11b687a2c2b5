import os

import pytest

from mlm_demo.runs.handle import Handle, Heard
from mlm_demo.runs.store import RunStore
from mlm_demo.runs.worker import REPLACED
from tests.support.faults import ALONE
from tests.support.runs import until


@pytest.fixture
def run(tmp_path):
    return RunStore(tmp_path / "runs").create(lambda run: [], title="bees")


def test_the_first_note_wins(run):
    first, second = Handle("ray", "one"), Handle("ray", "two")
    assert run.handle is None
    assert first.note_first(run.folder) == first
    assert second.note_first(run.folder) == first
    assert run.handle == first
    second.note(run.folder)
    assert run.handle == second


@pytest.mark.parametrize(
    ("alive", "state"), [(True, "running"), (None, "unreachable"), (False, "interrupted")]
)
def test_the_state_of_a_run_elsewhere_is_what_was_heard_last(run, alive, state):
    job = Handle("ray", "one")
    job.note(run.folder)
    assert (run.state, run.whereabouts) == ("running", ""), "it was noted, and nothing heard yet"
    Heard("one", alive, True, "node 10.0.0.7").note(run.folder)
    assert (run.state, run.whereabouts) == (state, "node 10.0.0.7")
    run.ask_to_stop()
    assert run.state == ("stopping" if alive else state)
    Handle("ray", "two", 2).note(run.folder)
    assert run.state == "stopping", "what was heard of an earlier job says nothing"
    run.finish("stopped")
    run.requeue()
    assert (run.state, run.handle) == ("waiting", None)


def test_no_news_is_not_written(run):
    Heard("one", True, True, "node 10.0.0.7").note(run.folder)
    before = (run.folder / "heard.json").stat().st_mtime_ns
    Heard("one", True, True, "node 10.0.0.7").note(run.folder)
    assert (run.folder / "heard.json").stat().st_mtime_ns == before


@pytest.mark.parametrize("replaced", [True, False])
def test_a_worker_exits_as_soon_as_it_is_not_the_noted_job(service, draft, choices, fork_server, replaced):
    """Its node was given up, or somebody has taken the run back."""
    service.queue.starts = False
    run = service.start(draft(), choices(50_000), "me")
    Handle("ray", "one").note(run.folder)
    with (run.folder / "worker.log").open("ab") as log:
        words = ["work", run.id, "--handle", "one"]
        environment = {**os.environ, **service.queue.environment, **ALONE}
        worker = fork_server.launch(words, environment=environment, output=log, errors=log)
    until(lambda: any("loss" in line for line in run.lines()))
    assert (run.state, run.worker) == ("running", {}), "a process of another machine has no number here"
    if replaced:
        Handle("ray", "two", 2).note(run.folder)
    else:
        (run.folder / "handle.json").unlink()
    assert worker.wait() == REPLACED
    assert run.state == ("running" if replaced else "waiting")
