"""The work of a Slurm job, as submitit calls it; the workers here are small programs in the worker's place."""

import signal
import subprocess
import sys

import pytest

from mlm_demo.runs.launchers import slurm_work
from mlm_demo.runs.launchers.slurm_work import SlurmWork
from mlm_demo.runs.tasks.task import PAUSED
from mlm_demo.runs.worker import PAUSE
from tests.support.paths import ROOT

CALLED = "import sys; from mlm_demo.runs.launchers import slurm_work as s; "
CALLED += "s.SECONDS_TO_SAVE = 0; s.SlurmWork('run', 'job-1', s.Path(sys.argv[2]), sys.argv[1])()"


@pytest.fixture
def worker(tmp_path):
    """A function that writes a program, to be started in place of Python."""

    def worker(commands):
        path = tmp_path / "worker"
        path.write_text(f"#!/bin/sh\necho $*\n{commands}\n")
        path.chmod(0o755)
        return path

    return worker


@pytest.mark.parametrize(
    ("commands", "code"),
    [("exit 0", 0), ("exit 2", 2), (f"exit {PAUSED}", PAUSED), ("kill -9 $$", -signal.SIGKILL)],
)
def test_the_job_ends_as_its_worker_ends(worker, tmp_path, commands, code):
    log = tmp_path / "worker.log"
    words = [sys.executable, "-c", CALLED, str(worker(commands)), str(log)]
    assert subprocess.run(words, cwd=ROOT, check=False).returncode == code
    assert log.read_text() == "-m mlm_demo work run --handle job-1 --requeued\n"


@pytest.mark.parametrize("commands", ["exec sleep 60", "trap '' USR2\nwhile :; do sleep 0.1; done"])
def test_a_checkpoint_waits_for_the_worker_and_no_longer_than_there_is_time(
    worker, tmp_path, monkeypatch, commands
):
    pytest.importorskip("submitit")
    monkeypatch.setattr(slurm_work, "SECONDS_TO_SAVE", 1)
    work = SlurmWork("run", "job-1", tmp_path / "worker.log")
    work.process = subprocess.Popen([worker(commands)])
    again = work.checkpoint()
    assert work.process.poll() in (-PAUSE, -signal.SIGKILL)
    assert again.function == SlurmWork("run", "job-1", tmp_path / "worker.log")


def test_a_job_of_submitit_whose_time_is_over_pauses_its_worker_and_goes_on(worker, tmp_path, monkeypatch):
    submitit = pytest.importorskip("submitit")
    begun, log = tmp_path / "begun", tmp_path / "worker.log"
    program = worker(
        f"[ -f {begun} ] && exit 0\ntrap 'exit {PAUSED}' USR2\ntouch {begun}\nwhile :; do sleep 0.1; done"
    )
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    executor = submitit.LocalExecutor(folder=tmp_path / "jobs")
    executor.update_parameters(timeout_min=1, signal_delay_s=55)  # the signal after five seconds
    job = executor.submit(SlurmWork("run", "job-1", log, str(program)))
    job.result()
    assert "this job is timed-out" in job.stdout() + job.stderr()
    assert log.read_text().count("work run --handle job-1 --requeued") == 2
