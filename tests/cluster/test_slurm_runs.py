"""Runs in a real Slurm: a controller and two nodes on this machine, from Debian's packages slurm-wlm and munge."""

import os

import pytest

from mlm_demo.errors import RunError, UnreachableError
from mlm_demo.runs.launchers.jobs import LOCAL
from mlm_demo.runs.launchers.slurm import SlurmLauncher
from mlm_demo.runs.service import RunService
from mlm_demo.settings import Settings
from tests.support.cluster_runs import SECONDS, follow, log_of, steps_of, undisturbed
from tests.support.faults import ALONE, assert_equal, made
from tests.support.nightly import NIGHTLY
from tests.support.runs import until
from tests.support.slurm_nodes import SlurmNodes, can_start

pytest.importorskip("submitit")
pytestmark = [
    pytest.mark.cluster,
    pytest.mark.skipif(not NIGHTLY, reason="it starts Slurm: make nightly"),
    pytest.mark.skipif(not can_start(), reason="no slurmctld and munged on this machine, or not root"),
]


@pytest.fixture(scope="module")
def slurm(tmp_path_factory):
    nodes = SlurmNodes(tmp_path_factory.mktemp("slurm"))
    yield nodes
    nodes.close()


@pytest.fixture
def settings(tmp_path):
    return Settings(device="cpu", data=str(tmp_path / "data"), launcher="slurm")


@pytest.fixture
def page(slurm, settings, monkeypatch):
    """A function that returns a service of its own, as a server whose runs are Slurm jobs has."""
    for name, value in slurm.environment.items():
        monkeypatch.setenv(name, value)

    def page() -> RunService:
        service = RunService(settings)
        service.queue.environment |= ALONE
        return service

    return page


def number_of(slurm, run):
    return slurm.ask("squeue", "-h", "--name", run.handle.name, "--states", "all", "-o", "%A").strip()


def past(service, run, step):
    until(lambda: service.queue.tick() or max(steps_of(run), default=0) > step, SECONDS, lambda: log_of(run))


def test_two_runs_at_once_each_on_a_node(page, begin):
    service = page()
    service.queue.launcher.check()
    runs = [begin(service, 300), begin(service, 300)]
    for run in runs:
        follow(service, run, "running")
    until(lambda: service.queue.tick() or all("node" in run.whereabouts for run in runs), SECONDS)
    assert {run.whereabouts for run in runs} == {"node one of Slurm", "node two of Slurm"}
    for run in runs:
        follow(service, run, "done", "failed", "interrupted", "stopped")
        assert (run.state, run.message, run.handle.attempt) == ("done", "", 1)


def test_a_job_whose_time_is_over_is_queued_again_and_goes_on_from_a_checkpoint(page, begin, slurm, tmp_path):
    steps, service = 400, page()
    run = begin(service, steps)
    past(service, run, 150)
    number, seen = number_of(slurm, run), len(list(run.lines()))
    slurm.ask("scancel", "--signal=USR2", number)  # as Slurm does before the time is over
    follow(service, run, "done", "failed", "interrupted", "stopped")
    assert (run.state, run.message, run.handle.attempt) == ("done", "", 1)
    assert number_of(slurm, run) == number, "the noted job went on"
    assert "Restarts=1" in slurm.ask("scontrol", "show", "job", number)
    again = [line["step"] for line in run.lines(after=seen) if "loss" in line]
    assert again[0] > 150, "it did not begin anew"
    assert_equal(*map(without_averages, (made(run), undisturbed(begin, tmp_path, steps))))


def without_averages(made):
    """Leave out the losses of the log lines: each is a mean since the line before, which no checkpoint keeps."""
    return {**made, "curve": [line for line in made["curve"] if "eval_loss" in line]}


def test_a_run_whose_node_is_lost_goes_on_elsewhere_with_the_same_weights(page, begin, slurm, tmp_path):
    steps, service = 400, page()
    run = begin(service, steps)
    past(service, run, 150)
    node = run.whereabouts.split()[1]
    slurm.kill(node)
    follow(service, run, "done", "failed", "interrupted", "stopped")
    assert (run.state, run.message) == ("done", "")
    assert_equal(made(run), undisturbed(begin, tmp_path, steps))
    slurm.start("slurmd", "-N", node)
    until(lambda: slurm.ask("sinfo", "-h", "-o", "%T %D") == "idle 2\n", 60, lambda: slurm.ask("sinfo"))


def test_stop_reaches_a_waiting_and_a_running_job_and_resume_goes_on(page, begin, slurm):
    service = page()
    running, other, waiting = (begin(service, 50_000) for _ in range(3))
    past(service, running, 50)
    assert waiting.state == "waiting"
    for run in (waiting, other, running):
        service.queue.stop(run)
    assert waiting.message == "Stopped before it started."
    follow(service, running, "stopped", "failed")
    assert "at step" in running.message
    follow(service, other, "stopped", "failed")
    reached = max(steps_of(running))
    service.queue.resume(running)
    past(service, running, reached)
    slurm.ask("scancel", "--name", running.handle.name)  # by somebody else
    follow(service, running, "stopped", "failed")
    assert running.message.startswith("Stopped in Slurm. Everything up to the last checkpoint is safe")


def test_a_controller_that_is_gone_makes_a_run_unreachable_and_never_interrupted(page, begin, slurm):
    service = page()
    run = begin(service, 90_000)
    past(service, run, 20)
    slurm.kill("slurmctld")
    follow(service, run, "unreachable")
    assert "Slurm does not answer" in run.whereabouts
    with pytest.raises(UnreachableError, match="does not answer"):
        service.queue.launcher.check()
    slurm.start("slurmctld")
    follow(service, run, "running")
    service.queue.stop(run)
    follow(service, run, "done", "failed", "interrupted", "stopped")
    assert (run.state, run.handle.attempt) == ("stopped", 1)


def test_each_fault_is_said_in_a_sentence(page, settings, monkeypatch):
    page()
    for change, says in [
        (
            {"slurm_partition": "none"},
            "Slurm has no node in the partition 'none'; set MLM_DEMO_SLURM_PARTITION",
        ),
        ({"device": "cuda"}, "No node of Slurm has a GPU there; set MLM_DEMO_SLURM_PARTITION"),
    ]:
        with pytest.raises(RunError, match=says) as caught:
            SlurmLauncher(Settings(**{**vars(settings), **change})).check()
        assert str(caught.value).endswith(LOCAL)
    monkeypatch.setenv("PATH", os.devnull)
    with pytest.raises(RunError, match="this machine has no command sbatch"):
        SlurmLauncher(settings).check()
