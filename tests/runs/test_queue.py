import os
import signal
import subprocess
import sys
import threading

import pytest

from mlm_demo.errors import RunError
from mlm_demo.runs.child_process import launch as launch_process
from mlm_demo.runs.launchers.local import LocalLauncher
from mlm_demo.runs.queue import RunQueue
from mlm_demo.runs.store import RunStore
from mlm_demo.system import locks
from tests.support.counter import launch_counter
from tests.support.paths import ROOT
from tests.support.runs import kill_workers, until

SERVER = """
import sys, time
from pathlib import Path
from mlm_demo.runs.launchers.local import LocalLauncher
from mlm_demo.runs.queue import RunQueue
from mlm_demo.runs.run import Run
from mlm_demo.runs.store import RunStore
from tests.support.counter import launch_counter
RunQueue(RunStore(Path(sys.argv[1])), LocalLauncher(launch_counter)).tick()
time.sleep(60)
"""
KILLED_SERVER = SERVER.replace(
    "RunQueue(", "import os; Run.mark_started = lambda self, pid: os.kill(os.getpid(), 9); RunQueue("
)


@pytest.fixture
def queue(tmp_path):
    queue = RunQueue(RunStore(tmp_path / "runs"), LocalLauncher(launch_counter))
    yield queue
    kill_workers(queue.runs)


def start(queue, steps=10_000):
    run = queue.runs.create(lambda run: [], title="count", request={"steps": steps})
    queue.tick()
    return run


def test_one_run_at_a_time_and_the_next_after_it(queue):
    first, second, third = (start(queue, steps) for steps in (5, 10_000, 5))
    assert [first.state, second.state, third.state] == ["running", "waiting", "waiting"]
    assert [queue.position(run) for run in (first, second, third)] == [0, 1, 2]
    until(lambda: first.state == "done")
    queue.tick()
    assert (second.state, queue.position(third)) == ("running", 1)


def test_a_waiting_run_knows_how_long_the_others_take(queue):
    def wait(**request):
        return queue.runs.create(lambda run: [], title="wait", request=request)

    first, second, third = wait(config={"minutes": 2}), wait(config={"minutes": 1}), wait(steps=5)
    assert [queue.seconds_ahead(run) for run in (first, second, third)] == [0, 180, 300]
    first.log({"seconds_left": 20.0})
    assert queue.seconds_ahead(second) == 80
    assert queue.seconds_ahead(wait()) is None, "the third run has a budget in steps"


def test_a_resumed_run_waits_for_a_newer_one_that_is_worked_on(queue):
    def wait():
        return queue.runs.create(lambda run: [], title="wait", request={"config": {"minutes": 2}})

    resumed, newer, newest = wait(), wait(), wait()
    with newer.working():
        assert [queue.position(run) for run in (resumed, newer, newest)] == [1, 0, 2]
        assert [queue.seconds_ahead(run) for run in (resumed, newest)] == [180, 360]


def test_a_stop_of_a_waiting_run_says_that_its_progress_is_kept(queue):
    run, running = start(queue), start(queue)
    until(lambda: any(line["step"] for line in run.lines()))
    queue.stop(run)
    until(lambda: run.state == "stopped")
    queue.tick()
    assert running.state == "running"
    queue.resume(run)
    queue.stop(run)
    further = "Stopped before a further step; its progress is kept, and Resume continues."
    assert (run.state, run.message) == ("stopped", further)


def test_a_stopped_run_keeps_its_model(queue):
    run, waiting = start(queue), start(queue)
    until(lambda: list(run.lines()))
    queue.stop(waiting)  # before its turn comes
    assert (waiting.state, waiting.message) == ("stopped", "Stopped before it started.")
    queue.stop(run)
    until(lambda: run.state == "stopped")
    assert run.message.startswith("Stopped at step")


def test_the_run_of_a_killed_worker_is_interrupted_and_can_be_resumed(queue):
    run = start(queue)
    os.kill(run.worker["pid"], signal.SIGKILL)
    until(lambda: run.state == "interrupted")
    queue.resume(run)
    assert run.state == "running"


def test_the_run_outlives_a_killed_server_and_the_next_one_finds_it(tmp_path):
    """A server process starts the run and is killed; another server continues on the same folder."""
    runs = RunStore(tmp_path / "runs")
    other = RunQueue(runs, LocalLauncher(launch_counter))
    run = other.runs.create(lambda run: [], title="count", request={"steps": 10_000})
    process = subprocess.Popen([sys.executable, "-c", SERVER, str(runs.folder)], cwd=ROOT)
    until(lambda: run.state == "running" and list(run.lines()))
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
    kill_workers(runs)


def test_a_server_killed_before_it_records_its_worker_leaves_a_working_one(tmp_path):
    """The worker inherits the lock at its start, so no other server starts a second worker."""
    runs = RunStore(tmp_path / "runs")
    run = runs.create(lambda run: [], title="count", request={"steps": 10_000})
    killed = subprocess.run(
        [sys.executable, "-c", KILLED_SERVER, str(runs.folder)], cwd=ROOT, check=False, timeout=60
    )
    assert killed.returncode == -signal.SIGKILL
    assert run.state == "running"
    other = RunQueue(runs, LocalLauncher(launch_counter))
    other.tick()
    until(lambda: run.worker)  # the worker notes itself
    assert other.launcher.children == []
    kill_workers(runs)
    until(lambda: run.state == "interrupted")


def test_a_worker_that_ends_before_it_notes_itself_is_interrupted(queue):
    queue.launcher.launch = lambda argv, **given: launch_counter(["work", "no such run"], **given)
    run = start(queue)
    until(lambda: run.state == "interrupted")
    queue.tick()
    assert run.state == "interrupted", "it is not started again and again"


def test_a_resume_waits_for_a_worker_that_is_about_to_exit(queue):
    run = start(queue)
    run.finish("stopped", "Stopped.")  # by the worker, which goes on living
    threading.Timer(0.5, os.kill, (run.worker["pid"], signal.SIGKILL)).start()
    before = run.worker["pid"]
    queue.resume(run)
    assert run.state == "running"
    assert run.worker["pid"] != before


def test_a_run_that_somebody_else_works_on_is_not_started(queue, monkeypatch):
    monkeypatch.setattr(locks, "PROBE_SECONDS", 0.1)
    run = queue.runs.create(lambda run: [], title="count")
    with run.working():
        queue.tick()
        assert (run.state, run.worker["pid"], queue.launcher.children) == ("running", os.getpid(), [])
        with pytest.raises(RunError, match="already has a worker; stop it first"), run.working():
            pass
    assert run.state == "interrupted"


def test_two_servers_do_not_start_two(queue):
    start(queue)
    queue.runs.create(lambda run: [], title="next")
    others = [RunQueue(queue.runs, LocalLauncher(launch_counter)) for _ in range(3)]
    for other in others:
        other.tick()
    assert [run.state for run in queue.runs.all()] == ["running", "waiting"]


def test_the_same_twice_and_too_many_are_refused(tmp_path):
    queue = RunQueue(RunStore(tmp_path / "runs"), max_waiting=3, max_per_owner=2)
    run = queue.runs.create(lambda run: [], title="a", owner="me", fingerprint="x")
    mine = run.request.owner
    with pytest.raises(RunError, match=f"The same run is already waiting, as {run.id}; watch it, or stop it"):
        queue.check_limits(mine, "x")
    queue.check_limits("somebody else", "x")
    queue.runs.create(lambda run: [], title="b", owner="me", fingerprint="y")
    with pytest.raises(RunError, match="You have 2 active runs"):
        queue.check_limits(mine, "z")
    queue.runs.create(lambda run: [], title="c", owner="you")
    with pytest.raises(RunError, match="3 runs are waiting, which is the limit"):
        queue.check_limits("a third", "z")


@pytest.mark.parametrize(
    ("number", "state", "message"),
    [(signal.SIGSEGV, "failed", "crashed in a library (SIGSEGV)"), (signal.SIGKILL, "interrupted", "")],
)
def test_a_crash_in_a_library_fails_the_run_and_a_kill_interrupts_it(queue, number, state, message):
    run = start(queue)
    os.kill(run.worker["pid"], number)
    until(lambda: run.state == "interrupted")
    until(lambda: queue.tick() or run.state == state)
    assert message in run.message
    queue.resume(run)
    assert run.state == "running"


def test_a_worker_has_low_priority_and_a_session_of_its_own(queue):
    queue.launcher.launch = launch_process
    run = start(queue)
    pid = run.worker["pid"]
    assert os.getpriority(os.PRIO_PROCESS, pid) == 19
    if hasattr(os, "SCHED_IDLE"):
        assert os.sched_getscheduler(pid) == os.SCHED_IDLE
    assert os.getsid(pid) != os.getsid(0)


def test_one_address_has_only_so_many_runs_under_way(queue):
    queue.max_per_address = 2
    for owner in ("anna", "berta"):
        queue.runs.create(lambda run: [], title="waits", owner=owner, address="here")
    with pytest.raises(RunError, match="2 runs from your address are active"):
        queue.check_limits("clara", "", "here")
    queue.check_limits("clara", "", "elsewhere")
    queue.check_limits("clara", "", "")
