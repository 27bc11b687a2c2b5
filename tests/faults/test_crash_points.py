"""Kill -9 at the worst moments: between two writes that belong together."""

import os
import re
import signal
import subprocess
import sys
import threading
import time

from mlm_demo.errors import RunError
from mlm_demo.runs import run as run_module
from mlm_demo.runs.staging import PREPARED
from mlm_demo.training.checkpoints import CHECKPOINTS
from tests.support.faults import ALONE, assert_equal, kill_worker, made, wait_for, workers
from tests.support.nightly import some
from tests.support.paths import ROOT
from tests.support.runs import FORKS, until

# Code that a worker runs first, so that it is killed at one point.
KILLED_AT = """
import os, signal
from pathlib import Path
from mlm_demo.training import adapt, prepare
from mlm_demo.runs import run as one_run
from transformers import TrainerState

def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

def die_where(module, name, when):
    stock = getattr(module, name)
    def maybe(*arguments, **named):
        if when(*arguments):
            die()
        return stock(*arguments, **named)
    setattr(module, name, maybe)

def torn(self, path):
    Path(path).write_text('{"best_global_step": ')
    die()

def after_the_first():
    calls = []
    return lambda *_: calls.append(1) or len(calls) > 1

POINTS = {
    "before anything": lambda: die_where(prepare, "read_corpus", lambda *_: True),
    "between a cached part and its index": lambda: die_where(prepare.PrepareCache, "_note", lambda *_: True),
    "in the state of a checkpoint": lambda: setattr(TrainerState, "save_to_json", torn),
    "in the last evaluation": lambda: die_where(adapt, "evaluate", after_the_first()),
    "between the files of the result": lambda: die_where(adapt.os, "replace", after_the_first()),
    "before the checkpoints are deleted": lambda: die_where(
        adapt.shutil, "rmtree", lambda path, *_: Path(path, "../result.json").exists() and "checkpoints" in str(path)
    ),
    "before the end is noted": lambda: die_where(one_run.Run, "finish", lambda *_: True),
    "while the end is noted": lambda: die_where(one_run, "write", lambda path, *_: path.name == "ended.json"),
}
POINTS[POINT]()
"""
POINTS = re.findall(r'^    "(.*?)":', KILLED_AT, re.M)


def test_a_run_killed_at_the_worst_moments_ends_with_the_same_result(page, begin, fork_server):
    whole = begin()
    runs, ends = {point: begin() for point in some(POINTS, 3)}, {}
    for point, run in runs.items():
        service = page(starts=True)
        for other in service.runs.all():  # this run alone is started
            if other.id != run.id and other.state == "waiting":
                other.ask_to_stop()
        service.queue.launcher.launch = fork_server.after(f"POINT = {point!r}" + KILLED_AT)
        service.queue.tick()
        wait_for(run, "interrupted", "done", "failed", "stopped")
        states = [run.state]
        page(starts=True).queue.resume(run)
        wait_for(run, "done", "failed")
        ends[point] = [*states, run.state, run.message]
        for other in service.runs.all():
            if other.state == "stopped":
                other.requeue()
    assert ends == {point: ["interrupted", "done", ""] for point in runs}
    page(starts=True).queue.tick()
    wait_for(whole, "done", "failed")
    for run in runs.values():
        assert_equal(made(run), made(whole))
        assert not (run.input / PREPARED).exists()
        assert not (run.output / CHECKPOINTS).exists()


# Starts the worker as a server does, and is killed before it notes it.
KILLED_SERVER = f"""{FORKS}
import signal, sys
from pathlib import Path
from mlm_demo.runs.queue import RunQueue
from mlm_demo.runs.run import Run
from mlm_demo.runs.store import RunStore
Run.mark_started = lambda self, pid: os.kill(os.getpid(), signal.SIGKILL)
RunQueue(RunStore(Path(sys.argv[1]))).tick()
"""


def test_a_server_killed_before_it_records_its_worker_leaves_one_worker(page, begin, fork_server, tmp_path):
    run = begin()
    own = {"MLM_DEMO_DATA": str(tmp_path / "data"), "FORK_SERVER": fork_server.address}
    killed = subprocess.run(
        [sys.executable, "-c", KILLED_SERVER, str(run.folder.parent)],
        cwd=ROOT,
        env={**os.environ, **ALONE, **own},
        check=False,
        timeout=60,
    )
    assert killed.returncode == -signal.SIGKILL
    assert run.state == "running", "the worker has the lock"
    until(lambda: workers(run), 30)  # it takes the name that it is found by a moment later
    (worker,) = workers(run)
    service = page(starts=True)
    service.queue.tick()
    assert workers(run) == [worker]
    until(lambda: run.worker, message=lambda: run.state)
    assert run.worker == {"pid": worker}, "it has noted itself"
    wait_for(run, "done", "failed")
    assert run.state == "done", run.message
    assert len([line for line in run.lines() if "report" in line]) == 1


def test_resumed_by_two_at_once_a_run_has_one_worker(page, begin):
    run = begin(starts=True)
    until(lambda: workers(run))
    kill_worker(run)
    wait_for(run, "interrupted")
    reports = [line for line in run.lines() if "report" in line]
    refused = []

    def resume():
        try:
            page(starts=True).queue.resume(run)
        except RunError as error:
            refused.append(str(error))

    threads = [threading.Thread(target=resume) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 5

    def has_ended():
        assert set(workers(run)) <= {run.worker["pid"]}
        return run.state != "running"

    until(has_ended)
    assert run.state == "done", run.message
    assert len([line for line in run.lines() if "report" in line]) == len(reports) + 1, "each worker logs one"


def test_incomplete_folders_are_not_runs_and_are_deleted_after_a_day(page, begin, monkeypatch):
    run = begin()
    made_half = run.folder.with_name("AAAAAAAAAAAA")
    (made_half / "input" / "0").mkdir(parents=True)
    monkeypatch.setattr(run_module.shutil, "rmtree", lambda *_, **__: None)  # the end of the process
    run.delete()
    monkeypatch.undo()
    there = page()
    assert there.runs.all() == []
    there.sweep()
    assert made_half.exists()
    long_ago = time.time() - 2 * 86_400
    for folder in (made_half, run.folder):
        os.utime(folder, (long_ago, long_ago))
    there.sweep()
    assert list(there.runs.folder.glob("*/")) == []


def test_a_line_cut_off_costs_no_other(page, begin):
    run = begin()
    run.log({"step": 1})
    with (run.folder / "log.jsonl").open("ab") as file:
        file.write(b'{"step": 2, "gu')
    run.log({"step": 3})
    assert [line.get("step") for line in run.lines()] == [1, None, 3]
    assert page().status(run)["state"] == "waiting"
