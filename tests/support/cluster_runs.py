"""Runs of the tests that start a cluster."""

import pytest
import torch

from mlm_demo.runs.service import RunService
from mlm_demo.runs.tasks.adapt import AdaptRequest
from mlm_demo.settings import Settings
from mlm_demo.training.config import AdaptConfig
from tests.support.faults import ALONE, made
from tests.support.runs import corpus_text, until

SECONDS = 300


def starter(model, folder):
    """Return a function that puts a new copy of the same small run into the queue of a service."""
    corpus = folder / "bees.txt"
    corpus.write_text(corpus_text())

    def begin(service, steps=24):
        config = AdaptConfig(max_steps=steps, batch_size=4, block_size=32, learning_rate=1e-3)
        draft = service.staging.add([corpus])
        return service.start(draft, AdaptRequest(config, model), f"person {len(service.runs.all())}")

    return begin


def assert_learned_alike(run, alone):
    """Check that a run of several processes learned what a run of one did."""
    losses = [[line["eval_loss"] for line in one.lines() if "eval_loss" in line] for one in (run, alone)]
    assert losses[0] == pytest.approx(losses[1], abs=3e-4)
    together, single = made(run)["weights"], made(alone)["weights"]
    for name, weight in single.items():
        if "key.bias" not in name:  # its gradient is nothing but rounding, which Adam makes into steps
            assert torch.allclose(together[name], weight, atol=5e-4), name


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
