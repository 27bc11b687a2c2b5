"""Hugging Face Jobs against a stand-in of their HTTP interface, which runs the commands on this machine."""

import os
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from huggingface_hub import HfApi
from huggingface_hub.utils import _http

from mlm_demo.errors import RunError, UnreachableError
from mlm_demo.runs.launchers import jobs
from mlm_demo.runs.launchers.hub_jobs import HubJobsLauncher
from mlm_demo.runs.launchers.jobs import LOCAL
from mlm_demo.runs.queue import RunQueue
from mlm_demo.runs.service import RunService
from mlm_demo.runs.store import RunStore
from mlm_demo.runs.tasks.adapt import AdaptRequest
from mlm_demo.settings import Settings
from mlm_demo.training.config import AdaptConfig
from tests.support.hub_jobs_stand_in import TOKEN, HubJobsStandIn
from tests.support.paths import ROOT
from tests.support.runs import corpus_text, until


@pytest.fixture
def hub(monkeypatch):
    monkeypatch.setattr(jobs, "SECONDS_PLACES_KEPT", 0)
    hub = HubJobsStandIn()
    hub.starts = False
    yield hub
    hub.close()


@pytest.fixture
def settings(tmp_path):
    return Settings(
        data=str(tmp_path), launcher="hf", hf_flavor="t4-small", hf_bucket="clinic/runs", max_run_minutes=30
    )


@pytest.fixture
def launcher(hub, settings):
    return HubJobsLauncher(settings, HfApi(hub.address, token=TOKEN), "clinic/page")


@pytest.fixture
def queue(launcher, settings):
    return RunQueue(RunStore(settings.runs), launcher, environment={"MLM_DEMO_DATA": settings.data})


def begin(queue):
    run = queue.runs.create(lambda run: [], title="bees")
    queue.tick()
    return run


def test_a_job_is_the_command_of_a_local_worker_in_the_image_of_the_space(queue, hub, settings):
    run = begin(queue)
    (body,) = hub.submitted
    words = f"python -m mlm_demo work {run.id} --handle {run.handle.name}"
    assert body["command"] == ["bash", "-c", f"cd {ROOT} && exec {words} >> {run.folder}/worker.log 2>&1"]
    assert (body["spaceId"], body["flavor"]) == ("clinic/page", "t4-small")
    assert body["volumes"] == [{"type": "bucket", "source": "clinic/runs", "mountPath": settings.data}]
    assert body["environment"] == {"MLM_DEMO_DATA": settings.data}
    assert body["timeoutSeconds"] == 90 * 60, "a job that hangs does not cost for ever"
    assert TOKEN not in str(body)
    assert (run.state, run.whereabouts) == ("running", "waiting for a place in Hugging Face Jobs")
    hub.jobs[0]["status"] = {"stage": "RUNNING", "message": None}
    queue.tick()
    assert run.whereabouts == "machine 000001 (t4-small) of Hugging Face Jobs"
    assert begin(queue).state == "waiting", "one at a time, because each costs"


def test_a_noted_job_that_is_there_is_not_submitted_again(queue, launcher, hub):
    run = begin(queue)
    launcher._submit(run.handle.name, run, {})
    assert len(hub.submitted) == 1


@pytest.mark.parametrize(
    ("stage", "message", "state", "says"),
    [
        ("ERROR", "Job failed with exit code: 2", "failed", "without a message (exit code 2)"),
        ("ERROR", "Job failed with exit code: 255", "failed", "without a message (exit code 255)"),
        ("ERROR", "Job failed with exit code: 139", "failed", "without a message (SIGSEGV)"),
        ("ERROR", "Job failed with exit code: 137", "interrupted", ""),
        ("CANCELED", None, "stopped", "Stopped in Hugging Face Jobs. Everything up to the last checkpoint"),
        ("ERROR", "Job timeout", "running", ""),
    ],
)
def test_what_the_end_of_a_job_means(queue, hub, stage, message, state, says):
    run = begin(queue)
    hub.jobs[0]["status"] = {"stage": stage, "message": message}
    queue.tick()
    assert run.state == state
    assert says in run.message
    if state == "running":
        assert run.handle.attempt == 2
        notes = [line["note"] for line in run.lines() if "note" in line]
        assert notes[-1].startswith("Its job ended (ERROR: Job timeout). Attempt 2 of 3 continues")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ({"step": 0}, "Stopped before it started."),
        ({"step": 3}, "Stopped before a further step; its progress is kept, and Resume continues."),
        ({"done": 0.5}, "Stopped before a further step; its progress is kept, and Resume continues."),
    ],
)
def test_a_stop_cancels_a_job_that_waits(queue, hub, line, message):
    run = begin(queue)
    run.log(line)
    queue.stop(run)
    assert (run.state, run.message) == ("stopped", message)
    assert hub.jobs[0]["status"]["stage"] == "CANCELED"


def test_a_hub_that_does_not_answer_makes_a_run_unreachable(queue, hub, launcher, monkeypatch):
    """Without the pauses of huggingface_hub between its six attempts, 23 seconds together."""
    monkeypatch.setattr(_http, "time", SimpleNamespace(sleep=lambda seconds: None))
    run = begin(queue)
    good, launcher.api = launcher.api, HfApi("http://127.0.0.1:9", token=TOKEN)
    queue.tick()
    assert run.state == "unreachable"
    assert run.whereabouts.startswith("The Hub does not answer (")
    launcher.api = good
    queue.tick()
    assert run.state == "running"


def test_a_question_that_the_hub_refuses_fails_no_run(queue, hub):
    run = begin(queue)
    hub.refuses_questions = 400
    queue.tick()
    assert run.state == "unreachable"
    hub.refuses_questions = 0
    queue.tick()
    assert run.state == "running"


def test_an_owner_without_credits_is_told_so(queue, hub):
    hub.refuses = 402
    run = begin(queue)
    assert run.state == "failed"
    assert "the owner of 'clinic/runs' has none left to start a job with" in run.message


def test_the_price_is_told_before(launcher):
    launcher.check()
    assert launcher.price() == (
        "Runs train on Nvidia T4 - small as Hugging Face Jobs. The owner of this page pays $0.40 an hour, by the "
        "minute, from the start of the machine until the model is saved."
    )


def refusal(launcher, kind=RunError):
    with pytest.raises(kind) as caught:
        launcher.check()
    assert str(caught.value).endswith(f" {LOCAL}")
    return str(caught.value)


def test_each_fault_is_said_in_a_sentence(hub, settings):
    api = HfApi(hub.address, token=TOKEN)
    for change, says in [
        (
            {"hf_flavor": ""},
            "MLM_DEMO_HF_FLAVOR is not set; set it to the hardware of a run, such as t4-small.",
        ),
        ({"hf_bucket": ""}, "MLM_DEMO_HF_BUCKET is not set; set it to the bucket that is mounted"),
        (
            {"hf_flavor": "abacus"},
            "'abacus', which Hugging Face Jobs do not offer; choose one of cpu-basic, t4-s",
        ),
    ]:
        assert says in refusal(HubJobsLauncher(replace(settings, **change), api, "clinic/page"))
    assert "MLM_DEMO_HF_IMAGE is not set" in refusal(HubJobsLauncher(settings, api, ""))
    wrong = HubJobsLauncher(settings, HfApi(hub.address, token="wrong"), "clinic/page")
    assert "refuses the token of this page (401); set HF_TOKEN" in refusal(wrong, UnreachableError)
    none = HubJobsLauncher(settings, HfApi(hub.address), "clinic/page")
    assert "HF_TOKEN is not set; set it to a token that may start jobs" in refusal(none)


def test_a_run_from_the_queue_to_a_model_by_a_job_that_really_runs(hub, settings, launcher, tiny, tmp_path):
    hub.starts = True
    service = RunService(replace(settings, device="cpu", hf_flavor="cpu-basic"))
    service.queue.launcher = launcher
    service.queue.environment |= {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    (tmp_path / "bees.txt").write_text(corpus_text())
    config = AdaptConfig(max_steps=2, batch_size=2, block_size=32)
    draft = service.staging.add([tmp_path / "bees.txt"])
    run = service.start(draft, AdaptRequest(config, tiny), "somebody")
    until(lambda: service.queue.tick() or run.has_ended, 120, lambda: (run.state, run.whereabouts, hub.jobs))
    assert (run.state, run.message) == ("done", "")
    assert (run.output / "result.json").exists()
