import json
import sys
from types import SimpleNamespace

import pytest

from mlm_demo.runs import zero_gpu
from mlm_demo.runs.service import RunService
from mlm_demo.runs.tasks.adapt import Adaptation
from mlm_demo.runs.worker import work
from mlm_demo.settings import Settings, on_zero_gpu
from tests.support.runs import corpus_text

pytestmark = pytest.mark.usefixtures("judged_on_little")


class Lender:
    """Stands in for the package `spaces` of a ZeroGPU Space."""

    def __init__(self, refusal=""):
        self.refusal, self.asked = refusal, []

    def GPU(self, duration):
        def decorate(function):
            def call(*arguments):
                self.asked.append(duration)
                if self.refusal:
                    raise RuntimeError(self.refusal)
                return function(*arguments)

            return call

        return decorate


@pytest.fixture
def space(monkeypatch, tmp_path):
    """A function that makes the runs of such a Space."""

    def space(**lender):
        monkeypatch.setenv("SPACES_ZERO_GPU", "true")
        monkeypatch.setenv("MLM_DEMO_DATA", str(tmp_path / "data"))
        lender = Lender(**lender)
        monkeypatch.setitem(sys.modules, "spaces", SimpleNamespace(GPU=lender.GPU))
        return RunService(Settings(device="cpu", data=str(tmp_path / "data"))), lender

    return space


@pytest.fixture
def begun(tmp_path, choices):
    """A function that puts a run into the queue."""

    def begun(service, steps):
        file = tmp_path / "bees.txt"
        file.write_text(corpus_text())
        return service.start(service.staging.add([file]), choices(steps), "somebody")

    return begun


def test_elsewhere_no_gpu_is_lent(monkeypatch):
    monkeypatch.delenv("SPACES_ZERO_GPU", raising=False)
    assert not on_zero_gpu()


def gpu_of(service):
    return zero_gpu.run_on_lent_gpu(lambda run, seconds: work(run, service.settings, seconds=seconds))


def test_a_run_continues_from_one_lent_gpu_to_the_next(space, begun, monkeypatch):
    service, lender = space()
    run = begun(service, 8)
    service.queue.tick()
    assert run.state == "waiting", "no process of ours is started"
    monkeypatch.setattr(zero_gpu, "SECONDS_OF_WORK", 0)
    work_on_gpu = gpu_of(service)
    work_on_gpu(run)
    assert run.state == "stopped"
    assert (
        run.message
        == "The time limit on this GPU was reached at step 1 of 8. Progress is kept, and Resume continues."
    )
    service.queue.resume(run)
    monkeypatch.setattr(zero_gpu, "SECONDS_OF_WORK", 600)
    work_on_gpu(run)
    assert (run.state, lender.asked) == ("done", [zero_gpu.SECONDS] * 2)
    assert json.loads((run.output / "result.json").read_text())["training"]["steps"] == 8


def test_a_stop_is_heard_without_a_signal(space, begun):
    service, _ = space()
    run = begun(service, 5_000)
    run.ask_to_stop()
    gpu_of(service)(run)
    assert run.state == "stopped"
    assert run.message.startswith("Stopped at step 1 of 5,000")


def test_a_crash_is_not_taken_for_a_gpu_that_was_not_lent(space, begun, monkeypatch):
    def crash(*_arguments):
        raise ZeroDivisionError

    service, _ = space()
    run = begun(service, 40)
    monkeypatch.setattr(Adaptation, "work", crash)
    gpu_of(service)(run)
    assert (run.state, run.message) == (
        "failed",
        "The run crashed (ZeroDivisionError); its folder's worker.log has details.",
    )


def test_a_gpu_that_is_refused_ends_the_run_with_a_message(space, begun):
    service, _ = space(refusal="You have exceeded your GPU quota")
    run = begun(service, 40)
    gpu_of(service)(run)
    assert (run.state, run.message) == (
        "failed",
        "No GPU was lent (You have exceeded your GPU quota). Resume tries again.",
    )
