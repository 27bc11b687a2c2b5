"""Runs in a real Ray cluster: two nodes on this machine, with token authentication."""

import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import replace

import pytest

from mlm_demo.errors import UnreachableError
from mlm_demo.runs.service import RunService
from mlm_demo.settings import Settings
from tests.support.cluster_runs import SECONDS, assert_learned_alike, follow, log_of, steps_of, undisturbed
from tests.support.faults import ALONE, assert_equal, made
from tests.support.nightly import NIGHTLY
from tests.support.paths import ROOT
from tests.support.ray_nodes import TOKEN
from tests.support.runs import until

pytest.importorskip("ray")
pytestmark = [
    pytest.mark.cluster,
    pytest.mark.skipif(not NIGHTLY, reason="it starts a Ray cluster: make nightly"),
]


PATCH = "device.bfloat16_is_fast = lambda device: False\n"
EXACT = "from mlm_demo.models import device\n" + PATCH


@pytest.fixture
def page(ray_nodes, tmp_path, monkeypatch):
    """A function that returns a service of its own, as a server that trains in the cluster has."""
    monkeypatch.setenv("RAY_AUTH_TOKEN", TOKEN)
    own = Settings(device="cpu", data=str(tmp_path / "data"), launcher="ray", ray_address=ray_nodes.address)

    def page() -> RunService:
        service = RunService(own)
        service.queue.environment |= ALONE
        return service

    return page


def test_a_run_whose_node_is_lost_is_resumed_on_the_other_with_the_same_weights(
    page,
    begin,
    ray_nodes,
    tmp_path,
):
    steps = 400
    service = page()
    run = begin(service, steps)
    follow(service, run, "running")
    until(lambda: service.queue.tick() or max(steps_of(run), default=0) > 150, SECONDS, lambda: log_of(run))
    first = service.queue.launcher.cluster
    lost = node_of(first, run)
    ray_nodes.remove(lost)
    seen = len(list(run.lines()))
    follow(service, run, "done", "failed", "interrupted", "stopped")
    assert (run.state, run.message) == ("done", "")
    assert run.handle.attempt == 2
    assert node_of(first, run) != lost
    notes = [line["note"] for line in run.lines() if "note" in line]
    assert notes[-1].endswith("was lost. Attempt 2 of 3 continues from the last checkpoint, if there is one.")
    again = [line["step"] for line in run.lines(after=seen) if "loss" in line]
    assert again[0] > 100, "it did not begin anew"
    assert_equal(made(run), undisturbed(begin, tmp_path, steps))
    ray_nodes.add()


def node_of(cluster, run):
    return cluster._ask(f"/api/jobs/{run.handle.name}")["driver_node_id"]


KILLED_SERVER = """
import os, signal, sys
from mlm_demo.runs.launchers.ray_cluster import RayCluster
from mlm_demo.runs.service import RunService
from mlm_demo.settings import Settings
RayCluster.submit = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
service = RunService(Settings.from_environment())
service.queue.environment["OMP_NUM_THREADS"] = "1"
service.queue.tick()
"""


def test_a_server_killed_between_noting_and_submitting_leaves_one_job(page, begin):
    waiting = page()
    waiting.queue.starts = False
    run = begin(waiting)
    own = {**os.environ, **waiting.settings.to_environment(), "RAY_AUTH_TOKEN": TOKEN}
    killed = subprocess.run(
        [sys.executable, "-c", KILLED_SERVER], cwd=ROOT, env=own, check=False, timeout=120
    )
    assert killed.returncode == -signal.SIGKILL
    noted, service = run.handle, page()
    assert (run.state, service.queue.launcher.cluster.job(noted.name)) == ("running", None)
    follow(service, run, "done", "failed", "interrupted")
    assert (run.state, run.message, run.handle) == ("done", "", noted)
    assert reports_of(run) == 1


def test_two_servers_that_submit_at_once_leave_one_job(page, begin):
    """Without the queue's lock, as on a file system that does not pass locks on."""
    waiting = page()
    waiting.queue.starts = False
    run = begin(waiting)
    servers, together = [page() for _ in range(4)], threading.Barrier(4)

    def start(service):
        together.wait()
        service.queue.launcher.start(run, service.queue.environment)

    threads = [threading.Thread(target=start, args=(service,)) for service in servers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    jobs = waiting.queue.launcher.cluster._ask("/api/jobs/")
    assert [job["submission_id"] for job in jobs if run.id in job["submission_id"]] == [run.handle.name]
    follow(servers[0], run, "done", "failed", "interrupted")
    assert (run.state, run.message, reports_of(run)) == ("done", "", 1)


def test_with_a_wrong_token_a_run_is_unreachable_and_never_interrupted(page, begin, monkeypatch):
    service = page()
    run = begin(service, 90_000)
    until(lambda: service.queue.tick() or steps_of(run), SECONDS, lambda: log_of(run))
    monkeypatch.setenv("RAY_AUTH_TOKEN", "wrong" * 10)
    other = page()
    with pytest.raises(
        UnreachableError, match=r"refuses the token \(403\); set RAY_AUTH_TOKEN_PATH .* Or unset"
    ):
        begin(other)
    for _ in range(3):
        other.queue.tick()
        assert run.state == "unreachable"
    assert "refuses the token" in run.whereabouts
    seen = len(steps_of(run))
    until(lambda: len(steps_of(run)) > seen)
    other.queue.stop(run)  # the stop file needs no cluster
    until(lambda: run.state == "stopped", SECONDS)
    assert "Progress is kept" in run.message


def test_as_many_run_at_once_as_there_are_places_and_a_stop_within_three_seconds_ends_one(page, begin):
    service = page()
    first = begin(service, 90_000)
    second, third = begin(service, 90_001), begin(service, 90_002)
    assert [run.state for run in (first, second, third)] == ["running", "running", "waiting"]
    service.queue.stop(second)
    follow(service, second, "stopped")
    assert second.message.startswith("Stopped")
    follow(service, third, "running")
    until(
        lambda: service.queue.tick() or (steps_of(first) and steps_of(third)), SECONDS, lambda: log_of(third)
    )
    assert steps_of(second) == []
    for run in (first, third):
        service.queue.stop(run)
    for run in (first, third):
        follow(service, run, "stopped")
        assert "Progress is kept" in run.message


# A worker that is killed between writing its result and noting its end.
KILLED_WORKER = """#!/bin/sh
test "$3" = work || exec {python} "$@"
exec {python} -c '
import os, signal, sys
from mlm_demo.runs.run import Run
from mlm_demo.cli.main import main
if sys.argv[-1].endswith("-1"):
    Run.finish = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
sys.exit(main(sys.argv[3:]))
' "$@"
"""


def test_a_result_is_believed_over_a_job_that_failed(page, begin, tmp_path):
    python = tmp_path / "python"
    python.write_text(KILLED_WORKER.format(python=sys.executable))
    python.chmod(0o755)
    service = page()
    service.queue.launcher.python = str(python)
    run = begin(service)
    first = run.handle
    follow(service, run, "done", "failed", "interrupted")
    job = service.queue.launcher.cluster.job(first.name)
    assert (job.status, job.exit_code) == ("FAILED", -signal.SIGKILL)
    assert (run.state, run.message, run.handle.attempt) == ("done", "", 2)
    assert (
        "Its result was written, but not its end."
        in [line["note"] for line in run.lines() if "note" in line][-1]
    )
    assert steps_of(run) == list(range(1, 25)), "nothing was trained twice"


def test_the_run_of_a_killed_worker_is_interrupted_and_can_be_resumed(page, begin):
    service = page()
    run = begin(service, 400)
    until(lambda: service.queue.tick() or max(steps_of(run), default=0) > 60, SECONDS, lambda: log_of(run))
    subprocess.run(["pkill", "-KILL", "-f", f"work {run.id}"], check=True)
    follow(service, run, "interrupted")
    service.queue.resume(run)
    follow(service, run, "done", "failed")
    assert (run.state, run.message, run.handle.attempt) == ("done", "", 1)


def reports_of(run):
    """How many workers have read the files of a run."""
    return len([line for line in run.lines() if "report" in line])


def test_a_run_of_two_processes_on_two_nodes_learns_what_one_process_learns(
    ray_nodes, page, begin, tmp_path, fork_server
):
    steps, service = (
        12,
        page(),
    )  # within an epoch: at its end two processes fill up the last batch with repetitions
    exact = (
        tmp_path / "exact"
    )  # float32 products, so that only the division of the batch can make a difference
    exact.mkdir()
    (exact / "sitecustomize.py").write_text(EXACT)
    service.queue.environment["PYTHONPATH"] = str(exact)
    launcher = service.queue.launcher
    launcher.settings = replace(launcher.settings, run_processes=2)
    assert launcher.places() == 1, "two nodes with a core each"
    run = begin(service, steps)
    follow(service, run, "done", "failed", "interrupted", "stopped")
    assert (run.state, run.message) == ("done", ""), log_of(run)
    assert len([line for line in run.lines() if "report" in line]) == 1, "the main process alone writes"

    own = Settings(device="cpu", data=str(tmp_path / "local"))
    local = RunService(
        own, launch=fork_server.after("from mlm_demo.training import trainer as device\n" + PATCH)
    )
    local.queue.environment |= ALONE
    alone = begin(local, steps)
    follow(local, alone, "done", "failed")
    assert_learned_alike(run, alone)


@pytest.fixture
def small_disk(tmp_path):
    """A data folder of 30 MB, with a function that fills it, and one that makes room again."""
    data = tmp_path / "data"
    data.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=30m", "tmpfs", str(data)], check=True)

    def fill() -> None:
        with suppress(OSError), (data / "filler").open("wb", buffering=0) as file:
            while file.write(bytes(4096)):
                pass

    yield fill, (data / "filler").unlink
    subprocess.run(["umount", "--lazy", str(data)], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="it mounts a disk, which takes root")
def test_a_run_whose_disk_is_full_fails_with_a_sentence_and_resume_goes_on(small_disk, page, begin):
    fill, make_room = small_disk
    service = page()
    run = begin(service, 4_000)
    follow(service, run, "running")
    until(lambda: service.queue.tick() or max(steps_of(run), default=0) > 600, SECONDS, lambda: log_of(run))
    fill()
    follow(service, run, "failed", "interrupted", "done")
    assert (run.state, run.message) == (
        "failed", f"The folder {run.folder} cannot be written (No space left on device); make room there."
    )  # fmt: skip
    seen = len(list(run.lines()))
    make_room()
    service.queue.resume(run)
    until(lambda: service.queue.tick() or steps_after(run, seen), SECONDS, lambda: log_of(run))
    assert steps_after(run, seen)[0] > 400, "it went on from its last checkpoint"
    service.queue.stop(run)
    follow(service, run, "stopped", "done", "failed")
    assert run.state == "stopped"


def steps_after(run, seen):
    """The steps that a run has logged after its first lines."""
    return [line["step"] for line in run.lines(after=seen) if "loss" in line]
