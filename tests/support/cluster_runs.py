"""Runs of the tests that start a cluster."""

from mlm_demo.runs.service import RunService
from mlm_demo.settings import Settings
from tests.support.faults import ALONE, made
from tests.support.runs import until

SECONDS = 300


def follow(service, run, *states):
    """Tick until the run is in one of some states."""

    def reached():
        service.queue.tick()
        return run.state in states

    until(
        reached,
        SECONDS,
        lambda: (
            run.state,
            run.message,
            run.whereabouts,
            run.handle,
            notes_of(run),
            list(run.lines())[-2:],
            log_of(run),
        ),
    )


def log_of(run):
    log = run.folder / "worker.log"
    return log.read_text()[-2000:] if log.exists() else "no worker.log"


def notes_of(run):
    return [line["note"] for line in run.lines() if "note" in line]


def steps_of(run):
    return [line["step"] for line in run.lines() if "loss" in line]


def undisturbed(begin, tmp_path, steps):
    """The same run, done by a worker of this machine."""
    service = RunService(Settings(device="cpu", data=str(tmp_path / "local")))
    service.queue.environment |= ALONE
    run = begin(service, steps)
    follow(service, run, "done", "failed")
    assert run.state == "done", run.message
    return made(run)
