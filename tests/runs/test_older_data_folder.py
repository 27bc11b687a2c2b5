"""A data folder that version 0.1.0 wrote: listed, shown, served, resumed and started by this version."""

import json
import shutil
import zipfile
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from mlm_demo.inference.engine import Engine
from mlm_demo.runs.adapted_models import catalogue_of
from mlm_demo.runs.data_folder import check_version
from mlm_demo.runs.service import RunService, result_of
from mlm_demo.settings import Settings
from mlm_demo.training.checkpoints import last_checkpoint, step_of
from mlm_demo.web.adapt.my_runs import my_runs
from mlm_demo.web.adapt.run_state import adapt_command, run_state
from mlm_demo.web.identity import browser_secret
from mlm_demo.web.server.downloads import add_downloads, download_address
from tests.support.runs import kill_workers, until

KEPT = Path(__file__).parent / "data_folder_of_0_1_0"
OWNER = "the-secret-of-one-browser"


@pytest.fixture
def older(tmp_path):
    """A copy of the folder with its runs and drafts; no run starts before a test starts it."""
    data, base = tmp_path / "data", tmp_path / "base"
    shutil.copytree(KEPT / "folder", data)
    shutil.copytree(KEPT / "base", base)
    for path in [*data.rglob("*.json*"), *data.rglob("*.md")]:
        path.write_text(path.read_text().replace("@DATA@", str(data)).replace("@BASE@", str(base)))
    check_version(data)
    found = RunService(Settings(device="cpu", data=str(data)))
    found.queue.environment["OMP_NUM_THREADS"] = "1"
    found.queue.starts = False
    yield found
    kill_workers(found.runs)


@pytest.fixture
def run_in(older):
    """A function that returns the run of a state."""
    return lambda state: next(run for run in older.runs.all() if run.state == state)


def end_of(run):
    """Wait until an active run ends; return its result."""
    until(
        lambda: run.state not in ("waiting", "running"),
        message=lambda: (run.state, run.message, list(run.lines())[-3:]),
    )
    assert run.state == "done", run.message
    return result_of(run).to_json()


def test_its_runs_are_listed_and_still_their_owners(older):
    listed = [(run.request.title, run.state) for run in older.runs.owned_by(OWNER)]
    assert listed == [
        ("flies.txt", "waiting"),
        ("ants.txt", "failed"),
        ("wasps.txt", "stopped"),
        ("bees.txt", "done"),
    ]
    html = my_runs(older.runs.owned_by(OWNER), 14)
    assert "base, 8 steps" in html
    assert " → " in html
    assert older.runs.owned_by("somebody else") == []
    assert browser_secret(older.settings) == (KEPT / "folder" / "browser.key").read_text()


def test_its_draft_is_still_there(older):
    (draft,) = older.staging.folder.iterdir()
    assert older.staging.names(draft.name) == ["moths.txt"]


def test_its_result_is_shown(older, run_in):
    run = run_in("done")
    seen = run_state(older, run, OWNER)
    assert seen.actions == {"use", "teach", "ask", "delete", "push"}
    assert "erplexity on held-out text of the domain" in seen.progress
    assert "Training ended" not in seen.progress, "it does not say why"
    assert "<svg" in seen.progress + seen.result
    assert "Verdict: too small" in seen.corpus
    assert "Exam of " in seen.result
    assert adapt_command(run).startswith("python -m mlm_demo adapt bees.txt --model ")
    status = older.status(run)
    assert (status["state"], status["step"], status["of"]) == ("done", 8, 8)
    assert status["figures"]["domain"]["after"]["loss"]["value"] > 0
    assert status["report"]["files"] == 1


def test_its_model_fills_masks(older, run_in):
    run = run_in("done")
    assert catalogue_of(older.settings).find(run.id).kind == "adapted"
    engine = Engine(older.settings, catalogue_of(older.settings))
    (found,) = engine.fill_mask("The patient was [MASK].", model=run.id, top_k=3)["masks"]
    assert [answer["word"] for answer in found] == ["##ox", "jumping", "lazy"]
    assert [answer["score"] for answer in found] == pytest.approx([0.0770, 0.0547, 0.0448], rel=0.05)


def test_its_model_is_downloaded(older, run_in, tmp_path):
    app = FastAPI()
    add_downloads(app, older)
    answer = TestClient(app).get(f"/{download_address(run_in('done'), older.settings)}")
    assert answer.status_code == 200
    (tmp_path / "model.zip").write_bytes(answer.content)
    names = {Path(name).name for name in zipfile.ZipFile(tmp_path / "model.zip").namelist()}
    assert {"config.json", "model.safetensors", "tokenizer.json", "README.md", "result.json"} <= names


def test_its_stopped_run_is_resumed_to_its_end(older, run_in):
    run = run_in("stopped")
    seen = run_state(older, run, OWNER)
    assert seen.actions == {"resume", "delete", "use", "teach", "ask", "push", "search"}
    assert "what was learned is kept" in seen.progress
    before, checkpoint, logged = result_of(run).to_json(), last_checkpoint(run.output), len(list(run.lines()))
    assert before["training"]["steps"] == step_of(checkpoint)
    kept = json.loads((checkpoint / "trainer_state.json").read_text())["stateful_callbacks"]
    assert "Patience" in kept
    older.queue.starts = True
    older.queue.resume(run)
    after = end_of(run)
    assert after["training"]["steps"] == after["training"]["planned"] == before["training"]["planned"]
    assert after["training"]["ended"] == "budget"
    assert after["training"]["best_step"] > 0
    assert after["curve"][: len(before["curve"])] == before["curve"]
    steps = [line["step"] for line in run.lines(after=logged) if "loss" in line]
    assert steps == list(range(step_of(checkpoint) + 1, after["training"]["planned"] + 1))
    assert not (run.output / "checkpoints").exists()


def test_its_waiting_run_is_started(older, run_in):
    run = run_in("waiting")
    older.queue.starts = True
    older.queue.tick()
    result = end_of(run)
    assert result["training"]["steps"] == 8
    assert (result["config"]["mlm_probability"], result["config"]["schedule"]) == (0.15, "linear"), "as then"


def test_its_failed_run_says_why_and_can_be_tried_again(older, run_in):
    run = run_in("failed")
    assert run.message.startswith("The corpus holds 2 words of text")
    assert run_state(older, run, OWNER).actions == {"resume", "delete"}
    older.queue.resume(run)
    assert run.state == "waiting"
    assert [path.name for path in run.input.rglob("*.txt")] == ["ants.txt"]
