"""A run by two processes of this machine, which torchrun starts."""

import os
import signal

import pytest
import torch

from mlm_demo.runs.launchers import torchrun
from mlm_demo.runs.launchers.local import LocalLauncher
from mlm_demo.runs.service import RunService
from mlm_demo.runs.store import RunStore
from mlm_demo.settings import Settings
from tests.support.cluster_runs import assert_learned_alike, follow, log_of, starter, steps_of
from tests.support.faults import ALONE, workers
from tests.support.nightly import nightly
from tests.support.runs import until

EXACT = "from mlm_demo.models import device\ndevice.bfloat16_is_fast = lambda device: False\n"


@pytest.fixture
def begin(tiny, tmp_path):
    """A function that puts a new copy of the same run into the queue of a service."""
    return starter(tiny, tmp_path)


@pytest.fixture
def together(tmp_path):
    """A service whose runs have two processes; its products are float32, so that only their number matters."""
    (tmp_path / "exact").mkdir()
    (tmp_path / "exact" / "sitecustomize.py").write_text(EXACT)
    return service_of(tmp_path / "together", tmp_path / "exact", run_processes=2)


def service_of(data, path, **settings):
    service = RunService(Settings(device="cpu", data=str(data), **settings))
    service.queue.environment |= {**ALONE, "PYTHONPATH": str(path)}
    return service


def test_a_run_that_trains_gets_its_processes_and_no_other_run(tmp_path):
    runs, started = RunStore(tmp_path), []

    def launch(argv, **_):
        started.append(argv)
        raise OSError("enough")

    for task, processes in (("adapt", 2), ("finetune", 2), ("extract", 2), ("adapt", 1)):
        run = runs.create(lambda run: [], title="t", task=task)
        with pytest.raises(OSError, match="enough"):
            LocalLauncher(launch, processes).start(run, {})
    assert [argv[4:] for argv in started] == [["--processes", "2"], ["--processes", "2"], [], []]


def test_more_processes_than_gpus_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    settings = Settings(data=str(tmp_path))
    run = RunStore(settings.runs).create(lambda run: [], title="t", task="adapt")
    torchrun.work_under_torchrun(run.id, None, 4, settings)
    assert run.state == "failed"
    assert run.message.startswith("MLM_DEMO_RUN_PROCESSES is 4, but this machine has 1 GPU, and each")


@nightly
def test_two_processes_learn_what_one_learns(begin, together, tmp_path):
    steps = 12  # within an epoch: at its end two processes fill up the last batch with repetitions
    run = begin(together, steps)
    follow(together, run, "done", "failed", "interrupted", "stopped")
    assert (run.state, run.message) == ("done", ""), log_of(run)
    assert len([line for line in run.lines() if "report" in line]) == 1, "the main process alone writes"
    service = service_of(tmp_path / "alone", tmp_path / "exact")
    alone = begin(service, steps)
    follow(service, alone, "done", "failed")
    assert_learned_alike(run, alone)


@nightly
@pytest.mark.parametrize(
    ("killed", "state"), [("torchrun", "interrupted"), ("one of its processes", "failed")]
)
def test_a_lost_process_ends_the_others_and_resume_goes_on(begin, together, killed, state):
    run = begin(together, 400)
    until(lambda: together.queue.tick() or max(steps_of(run), default=0) > 60, 120, lambda: log_of(run))
    parent = run.worker["pid"]
    ranks = [pid for pid in workers(run) if pid != parent]
    assert len(ranks) == 2
    os.kill(parent if killed == "torchrun" else ranks[1], signal.SIGKILL)
    until(lambda: not workers(run), 90, lambda: log_of(run))
    assert run.state == state, log_of(run)
    together.queue.resume(run)
    follow(together, run, "done", "failed", "stopped")
    assert run.state == "done", log_of(run)


@nightly
def test_stop_reaches_all_processes(begin, together):
    run = begin(together, 50_000)
    until(lambda: together.queue.tick() or max(steps_of(run), default=0) > 20, 120, lambda: log_of(run))
    together.queue.stop(run)
    follow(together, run, "done", "failed", "interrupted", "stopped")
    assert run.state == "stopped", log_of(run)
    assert "at step" in run.message
    until(lambda: not workers(run), 30, lambda: log_of(run))
