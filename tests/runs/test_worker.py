import json
import os
import signal
import subprocess
import threading
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from mlm_demo.cli.main import command_line, main
from mlm_demo.models.loader import load_folder
from mlm_demo.runs.worker import work
from tests.support.packed_files import pdf
from tests.support.runs import corpus_text, until


@pytest.fixture
def queue(service):
    return service.queue


@pytest.fixture
def start(queue, tiny):
    """A function that starts an adaptation of so many steps in the background."""

    def start(steps, text=None):
        run = queue.runs.create(lambda run: words(run, steps, text or corpus_text()), title="bees")
        queue.tick()
        return run

    def words(run, steps, text):
        (run.input / "a.txt").write_text(text)
        given = [str(run.input / "a.txt"), "--output", str(run.output), "--run", run.id, "--model", tiny]
        settings = ["--max-steps", str(steps), "--batch-size", "4", "--block-size", "32"]
        return ["-m", "mlm_demo", "adapt", *given, *settings]

    return start


def reached(run, condition):
    until(condition, tell=lambda: (run.state, run.message, list(run.lines())[-3:]))


def at_step(run, step):
    return lambda: any(line.get("step", 0) >= step for line in run.lines())


def test_a_run_tells_how_it_goes_and_leaves_a_model(start, queue, capsys, monkeypatch):
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
    assert not run.input.exists(), "the corpus goes when the run is done"
    monkeypatch.setenv("MLM_DEMO_DATA", str(queue.runs.folder.parent))
    assert main(["runs"]) == 0
    assert capsys.readouterr().out.startswith(f"{run.id}  ")
    assert main(["runs", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["state"] == "done"


def test_a_stopped_run_keeps_what_it_learned_and_goes_on(start, queue):
    run = start(5_000)
    reached(run, at_step(run, 3))
    queue.stop(run)
    reached(run, lambda: run.state == "stopped")
    assert "what was learned is kept" in run.message
    assert load_folder(run.output, "adapted", device="cpu")
    stopped_at = json.loads((run.output / "result.json").read_text())["training"]["steps"]
    queue.resume(run)
    reached(run, at_step(run, stopped_at + 2))
    queue.stop(run)
    reached(run, lambda: run.state == "stopped")
    assert json.loads((run.output / "result.json").read_text())["training"]["steps"] > stopped_at


@pytest.fixture
def slow_pdf():
    """A PDF whose one page takes minutes to go through and says nothing."""
    return pdf([""] * 1_500_000)


def started(queue, tiny, data, before="pass", name="a.pdf"):
    def words(run):
        (run.input / name).write_bytes(data)
        given = [str(run.input / name), "--output", str(run.output), "--run", run.id, "--model", tiny]
        given = ["adapt", *given, "--max-steps", "5"]
        modules = "adaptation_command, cli, memory_limit, worker"
        return ["-c", f"from mlm_demo import {modules}; {before}; cli.main({given!r})"]

    run = queue.runs.create(words, title="slow")
    queue.tick()
    return run


def test_a_run_is_stopped_while_its_files_are_read(queue, tiny, slow_pdf):
    run = started(queue, tiny, slow_pdf)
    files = Path(f"/proc/{run.worker['pid']}/fd")
    until(lambda: any(str(file.resolve()).endswith("a.pdf") for file in files.iterdir()))
    queue.stop(run)
    until(lambda: run.state == "stopped", 20, lambda: run.state)
    assert run.message == "Stopped before the training; Resume goes on."


def test_a_run_whose_files_take_too_long_to_read_ends_with_a_sentence(queue, tiny, slow_pdf):
    run = started(queue, tiny, slow_pdf, "worker.READING_SECONDS = 2")
    until(lambda: run.state == "failed", 30, lambda: run.state)
    assert run.message.startswith("Reading the files took longer than")


def test_a_killed_run_goes_on_from_its_last_checkpoint(start, queue):
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


def test_a_full_disk_ends_the_run_with_a_sentence(small_disk, queue, start):
    queue.runs.folder = small_disk / "runs"
    queue.environment["MLM_DEMO_DATA"] = str(small_disk)
    run = start(5_000)
    reached(run, at_step(run, 1))
    with suppress(OSError), (small_disk / "filler").open("wb", buffering=0) as filler:
        while True:
            filler.write(bytes(4096))
    reached(run, lambda: run.state == "failed")
    assert "cannot be written (No space left on device); make room" in run.message


def test_a_corpus_that_is_none_ends_the_run_with_a_sentence(start):
    run = start(6, text="Too little.")
    reached(run, lambda: run.state == "failed")
    assert run.message.startswith("The corpus holds 2 words of text")


def test_a_run_longer_than_one_may_be_here_is_stopped_and_keeps_what_it_learned(service, draft, choices):
    service.queue.starts = False
    run = service.start(draft(), choices(100_000), "me")
    options = command_line().parse_args(run.request.command[2:])
    thread = threading.Thread(target=work, args=(options, replace(service.settings, max_run_minutes=0.1)))
    run.mark_started(os.getpid())
    thread.start()
    thread.join(90)
    assert run.state == "stopped"
    assert run.message.startswith("The longest time that a run may take here")
    assert "what was learned is kept, and Resume goes on" in run.message
    assert load_folder(run.output, "adapted", device="cpu").model.num_parameters() > 0


def test_a_run_that_takes_more_memory_than_it_may_ends_with_a_sentence(queue, tiny):
    limit = "adaptation_command.limit_memory = lambda megabytes: memory_limit.limit_memory(120)"
    run = started(queue, tiny, corpus_text(texts=60_000).encode(), limit, name="a.txt")

    def over():
        queue.tick()  # tells what a library did to the worker that could not tell itself
        return run.state not in ("waiting", "running")

    reached(run, over)
    assert run.state == "failed"
    assert "memory" in run.message.lower(), run.message
    assert "\n" not in run.message
