import json
import os
import signal
import subprocess
import threading
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path

import pytest

from mlm_demo.cli.main import main
from mlm_demo.errors import TrainingError
from mlm_demo.models.loader import load_folder
from mlm_demo.runs import worker
from mlm_demo.runs.child_process import launch as launch_process
from mlm_demo.runs.run import Run
from mlm_demo.runs.tasks.adapt import AdaptRequest
from mlm_demo.runs.worker import work
from mlm_demo.training.config import AdaptConfig
from tests.support.counter import launch_counter
from tests.support.packed_files import pdf
from tests.support.runs import corpus_text, until

# A worker that fails if it reads the files, packs the training part or measures a step.
NOTHING_AGAIN = """
from mlm_demo.training import dataset, prepare, train
def again(*_, **__):
    raise AssertionError("it is made again")
prepare.read_corpus = dataset.make_blocks = train.masked_lm_step_time = again
from mlm_demo.training import corpus_report
corpus_report.make_report = again
"""

# A worker that judges the base model for minutes.
NEVER_JUDGED = """
import time
from mlm_demo.training import judge
judge.Judge.__init__ = lambda *_: time.sleep(600)
"""

# A worker that judges the adapted model for minutes.
SLOW_EVALUATION = """
import time
from mlm_demo.training import judge
judge.Judge.choosing_losses = lambda _: time.sleep(600)
"""


@pytest.fixture
def queue(service):
    return service.queue


@pytest.fixture
def start(service, draft, choices):
    """A function that starts an adaptation of a number of steps in the background."""

    def start(steps, *texts, name="bees.txt"):
        return service.start(draft(*texts, name=name), choices(steps), "me")

    return start


def reached(run, condition):
    until(condition, message=lambda: (run.state, run.message, list(run.lines())[-3:]))


def at_step(run, step):
    return lambda: any(line.get("step", 0) >= step for line in run.lines())


def test_a_run_logs_its_progress_and_leaves_a_model(start, queue, capsys, monkeypatch):
    queue.launcher.launch = launch_process  # as a server does, and not the fork server of the tests
    run = start(6)
    reached(run, lambda: run.state not in ("waiting", "running"))
    assert (run.state, run.message) == ("done", "")
    lines = list(run.lines())
    assert [line["report"]["files"] for line in lines if "report" in line] == [1]
    assert [line["step"] for line in lines if "loss" in line] == [1, 2, 3, 4, 5, 6]
    followed = [[answer["term"] for answer in line["followed"]] for line in lines if "followed" in line]
    assert len(followed) > 3
    assert all(terms == followed[0] for terms in followed)
    assert load_folder(run.output, "adapted", device="cpu").model.num_parameters() > 0
    assert [path.name for path in run.input.iterdir()] == ["0"], (
        "the files stay for a day, what was made of them not"
    )
    monkeypatch.setenv("MLM_DEMO_DATA", str(queue.runs.folder.parent))
    assert main(["runs"]) == 0
    assert capsys.readouterr().out.startswith(f"{run.id}  ")
    assert main(["runs", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["state"] == "done"


def test_a_stopped_run_keeps_its_progress_and_resumes(start, queue):
    run = start(5_000)
    reached(run, at_step(run, 3))
    queue.stop(run)
    reached(run, lambda: run.state == "stopped")
    assert "Progress is kept" in run.message
    assert load_folder(run.output, "adapted", device="cpu")
    stopped_at = json.loads((run.output / "result.json").read_text())["training"]["steps"]
    queue.resume(run)
    reached(run, at_step(run, stopped_at + 2))
    queue.stop(run)
    reached(run, lambda: run.state == "stopped")
    assert json.loads((run.output / "result.json").read_text())["training"]["steps"] > stopped_at


def test_a_run_that_is_stopped_before_training_judges_nothing_and_resumes(start, queue, fork_server):
    queue.launcher.launch = fork_server.after(NEVER_JUDGED)
    run = start(6)
    reached(run, lambda: any("base model" in line.get("stage", "") for line in run.lines()))
    queue.stop(run)
    reached(run, lambda: run.state == "stopped")
    assert run.message == "Stopped before training; Resume continues."
    queue.launcher.launch = fork_server.launch
    queue.resume(run)
    reached(run, lambda: run.state not in ("waiting", "running"))
    assert (run.state, run.message) == ("done", "")


def test_a_resumed_run_that_is_stopped_before_its_next_step_has_still_trained(start, queue, fork_server):
    run = start(5_000)
    reached(run, at_step(run, 2))
    queue.stop(run)
    reached(run, lambda: run.state == "stopped")
    before = len(list(run.lines()))
    queue.launcher.launch = fork_server.after(NEVER_JUDGED)
    queue.resume(run)
    reached(
        run, lambda: any("base model" in line.get("stage", "") for line in islice(run.lines(), before, None))
    )
    queue.stop(run)
    reached(run, lambda: run.state == "stopped")
    assert run.message == "Stopped before a further step; its progress is kept, and Resume continues."


@pytest.mark.parametrize("asked", [Run.ask_to_skip, Run.ask_to_delete])
def test_the_evaluation_of_a_stopped_run_is_skipped(start, queue, fork_server, asked):
    queue.launcher.launch = fork_server.after(SLOW_EVALUATION)
    run = start(5_000)
    reached(run, at_step(run, 2))
    queue.stop(run)
    reached(run, lambda: any(line.get("phase") == "after" for line in run.lines()))
    assert run.state == "stopping"
    asked(run)
    reached(run, lambda: run.state == "stopped")
    assert run.message == "Stopped without an evaluation, so there is no new model; Resume continues."
    if asked == Run.ask_to_delete:
        until(lambda: not queue.tick() and not queue.runs.has(run.id))
        return
    assert not (run.output / "result.json").exists()
    stopped_at = max(line.get("step", 0) for line in run.lines())
    queue.launcher.launch = fork_server.launch
    queue.resume(run)
    reached(run, at_step(run, stopped_at + 2))
    queue.stop(run)
    reached(run, lambda: run.state == "stopped")
    assert json.loads((run.output / "result.json").read_text())["training"]["steps"] > stopped_at


@pytest.fixture(scope="module")
def slow_pdf():
    """A PDF whose only page takes minutes to parse and has no text."""
    return pdf([""] * 1_500_000)


@pytest.fixture
def start_file(service, choices, tmp_path):
    """A function that starts an adaptation to a file in the background."""

    def start_file(data, name):
        (tmp_path / name).write_bytes(data)
        return service.start(service.staging.add([tmp_path / name]), choices(5), "me")

    return start_file


@pytest.mark.parametrize(("epochs", "state"), [(500, "failed"), (0.1, "done")])
def test_epochs_are_held_against_the_limit_on_steps(service, draft, tiny, epochs, state, judged_on_little):
    service.queue.starts = False
    request = AdaptRequest(AdaptConfig(epochs=epochs, batch_size=4, block_size=32), tiny)
    run = service.start(draft(), request, "me")
    with suppress(TrainingError):
        work(run, replace(service.settings, max_run_steps=10))
    assert run.state == state
    assert ("; the limit is 10. Choose less." in run.message) is (state == "failed")


def test_a_run_is_stopped_while_its_files_are_read(queue, start_file, slow_pdf):
    run = start_file(slow_pdf, "a.pdf")
    files = Path(f"/proc/{run.worker['pid']}/fd")
    until(lambda: any(str(file.resolve()).endswith("a.pdf") for file in files.iterdir()))
    queue.stop(run)
    until(lambda: run.state == "stopped", 20, lambda: run.state)
    assert run.message == "Stopped before training; Resume continues."


def test_a_run_whose_files_take_too_long_to_read_ends_with_a_message(
    queue, start_file, slow_pdf, fork_server
):
    queue.launcher.launch = fork_server.after(
        "from mlm_demo.runs.tasks import task; task.READING_SECONDS = 0.2"
    )
    run = start_file(slow_pdf, "a.pdf")
    until(lambda: run.state == "failed", 30, lambda: run.state)
    assert run.message.startswith("Reading the files took more than")


def test_a_killed_run_continues_from_its_last_checkpoint(start, queue):
    run = start(64)
    reached(run, at_step(run, 17))  # a checkpoint is made every eighth step
    os.kill(run.worker["pid"], signal.SIGKILL)
    reached(run, lambda: run.state == "interrupted")
    seen = len(list(run.lines()))
    queue.resume(run)
    reached(run, lambda: run.state == "done")
    again = [line["step"] for line in run.lines(after=seen) if "loss" in line]
    assert again[0] in (9, 17)
    assert again[-1] == 64


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 8 MB; skips the test if this user may not mount one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(disk)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("a small file system cannot be mounted here")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def test_a_full_disk_ends_the_run_with_a_message(small_disk, queue, start):
    queue.runs.folder = small_disk / "runs"
    queue.environment["MLM_DEMO_DATA"] = str(small_disk)
    run = start(200)  # logs each step, and meets the full disk soon
    reached(run, at_step(run, 1))
    with suppress(OSError), (small_disk / "filler").open("wb", buffering=0) as filler:
        while True:
            filler.write(bytes(4096))
    reached(run, lambda: run.state == "failed")
    assert "cannot be written (No space left on device); make room" in run.message


def test_a_corpus_that_is_too_small_ends_the_run_with_a_message(start):
    run = start(6, "Too little.")
    reached(run, lambda: run.state == "failed")
    assert run.message.startswith("The corpus holds 2 words of text")


def test_a_run_over_the_time_limit_is_stopped_and_keeps_its_progress(
    service, draft, choices, monkeypatch, judged_on_little
):
    monkeypatch.setattr(worker, "SECONDS_TO_BEGIN", 0)
    service.queue.starts = False
    run = service.start(draft(), choices(100_000), "me")
    thread = threading.Thread(target=work, args=(run, replace(service.settings, max_run_minutes=0.01)))
    thread.start()
    thread.join(90)
    assert run.state == "stopped"
    assert run.message.startswith("The time limit for runs")
    assert "Progress is kept, and Resume continues" in run.message
    assert load_folder(run.output, "adapted", device="cpu").model.num_parameters() > 0


# The worker takes no more than 120 MB; torch, which takes more, is not imported yet.
LIMITED = """
import sys
from mlm_demo.cli.main import main
from mlm_demo.system import memory
from mlm_demo.training import prepare
prepare.limit_memory = lambda megabytes: memory.limit_memory(120)
sys.exit(main(["work", sys.argv[1].rpartition("/")[2], "--lock", sys.argv[2]]))
"""


def test_a_run_over_the_memory_limit_ends_with_a_message(queue, start_file):
    queue.launcher.launch = partial(launch_counter, code=LIMITED)
    run = start_file(corpus_text(texts=60_000).encode(), "a.txt")

    def over():
        queue.tick()  # reports what a library did to the worker that could not report it
        return run.state not in ("waiting", "running")

    reached(run, over)
    assert run.state == "failed"
    assert "memory" in run.message.lower(), run.message
    assert "\n" not in run.message


def test_a_worker_reuses_the_parts_that_the_report_prepared(service, draft, choices, fork_server):
    """From the corpus to the time of a step; the only files opened are those of the cache."""
    draft = draft()
    report = service.report(draft, choices(6))
    service.queue.launcher.launch = fork_server.after(NOTHING_AGAIN)
    run = service.start(draft, choices(6), "me")
    reached(run, lambda: run.state not in ("waiting", "running"))
    assert run.state == "done", (run.message, (run.folder / "worker.log").read_text())
    logged = [line["report"] for line in run.lines() if "report" in line]
    assert logged == [{**report, "passages": []}], "the log outlives the files"
    assert report["passages"]
    assert "measuring the step time" not in [line.get("stage") for line in run.lines()]


def test_a_resumed_run_reuses_the_parts_of_its_first_worker(service, start, fork_server):
    run = start(5_000)
    reached(run, at_step(run, 1))
    service.queue.stop(run)
    reached(run, lambda: run.state == "stopped")
    service.queue.launcher.launch = fork_server.after(NOTHING_AGAIN)
    service.queue.resume(run)
    seen = len(list(run.lines()))
    reached(run, lambda: any("loss" in line for line in run.lines(after=seen)) or run.state == "failed")
    assert run.state == "running", (run.message, (run.folder / "worker.log").read_text())
    service.queue.stop(run)
    reached(run, lambda: run.state == "stopped")


@pytest.mark.parametrize("damage", [lambda data: data[: len(data) // 2], lambda data: b"x" + data[1:]])
def test_a_worker_prepares_damaged_parts_again(service, draft, choices, damage):
    draft = draft()
    report = service.report(draft, choices(3))
    for path in service.staging.prepared(draft).iterdir():
        if path.suffix != ".json":
            path.write_bytes(damage(path.read_bytes()))
    run = service.start(draft, choices(3), "me")
    reached(run, lambda: run.state not in ("waiting", "running"))
    assert run.state == "done", run.message
    (again,) = [line["report"] for line in run.lines() if "report" in line]
    assert again == {**report, "passages": []}
