import json
import os
import shutil
import subprocess
import sys
import time

import pytest

from mlm_demo.errors import RunError
from mlm_demo.runs.run import Run, input_files
from mlm_demo.runs.store import RunStore
from mlm_demo.system import locks
from tests.support.runs import until


def no_files(run):
    return []


@pytest.fixture
def runs(tmp_path):
    return RunStore(tmp_path / "runs")


@pytest.fixture
def work():
    """A function that starts a process in place of a run's worker: it holds the lock and is recorded."""
    children = []

    def work(run):
        lock = locks.take(run.lock)
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], pass_fds=[lock])
        os.close(lock)
        children.append(child)
        run.mark_started(child.pid)
        return child

    yield work
    for child in children:
        child.kill()
        child.wait()


def test_a_run_goes_through_its_states(runs, work):
    run = runs.create(no_files, title="bees", owner="me")
    assert run.state == "waiting"
    process = work(run)
    assert run.state == "running"
    run.ask_to_stop()
    assert run.state == "stopping"
    run.finish("stopped", "Stopped at step 3.")
    assert (run.state, run.message) == ("stopped", "Stopped at step 3.")
    process.kill()
    run.requeue()
    assert (run.state, run.message) == ("waiting", "")
    run.finish("done")
    with pytest.raises(RunError, match=f"The run {run.id} is done, so it cannot be resumed"):
        run.requeue()


def test_a_run_whose_process_was_killed_is_interrupted(runs, work):
    run = runs.create(no_files, title="bees")
    work(run).kill()  # it stays a zombie, as nobody waits for it
    until(lambda: run.state == "interrupted")
    run.requeue()
    assert run.state == "waiting"


def test_a_process_with_the_pid_of_a_dead_worker_is_not_the_worker(runs):
    run = runs.create(no_files, title="bees")
    run.mark_started(os.getpid())
    assert run.state == "interrupted"


def test_a_worker_that_does_not_exit_keeps_its_run_from_being_resumed(runs, work, monkeypatch):
    monkeypatch.setattr("mlm_demo.runs.run.SECONDS_TO_EXIT", 0.1)
    run = runs.create(no_files, title="bees")
    work(run)
    run.finish("stopped")
    with pytest.raises(RunError, match="has not exited yet; try again in a moment"):
        run.requeue()
    assert run.state == "stopped"


def test_the_log_is_read_from_where_one_was(runs):
    run = runs.create(no_files, title="bees")
    assert list(run.lines()) == []
    for step in range(3):
        run.log({"step": step, "guess": "naïve"})
    with (run.folder / "log.jsonl").open("ab") as file:
        file.write(b'{"step": 3, "gu')  # the power went
    assert [line["step"] for line in run.lines()] == [0, 1, 2]
    assert [line["step"] for line in run.lines(after=2)] == [2]


@pytest.mark.parametrize(("torn", "read"), [(b'{"step": 0, "gu', {}), (b'{"step": 0}', {"step": 0})])
def test_a_line_after_one_that_was_cut_off_is_a_line_of_its_own(runs, torn, read):
    run = runs.create(no_files, title="bees")
    (run.folder / "log.jsonl").write_bytes(torn)
    run.log({"at": 0, "step": 1})
    assert list(run.lines()) == [read, {"at": 0, "step": 1}]


def test_a_run_is_its_owners_and_the_secret_is_not_kept(runs):
    mine, _other, nobodys = (runs.create(no_files, title="bees", owner=owner) for owner in ("me", "you", ""))
    assert [run.id for run in runs.owned_by("me")] == [mine.id]
    assert runs.owned_by("") == []
    assert runs.find(nobodys.id).request.title == "bees"
    assert '"me"' not in (mine.folder / "run.json").read_text()


@pytest.mark.parametrize("id", ["", "..", "../x", "nothing", "/etc", ".", "a\0b"])
def test_an_unknown_run_is_refused(runs, id):
    runs.create(no_files, title="bees")
    with pytest.raises(RunError, match="There is no run"):
        runs.find(id)


def test_input_stays_as_long_as_the_run_can_be_resumed(runs):
    for state, kept in (("done", False), ("failed", True), ("stopped", True)):
        run = runs.create(no_files, title="bees")
        (run.input / "a.txt").write_text("text")
        run.finish(state)
        assert run.input.exists() is kept


def test_files_that_a_run_keeps_are_deleted_after_a_day(runs):
    run = runs.create(lambda run: [write_file(run.input / "a.txt")], title="bees")
    run.finish("done", keeps_files=True)
    assert [path.name for path in run.files] == ["a.txt"]
    runs.sweep(30)
    assert run.input.exists()
    yesterday = time.time() - 90_000
    os.utime(run.folder / "ended.json", (yesterday, yesterday))
    runs.sweep(30)
    assert not run.input.exists()
    assert (run.state, run.files) == ("done", [])


def write_file(path):
    path.write_text("text")
    return path


def test_only_a_run_at_rest_is_deleted(runs, work):
    run = runs.create(no_files, title="bees")
    work(run)
    with pytest.raises(RunError, match="is running; stop it before you delete it"):
        run.delete()
    run.finish("stopped")
    run.delete()
    assert runs.all() == []


def test_an_incomplete_folder_is_not_a_run(runs):
    run = runs.create(no_files, title="bees")
    half = Run(run.folder.with_name("half"))
    half.input.mkdir(parents=True)
    (half.folder / "run.json.77.part").write_text(json.dumps({"id": "half"}))
    assert [found.id for found in runs.all()] == [run.id]


def test_a_run_that_cannot_be_read_costs_no_other(runs):
    kept, cut, odd = (runs.create(no_files, title=str(number), owner="me") for number in range(3))
    (cut.folder / "run.json").write_text('{"id": ')
    (odd.folder / "run.json").write_text('{"colour": "blue"}')
    assert [run.id for run in runs.all()] == [kept.id]
    assert [run.id for run in runs.owned_by("me")] == [kept.id]
    with pytest.raises(RunError, match=rf"The file run\.json of the run {odd.id} cannot be read"):
        assert odd.request
    runs.sweep(30)
    assert cut.folder.is_dir(), "it may be mended"


def test_ids_have_128_bits(runs):
    ids = {runs.create(no_files, title="").id for _ in range(20)}
    assert len(ids) == 20
    assert all(len(id) == 32 and int(id, 16) for id in ids)


def test_the_files_can_be_listed_while_they_are_deleted(tmp_path, monkeypatch):
    """As a page does that asks about a run at the moment when it ends."""
    (tmp_path / "input" / "0").mkdir(parents=True)
    (tmp_path / "input" / "0" / "a.txt").touch()
    scandir = os.scandir

    def delete_and_scan(folder):
        if str(folder).endswith("/0"):
            shutil.rmtree(tmp_path / "input")
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", delete_and_scan)
    assert input_files(tmp_path / "input") == []
    assert not (tmp_path / "input").exists()
