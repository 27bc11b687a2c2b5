import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from mlm_demo.errors import RunError
from mlm_demo.runs.queue import RunQueue
from mlm_demo.runs.store import RunStore
from mlm_demo.system.priority import lower_priority
from tests.support.paths import ROOT

# A worker as ours is one: logs, stops when it is told to, says how it ended.
WORKER = """
import sys, time
from pathlib import Path
from mlm_demo.runs.run import Run
run = Run(Path(sys.argv[1]))
for step in range(int(sys.argv[2])):
    run.log({"step": step})
    if run.asked_to_stop:
        run.finish("stopped", f"Stopped at step {step}.")
        sys.exit()
    time.sleep(0.02)
run.finish("done")
"""


@pytest.fixture
def queue(tmp_path):
    queue = RunQueue(RunStore(tmp_path / "runs"))
    yield queue
    for run in queue.runs.all():
        if run.state in ("running", "stopping"):
            os.kill(run.worker["pid"], signal.SIGKILL)


def start(queue, steps=10_000):
    run = queue.runs.create(lambda run: ["-c", WORKER, str(run.folder), str(steps)], title="count")
    queue.tick()
    return run


def until(condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def test_one_run_at_a_time_and_the_next_after_it(queue):
    first, second, third = (start(queue, steps) for steps in (5, 10_000, 5))
    assert [first.state, second.state, third.state] == ["running", "waiting", "waiting"]
    assert [queue.position(run) for run in (first, second, third)] == [0, 1, 2]
    until(lambda: first.state == "done")
    queue.tick()
    assert (second.state, queue.position(third)) == ("running", 1)


def test_a_run_is_stopped_and_keeps_what_it_has(queue):
    run, waiting = start(queue), start(queue)
    until(lambda: list(run.lines()))
    queue.stop(run)
    until(lambda: run.state == "stopped")
    assert run.message.startswith("Stopped at step")
    queue.stop(waiting)
    assert (waiting.state, waiting.message) == ("stopped", "Stopped before it began.")


def test_a_killed_worker_is_interrupted_and_can_go_on(queue):
    run = start(queue)
    os.kill(run.worker["pid"], signal.SIGKILL)
    until(lambda: run.state == "interrupted")
    queue.resume(run)
    assert run.state == "running"


def test_the_run_outlives_a_killed_server_and_the_next_finds_it(tmp_path):
    """A server of its own process starts the run, and is killed; another one on the same folder goes on."""
    runs = RunStore(tmp_path / "runs")
    other = RunQueue(runs)
    server = textwrap.dedent(f"""
        import sys, time
        sys.path[:0] = [{str(ROOT)!r}]
        from pathlib import Path
        from tests.runs.test_queue import start
        from mlm_demo.runs.queue import RunQueue
        from mlm_demo.runs.store import RunStore
        start(RunQueue(RunStore(Path({str(runs.folder)!r}))))
        time.sleep(60)
    """)
    process = subprocess.Popen([sys.executable, "-c", server], cwd=ROOT)
    until(lambda: runs.all() and runs.all()[0].state == "running")
    (run,) = runs.all()
    process.kill()
    process.wait()
    seen = len(list(run.lines()))
    until(lambda: len(list(run.lines())) > seen + 3)
    assert run.state == "running"
    waiting = start(other)
    assert waiting.state == "waiting"
    other.stop(run)
    until(lambda: run.state == "stopped")
    other.tick()
    assert waiting.state == "running"
    os.kill(waiting.worker["pid"], signal.SIGKILL)


def test_two_servers_do_not_start_two(queue):
    start(queue)
    queue.runs.create(lambda run: ["-c", "pass"], title="next")
    others = [RunQueue(queue.runs) for _ in range(3)]
    for other in others:
        other.tick()
    assert [run.state for run in queue.runs.all()] == ["running", "waiting"]


def test_the_same_twice_and_too_many_are_refused(tmp_path):
    queue = RunQueue(RunStore(tmp_path / "runs"), most_waiting=3, most_of_one=2)
    run = queue.runs.create(lambda run: [], title="a", owner="me", fingerprint="x")
    mine = run.request.owner
    with pytest.raises(
        RunError, match=f"The same run is waiting already, as {run.id}; watch that one, or stop it"
    ):
        queue.check_room(mine, "x")
    queue.check_room("somebody else", "x")
    queue.runs.create(lambda run: [], title="b", owner="me", fingerprint="y")
    with pytest.raises(RunError, match="You have 2 runs under way"):
        queue.check_room(mine, "z")
    queue.runs.create(lambda run: [], title="c", owner="you")
    with pytest.raises(RunError, match="3 runs are waiting, the most there can be"):
        queue.check_room("a third", "z")


@pytest.mark.parametrize(
    ("number", "state", "message"),
    [(signal.SIGSEGV, "failed", "broke off in a library (SIGSEGV)"), (signal.SIGKILL, "interrupted", "")],
)
def test_a_worker_ended_by_a_library_is_told_from_one_that_was_killed(queue, number, state, message):
    run = start(queue)
    os.kill(run.worker["pid"], number)
    until(lambda: run.state == "interrupted")
    until(lambda: queue.tick() or run.state == state)
    assert message in run.message
    queue.resume(run)
    assert run.state == "running"


def test_a_worker_gives_way_and_is_in_a_session_of_its_own(queue, monkeypatch):
    monkeypatch.setattr(
        "mlm_demo.runs.queue.lower_priority", lower_priority
    )  # which is nothing in the other tests
    run = start(queue)
    pid = run.worker["pid"]
    assert os.getpriority(os.PRIO_PROCESS, pid) == 19
    if hasattr(os, "SCHED_IDLE"):
        assert os.sched_getscheduler(pid) == os.SCHED_IDLE
    assert os.getsid(pid) != os.getsid(0)


def test_one_address_has_only_so_many_runs_under_way(queue):
    queue.most_of_an_address = 2
    for owner in ("anna", "berta"):
        queue.runs.create(lambda run: [], title="waits", owner=owner, address="here")
    with pytest.raises(RunError, match="2 runs from your address are under way"):
        queue.check_room("clara", "", "here")
    queue.check_room("clara", "", "elsewhere")
    queue.check_room("clara", "", "")
