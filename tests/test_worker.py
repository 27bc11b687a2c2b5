import json
import os
import random
import signal
import subprocess
import time
from contextlib import suppress

import pytest
from tiny_models import SENTENCES, save_tiny

from mlm_demo.cli import main
from mlm_demo.jobs import Jobs
from mlm_demo.loader import load_folder
from mlm_demo.runs import Runs

WORDS = " ".join(SENTENCES).replace(".", "").lower().split()
TEXTS = [" ".join(random.Random(i).choices(WORDS, k=40)) + "." for i in range(40)]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return str(save_tiny(tmp_path_factory.mktemp("model") / "tiny"))


@pytest.fixture
def jobs(tmp_path):
    environment = {"MLM_DEMO_DATA": str(tmp_path), "MLM_DEMO_DEVICE": "cpu", "OMP_NUM_THREADS": "1"}
    jobs = Jobs(Runs(tmp_path / "runs"), environment=environment)
    yield jobs
    for run in jobs.runs.all():
        if run.state in ("running", "stopping"):
            os.kill(run.worker["pid"], signal.SIGKILL)


@pytest.fixture
def start(jobs, model):
    """A function that starts an adaptation of so many steps in the background."""

    def start(steps, text=None):
        run = jobs.runs.create(lambda run: words(run, steps, text or "\n\n".join(TEXTS)), title="bees")
        jobs.tick()
        return run

    def words(run, steps, text):
        (run.input / "a.txt").write_text(text)
        given = [str(run.input / "a.txt"), "--output", str(run.output), "--run", run.id, "--model", model]
        settings = ["--max-steps", str(steps), "--batch-size", "4", "--block-size", "32"]
        return ["-m", "mlm_demo", "adapt", *given, *settings]

    return start


def until(condition, run, seconds=90):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, (run.state, run.message, list(run.lines())[-3:])
        time.sleep(0.05)


def at_step(run, step):
    return lambda: any(line.get("step", 0) >= step for line in run.lines())


def test_a_run_tells_how_it_goes_and_leaves_a_model(start, jobs, capsys, monkeypatch):
    run = start(6)
    until(lambda: run.state not in ("waiting", "running"), run)
    assert (run.state, run.message) == ("done", "")
    lines = list(run.lines())
    assert [line["report"]["files"] for line in lines if "report" in line] == [1]
    assert [line["step"] for line in lines if "loss" in line] == [1, 2, 3, 4, 5, 6]
    followed = [[answer["term"] for answer in line["followed"]] for line in lines if "followed" in line]
    assert len(followed) > 3
    assert all(terms == followed[0] for terms in followed)
    assert load_folder(run.output, "adapted", device="cpu").model.num_parameters() > 0
    assert not run.input.exists(), "the corpus goes when the run is done"
    monkeypatch.setenv("MLM_DEMO_DATA", str(jobs.runs.folder.parent))
    assert main(["runs"]) == 0
    assert capsys.readouterr().out.startswith(f"{run.id}  ")
    assert main(["runs", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["state"] == "done"


def test_a_stopped_run_keeps_what_it_learned_and_goes_on(start, jobs):
    run = start(5_000)
    until(at_step(run, 3), run)
    jobs.stop(run)
    until(lambda: run.state == "stopped", run)
    assert "what was learned is kept" in run.message
    assert load_folder(run.output, "adapted", device="cpu")
    stopped_at = json.loads((run.output / "result.json").read_text())["training"]["steps"]
    jobs.resume(run)
    until(at_step(run, stopped_at + 2), run)
    jobs.stop(run)
    until(lambda: run.state == "stopped", run)
    assert json.loads((run.output / "result.json").read_text())["training"]["steps"] > stopped_at


def test_a_killed_run_goes_on_from_its_last_checkpoint(start, jobs):
    run = start(64)
    until(at_step(run, 17), run)  # a checkpoint is made every eighth step
    os.kill(run.worker["pid"], signal.SIGKILL)
    until(lambda: run.state == "interrupted", run)
    seen = len(list(run.lines()))
    jobs.resume(run)
    until(lambda: run.state == "done", run)
    again = [line["step"] for line in run.lines(after=seen) if "loss" in line]
    assert again[0] in (9, 17)
    assert again[-1] == 64


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 8 MB; making one takes a right that not everybody has."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(disk)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("a small file system cannot be mounted here")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def test_a_full_disk_ends_the_run_with_a_sentence(small_disk, jobs, start):
    jobs.runs.folder = small_disk / "runs"
    jobs.environment["MLM_DEMO_DATA"] = str(small_disk)
    run = start(5_000)
    until(at_step(run, 1), run)
    with suppress(OSError), (small_disk / "filler").open("wb", buffering=0) as filler:
        while True:
            filler.write(bytes(4096))
    until(lambda: run.state == "failed", run)
    assert "cannot be written (No space left on device); make room" in run.message


def test_a_corpus_that_is_none_ends_the_run_with_a_sentence(start):
    run = start(6, text="Too little.")
    until(lambda: run.state == "failed", run)
    assert run.message.startswith("The corpus holds 2 words of text")
