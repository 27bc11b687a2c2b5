"""Faults of a network between machines: a cable pulled and put back, a head that is gone and started anew."""

import os
import re
from contextlib import suppress

import pytest

from mlm_demo.errors import RunError
from mlm_demo.runs.service import RunService
from mlm_demo.settings import Settings
from tests.support.cluster_runs import SECONDS, follow, log_of, notes_of, steps_of, undisturbed
from tests.support.faults import ALONE, assert_equal, made
from tests.support.nightly import NIGHTLY
from tests.support.paths import ROOT
from tests.support.ray_machines import RayMachines, can_make_machines
from tests.support.ray_nodes import TOKEN
from tests.support.runs import until

pytest.importorskip("ray")
pytestmark = [
    pytest.mark.cluster,
    pytest.mark.skipif(not NIGHTLY, reason="it starts a Ray cluster: make nightly"),
    pytest.mark.skipif(not can_make_machines(), reason="it takes root, ip and unshare"),
]
STEPS = 400
LONG = 2_000  # steps, slowly made, so that Ray gives up the node before its worker is done
SLOWLY = """
import time
from mlm_demo.training.schedule import TimedSchedule
on_step_end = TimedSchedule.on_step_end

def slowly(*arguments, **named):
    time.sleep(0.1)
    return on_step_end(*arguments, **named)

TimedSchedule.on_step_end = slowly
"""


@pytest.fixture
def service(tmp_path, monkeypatch):
    monkeypatch.setenv("RAY_AUTH_TOKEN", TOKEN)
    own = Settings(device="cpu", data=str(tmp_path / "data"), launcher="ray", ray_address=RayMachines.address)
    service = RunService(own)
    service.queue.environment |= ALONE
    return service


@pytest.fixture
def machines(service, tmp_path):
    there = RayMachines(tmp_path)
    try:
        there.start(lambda: nodes_of(service))
        yield there
    finally:
        there.close()


def nodes_of(service):
    with suppress(RunError):
        return sum(node.places(0) > 0 for node in service.queue.launcher.cluster.nodes())
    return 0


def reach(service, run, step):
    until(lambda: service.queue.tick() or max(steps_of(run), default=0) > step, SECONDS, lambda: log_of(run))


def machine_of(machines, run):
    return machines.at(re.search(r"node (\S+)", run.whereabouts)[1])


def test_a_run_whose_machine_is_cut_off_goes_on_at_another_with_the_same_weights(
    service, machines, begin, tmp_path
):
    (tmp_path / "slow").mkdir()
    (tmp_path / "slow" / "sitecustomize.py").write_text(SLOWLY)
    service.queue.environment["PYTHONPATH"] = os.pathsep.join([str(tmp_path / "slow"), str(ROOT)])
    run = begin(service, LONG)
    reach(service, run, 300)
    cut_off = machine_of(machines, run)
    cut_off.connect(False)  # its worker trains on, and sees the shared files
    follow(service, run, "done", "failed", "interrupted", "stopped")
    assert (run.state, run.message, run.handle.attempt) == ("done", "", 2)
    assert "was lost. Attempt 2 of 3 continues from the last checkpoint" in notes_of(run)[-1]
    assert machine_of(machines, run) is not cut_off
    assert_equal(made(run), undisturbed(begin, tmp_path, LONG))
    del service.queue.environment["PYTHONPATH"]
    cut_off.connect(True)
    until(
        lambda: cut_off.process.poll() is not None, SECONDS, machines.logs
    )  # Ray ends a node that it gave up
    cut_off.join()
    until(lambda: nodes_of(service) == 2, SECONDS, machines.logs, pause=1)
    second, third = begin(service, 60), begin(service, 60)
    for run in (second, third):
        follow(service, run, "done", "failed", "interrupted", "stopped")
        assert (run.state, run.message) == ("done", "")


def test_a_run_whose_head_is_gone_is_unreachable_and_goes_on_with_the_next_head(
    service, machines, begin, tmp_path
):
    run = begin(service, STEPS)
    reach(service, run, 150)
    machines.head.kill()
    follow(service, run, "unreachable", "failed", "interrupted")
    assert run.state == "unreachable"
    for machine in machines.nodes:  # as their administrator would
        machine.kill()
    machines.start(lambda: nodes_of(service))
    follow(service, run, "done", "failed", "interrupted", "stopped")
    assert (run.state, run.message, run.handle.attempt) == ("done", "", 2)
    assert "no longer knows its job. Attempt 2 of 3" in notes_of(run)[-1]
    assert_equal(made(run), undisturbed(begin, tmp_path, STEPS))
