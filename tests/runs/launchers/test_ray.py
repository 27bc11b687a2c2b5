"""What the launcher makes of a cluster's answers; `tests/cluster` asks a real cluster."""

import os
import re
import signal
import sys
import time
from dataclasses import replace

import pytest

from mlm_demo.errors import RunError
from mlm_demo.runs.launchers import jobs, ray_cluster
from mlm_demo.runs.launchers.jobs import LOCAL, MOST_ATTEMPTS
from mlm_demo.runs.launchers.local import LocalLauncher
from mlm_demo.runs.launchers.ray import RAY, RayLauncher
from mlm_demo.runs.launchers.ray_cluster import RayCluster
from mlm_demo.runs.queue import RunQueue
from mlm_demo.runs.store import RunStore
from mlm_demo.settings import Settings
from tests.support.paths import ROOT
from tests.support.ray_stand_in import TOKEN, node


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch):
    monkeypatch.setattr(ray_cluster, "SECONDS_BEFORE_NEXT_TRY", 0)
    monkeypatch.setattr(jobs, "SECONDS_PLACES_KEPT", 0)


@pytest.fixture
def launcher(ray, tmp_path):
    own = Settings(data=str(tmp_path), launcher="ray", ray_address=ray.address)
    return RayLauncher(own, RayCluster(ray.address, TOKEN), "/opt/own python")


@pytest.fixture
def queue(launcher, tmp_path):
    return RunQueue(RunStore(tmp_path / "runs"), launcher, environment={"MLM_DEMO_DATA": str(tmp_path)})


def begin(queue):
    run = queue.runs.create(lambda run: [], title="bees")
    queue.tick()
    return run


@pytest.fixture
def run(queue, ray):
    """A run whose job is running."""
    run = begin(queue)
    ray.begin(run.handle.name)
    queue.tick()
    return run


def test_a_job_is_the_command_of_a_local_worker_on_a_node_with_the_label(queue, ray):
    run = begin(queue)
    (job,) = ray.submitted
    words = f"-m mlm_demo work {run.id} --handle {run.handle.name}"
    assert job["entrypoint"] == (
        f"cd {ROOT} && exec env -u OMP_NUM_THREADS '/opt/own python' {words} >> {run.folder}/worker.log 2>&1"
    )
    assert (job["submission_id"], job["metadata"]) == (run.handle.name, {"run": run.id})
    assert (job["entrypoint_num_gpus"], job["entrypoint_resources"]) == (1, {"mlm_demo": 1})
    given = job["runtime_env"]["env_vars"]
    assert given == {"MLM_DEMO_DATA": str(queue.runs.folder.parent), "RAY_JOB_STOP_WAIT_TIME_S": "60"}
    assert (run.state, run.whereabouts) == ("running", "waiting for a place in the Ray cluster")
    ray.begin(run.handle.name)
    queue.tick()
    assert (run.state, run.whereabouts) == ("running", "node 10.0.0.7 of the Ray cluster")


def test_as_many_run_as_there_are_places(queue, ray):
    runs = [begin(queue) for _ in range(3)]
    assert [run.state for run in runs] == ["running", "running", "waiting"]
    ray.nodes.append(node("three", GPU=1, mlm_demo=4))  # one GPU is one place
    queue.tick()
    assert [run.state for run in runs] == ["running"] * 3
    assert begin(queue).state == "waiting"


def test_a_lost_job_is_tried_three_times_and_then_failed(queue, ray, run):
    names = [run.handle.name]
    for attempt in range(2, MOST_ATTEMPTS + 1):
        ray.end(names[-1], "FAILED")
        queue.tick()
        names.append(run.handle.name)
        assert (run.state, run.handle.attempt) == ("running", attempt)
        ray.begin(names[-1])
        queue.tick()
    assert len(set(names)) == len(ray.submitted) == MOST_ATTEMPTS
    del ray.jobs[names[-1]]  # as after a new start of the head
    queue.tick()
    assert run.state == "failed"
    assert run.message.startswith(
        "The Ray cluster no longer knows its job. That was attempt 3 of 3. Everything up to"
    )
    notes = [line["note"] for line in run.lines() if "note" in line]
    assert notes[0].startswith("Node 10.0.0.7 was lost. Attempt 2 of 3 continues from the last checkpoint")
    queue.resume(run)
    assert (run.state, run.handle.attempt) == ("running", 1)
    assert run.handle.name not in names


def test_a_cluster_that_does_not_answer_makes_a_run_unreachable_and_never_interrupted(queue, ray, run):
    address, queue.launcher.cluster.address = queue.launcher.cluster.address, "http://127.0.0.1:9"
    waiting = begin(queue)
    for _ in range(3):
        queue.tick()
        assert (run.state, waiting.state) == ("unreachable", "waiting")
    assert re.search(
        r"at http://127.0.0.1:9 does not answer \(.*refused.*\); start it, or set RAY_ADDRESS",
        run.whereabouts,
    )
    with pytest.raises(RunError, match="is unreachable; stop it before you delete it"):
        run.delete()
    with pytest.raises(RunError, match="is unreachable, so it cannot be resumed"):
        queue.resume(run)
    queue.launcher.cluster.address = address
    queue.tick()
    assert (run.state, waiting.state) == ("running", "running")
    assert len(ray.submitted) == 2


def test_a_job_that_was_noted_and_not_submitted_is_submitted_under_its_name(queue, ray, monkeypatch):
    with monkeypatch.context() as killed:
        killed.setattr(RayCluster, "submit", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            begin(queue)
    (run,) = queue.runs.all()
    noted = run.handle
    assert (run.state, ray.jobs) == ("running", {})
    queue.tick()
    assert (run.handle, list(ray.jobs)) == (noted, [noted.name])


@pytest.mark.parametrize(
    ("exit_code", "state", "message"),
    [
        (-signal.SIGKILL, "interrupted", ""),
        (-signal.SIGSEGV, "failed", "without a message (SIGSEGV); its folder's worker.log has details"),
        (2, "failed", "ended on node 10.0.0.7 without a message (exit code 2)"),
    ],
)
def test_the_end_of_a_process_without_a_message(queue, ray, run, exit_code, state, message):
    ray.end(run.handle.name, "FAILED", exit_code)
    queue.tick()
    assert run.state == state
    assert message in run.message
    log = run.folder / "worker.log"
    assert (log.read_text() if log.exists() else "") == ("what Ray kept" if state == "failed" else "")
    queue.resume(run)
    assert run.state == "running"


def test_what_the_folder_says_goes_before_what_ray_says(queue, ray, run):
    run.output.mkdir()
    (run.output / "result.json").write_text("{}")
    ray.end(run.handle.name, "FAILED", -9)
    queue.tick()
    assert (run.state, run.handle.attempt) == ("running", 2), "a worker is asked to note the end"
    run.finish("done")
    ray.end(run.handle.name, "FAILED", 1)
    queue.tick()
    assert (run.state, run.message) == ("done", "")


def test_a_stop_reaches_a_job_that_waits_runs_or_hangs(queue, ray, run, monkeypatch):
    waiting = begin(queue)
    queue.stop(waiting)
    assert (waiting.state, waiting.message) == ("stopped", "Stopped before it started.")
    assert ray.stopped == [waiting.handle.name]
    with (
        pytest.raises(RunError, match="has ended, or another job works on it"),
        waiting.working(job=waiting.handle.name),
    ):
        pass
    queue.stop(run)
    assert (run.state, len(ray.stopped)) == ("stopping", 1), "its worker reads the stop file"
    long_ago = time.time() - jobs.SECONDS_TO_STOP - 1
    os.utime(run.folder / "stop", (long_ago, long_ago))
    queue.tick()
    assert ray.stopped[1:] == [run.handle.name]
    ray.end(run.handle.name, "STOPPED")
    queue.tick()
    assert (run.state, run.message[:28]) == ("stopped", "Stopped in the Ray cluster. ")


def test_a_worker_that_is_not_the_noted_job_leaves_the_run_alone(queue, ray, run):
    with run.working(job=run.handle.name):
        pass
    old = run.handle.name
    ray.end(old, "FAILED")
    queue.tick()
    with pytest.raises(RunError, match="has ended, or another job works on it"), run.working(job=old):
        pass


def test_a_page_that_trains_here_takes_no_run_of_a_cluster_for_interrupted(queue, run):
    local = RunQueue(queue.runs, LocalLauncher(lambda *_, **__: None))
    local.starts = False
    local.tick()
    assert run.state == "unreachable"
    assert run.whereabouts == "This page asks nobody about it; set MLM_DEMO_LAUNCHER=ray again."
    queue.tick()
    assert run.state == "running"
    (run.folder / "handle.json").unlink()  # taken back by hand
    assert run.state == "waiting"


def test_a_job_that_ray_refuses_fails_its_run_and_a_dashboard_in_trouble_does_not(queue, ray):
    ray.refuses = "RuntimeError: Request failed with status code 400: no such option.\n."
    run = begin(queue)
    assert run.state == "failed"
    assert (
        "refuses the job (500: 'RuntimeError: Request failed with status code 400: no such option.')"
        in run.message
    )
    ray.refuses = "the store does not answer"
    run = begin(queue)
    assert run.state == "unreachable"
    assert "does not work now (500 Internal Server Error)" in run.whereabouts
    ray.refuses = ""
    queue.tick()
    assert run.state == "running"


def refusal(launcher):
    with pytest.raises(RunError) as caught:
        launcher.check()
    text = str(caught.value)
    assert text.endswith(f" {LOCAL}")
    assert "\n" not in text
    return text


def test_each_fault_of_a_cluster_is_said_in_a_sentence(launcher, ray):
    good = launcher.settings
    launcher.settings = replace(good, ray_address="")
    assert "RAY_ADDRESS is not set; set it to the address of the cluster's dashboard" in refusal(launcher)
    launcher.settings = good
    launcher.cluster = RayCluster("ray://head:10001", TOKEN)
    assert "set it to the address of the cluster's dashboard, such as http://HEAD:8265" in refusal(launcher)
    launcher.cluster = RayCluster("127.0.0.1:9", TOKEN)
    assert "The Ray cluster at http://127.0.0.1:9 does not answer" in refusal(launcher)
    launcher.cluster = RayCluster(ray.address, "wrong")
    assert "refuses the token (403); set RAY_AUTH_TOKEN_PATH" in refusal(launcher)
    launcher.cluster = RayCluster(ray.address, TOKEN)
    ray.version = "2.9.3"
    assert (
        f"has Ray '2.9.3', and this program was tested with {RAY}; install requirements-ray.txt"
        in refusal(launcher)
    )
    ray.version, ray.needs_token = "2.60.1", False
    assert "answers without a token, so anyone who reaches it can run code there" in refusal(launcher)
    ray.needs_token, ray.nodes = True, [node("head", CPU=2), {**node("gone"), "state": "DEAD"}]
    assert "has the resource mlm_demo and a GPU; start one with --resources=" in refusal(launcher)


def test_the_nodes_are_probed_once_before_the_first_run(launcher, ray, tmp_path):
    launcher.python, ray.runs_jobs = sys.executable, True
    launcher.check()
    launcher.check()
    assert [job["entrypoint_label_selector"] for job in ray.submitted] == [
        {"ray.io/node-id": "one"},
        {"ray.io/node-id": "two"},
    ]
    assert list((tmp_path / "probes").iterdir()) == []
    ray.nodes = [node("new")]
    launcher.python = "/opt/own python"
    assert (
        f"Node 10.0.0.3 of the Ray cluster does not have this program in {ROOT} with /opt/own python"
        in refusal(launcher)
    )


def test_the_tested_release_is_the_required_one():
    required = (ROOT / "requirements-ray.txt").read_text()
    assert required.startswith(f"ray[default,serve]=={RAY}.")
