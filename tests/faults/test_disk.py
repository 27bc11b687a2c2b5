"""A disk that fills up at each write of a run, and a read-only data folder."""

import os
import re
import time
from functools import partial

import pytest
from gradio_client.exceptions import AppError

from mlm_demo.errors import RunError
from mlm_demo.models.loader import load_folder
from mlm_demo.runs.launchers.local import LocalLauncher
from mlm_demo.runs.queue import RunQueue
from mlm_demo.runs.service import RunService
from mlm_demo.runs.staging import Staging
from mlm_demo.runs.store import RunStore
from mlm_demo.runs.tasks.adapt import AdaptRequest
from mlm_demo.settings import Settings
from mlm_demo.training.config import AdaptConfig
from tests.support.counter import launch_counter
from tests.support.faults import ALONE, LONG, STEPS, assert_equal, made, remount, start_over_http, wait_for
from tests.support.nightly import some
from tests.support.runs import corpus_text, until

PAGE = 4096
# Room for a draft of 10 kB, for the run, for its log, for a checkpoint of 210 kB, for two, for the model: in pages.
SIZES = range(2, 180, 3) if LONG else (45, 110)
# As the worker, but for the time it takes.
WORKER = """
import sys
from pathlib import Path
from mlm_demo.errors import RunError
from mlm_demo.runs.run import Run
run = Run(Path(sys.argv[1]))
with run.working(int(sys.argv[2])):
    try:
        for step in range(40):
            run.log({"step": step, "said": "x" * 500})
        run.finish("done")
    except RunError as error:
        run.finish("failed", str(error))
"""


@pytest.mark.parametrize("pages", some(range(2, 48), 16))
def test_at_each_disk_size_the_queue_refuses_or_ends_a_run_and_continues(mount, tmp_path, pages):
    """Draft, reserve, run.json, worker.json, log, ended.json: one file after another meets the full disk."""
    disk = mount(f"{PAGE * pages}")
    staging, queue, file = (
        Staging(disk / "drafts", max_megabytes=1, max_files=100),
        RunQueue(RunStore(disk / "runs"), LocalLauncher(partial(launch_counter, code=WORKER))),
        tmp_path / "bees.txt",
    )
    file.write_text("x" * 3 * PAGE)

    def start():
        draft = staging.add([file])
        try:
            run = queue.runs.create(lambda run: staging.copy_to(draft, run.input), title="bees")
        except RunError:
            assert [path.stat().st_size for path in staging.files(draft)] == [3 * PAGE]
            raise
        queue.tick()
        return run

    run, message = None, ""
    try:
        run = start()
    except RunError as error:
        message = str(error)
    if run is None:
        assert queue.runs.all() == []
    else:
        wait_for(run, "done", "failed", "interrupted")
        message = run.message
        assert run.state == "done" or message
        assert [line.get("step", -1) for line in run.lines()] == list(range(len(list(run.lines()))))
    if message:
        assert "No space left on device" in message
        assert "\n" not in message
    remount(disk, "size=4m")
    if run is None:
        run = start()
    elif run.state == "failed":
        queue.resume(run)
    wait_for(run, "done", "failed", "interrupted")
    assert (run.state, run.message) == ("done", "")


@pytest.fixture(scope="module")
def whole(tiny, tmp_path_factory):
    """The result of the same run with enough room."""
    folder = tmp_path_factory.mktemp("whole")
    there = adaptations_on(folder / "data")
    run = start(there, folder, tiny)
    wait_for(run, "done", "failed")
    return made(run)


def adaptations_on(data):
    there = RunService(Settings(device="cpu", data=str(data)))
    there.queue.environment |= ALONE
    return there


def start(there, folder, tiny):
    (folder / "bees.txt").write_text(corpus_text())
    config = AdaptConfig(max_steps=STEPS, batch_size=4, block_size=32, learning_rate=1e-3)
    return there.start(there.staging.add([folder / "bees.txt"]), AdaptRequest(config, tiny), "me")


@pytest.mark.parametrize("pages", SIZES)
def test_a_run_on_a_full_disk_fails_with_a_message_and_finishes_once_there_is_room(
    mount, tmp_path, tiny, whole, pages
):
    disk = mount(f"{PAGE * pages}")
    there = adaptations_on(disk)
    run, message = None, ""
    try:
        run = start(there, tmp_path, tiny)
    except RunError as error:
        message = str(error)
    if run is None:
        assert "No space left on device" in message
        assert there.runs.all() == []
    else:
        wait_for(run, "done", "failed", "interrupted")
        status = there.status(run)
        assert (status["state"], "\n" in run.message) in {("failed", False), ("done", False)}
        if run.state == "failed":
            assert re.search(
                r"cannot be written \((.*No space left on device.*|the disk accepted only a part)\); make room",
                run.message,
            )
    stage = there.status(run)["stage"] if run else "the draft"
    print(f"{pages} pages: {run.state if run else 'refused'} in {stage!r}: {run.message if run else message}")
    remount(disk, "size=16m")
    if run is None:
        run = start(there, tmp_path, tiny)
    elif run.state == "failed":
        there.queue.resume(run)
    wait_for(run, "done", "failed", "interrupted")
    assert (run.state, run.message) == ("done", "")
    assert_equal(made(run), whole)
    assert load_folder(run.output, "adapted", device="cpu").vocab_size > 100


def test_a_full_disk_refuses_resume_and_the_run_stays_stopped(mount):
    disk = mount("256k")
    queue = RunQueue(RunStore(disk / "runs"))
    run = queue.runs.create(lambda run: [], title="bees")
    run.finish("stopped", "Stopped.")
    free = os.statvfs(disk)
    (disk / "filler").write_bytes(bytes(free.f_bavail * free.f_bsize))
    with pytest.raises(RunError, match=r"cannot be written \(No space left on device\); make room there"):
        queue.resume(run)
    assert (run.state, run.message) == ("stopped", "Stopped.")


def test_with_a_read_only_data_folder_masks_are_filled_and_runs_refused(mount, servers, tmp_path, tiny):
    disk = mount("16m")
    there = adaptations_on(disk)
    done = there.runs.create(lambda run: [], title="before", owner="me")
    done.finish("done")
    remount(disk, "ro")
    server = servers(disk)
    client = server.client()
    answer = client.predict("Paris is the <mask> of France.", api_name="/fill_mask")
    assert answer["masks"][0][0]["word"] == "capital"
    assert client.predict(run=done.id, api_name="/run_status")["state"] == "done"
    refusal = rf"folder {disk}\S* cannot be written \(Read-only file system\); make it writable, or set MLM_DEMO_DATA"
    with pytest.raises(AppError, match=refusal) as caught:
        start_over_http(client, tmp_path, tiny, 4)
    assert "\n" not in str(caught.value)
    with pytest.raises(RunError, match=refusal):
        there.queue.stop(done)
    with pytest.raises(RunError, match=refusal):
        done.delete()
    until(lambda: "the queue has stopped" in server.log.read_text(), message=server.log.read_text)
    time.sleep(2.5)  # two turns of the queue
    log = server.log.read_text()
    assert log.count("cannot be written") == 1, log
    assert "Traceback" not in log
    remount(disk, "rw")
    started = start_over_http(client, tmp_path, tiny, 4)
    until(lambda: client.predict(run=started["run"], api_name="/run_status")["state"] == "done")
