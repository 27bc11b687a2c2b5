"""A clock that is set back may change which files are old and which run is next, and nothing else."""

import os
import time

import pytest

from mlm_demo.models.masked_lm import MaskedLM
from mlm_demo.runs.adapted_models import archive_name
from mlm_demo.training import train as training
from mlm_demo.training.checkpoints import last_checkpoint, step_of
from mlm_demo.training.config import AdaptConfig
from mlm_demo.training.dataset import make_blocks
from tests.support.runs import corpus_text
from tests.support.tiny_models import SENTENCES, build

DAY, YEAR = 86_400, 365 * 86_400


@pytest.fixture
def clock(monkeypatch):
    """A function that moves the clock by a number of seconds."""
    true, ahead = time.time, [0.0]
    monkeypatch.setattr(time, "time", lambda: true() + ahead[0])

    def clock(seconds):
        ahead[0] = seconds

    return clock


def waiting(service, title):
    return service.runs.create(lambda run: [], title=title)


def test_the_queue_keeps_its_order_when_the_clock_is_set_back(service, clock):
    runs = []
    for number, ahead in enumerate((0, YEAR, 0, -YEAR, -YEAR, DAY)):
        clock(ahead)
        runs.append(waiting(service, str(number)))
    assert [run.id for run in service.runs.all()] == [run.id for run in runs]
    assert [service.queue.position(run) for run in runs] == list(range(len(runs)))
    for run in runs:
        run.finish("done")
    clock(0)
    assert abs(waiting(service, "next").request.created - time.time()) < 5


@pytest.mark.parametrize("made", [0, YEAR])
def test_only_old_files_are_swept_whatever_the_clock_says(service, draft, clock, made):
    """Files from a right clock or one a year ahead; then the clock is set back, far back, and right again."""
    kept, ended = draft("kept"), waiting(service, "ended")
    ended.finish("stopped")
    for folder in (service.staging.folder / kept, *ended.folder.glob("*.json*")):
        os.utime(folder, (time.time() + made,) * 2)
    for ahead in (made, 0, -YEAR, 0):
        clock(ahead)
        service.sweep()
        assert service.staging.files(kept)
        assert service.runs.has(ended.id)
    clock(made + 2 * DAY)
    service.sweep()
    assert not (service.staging.folder / kept).exists()
    assert service.runs.has(ended.id)
    clock(made + (service.settings.keep_days + 1) * DAY)
    service.sweep()
    assert not service.runs.has(ended.id)


def test_a_run_keeps_its_state_and_the_queue_continues(service, draft, choices, clock):
    clock(YEAR)
    first = service.start(draft(), choices(4), "me")
    clock(-YEAR)
    assert first.state == "running"
    second = service.start(draft(corpus_text(seed=1)), choices(4), "me")
    assert (second.state, service.queue.position(second)) == ("waiting", 1)
    service.run_queue(lambda: second.state in ("waiting", "running"))
    assert (first.state, second.state) == ("done", "done"), (first.message, second.message)


def test_a_worker_lives_whatever_the_clock_says(service, clock):
    run = waiting(service, "bees")
    with run.working():
        for seconds in (-YEAR, YEAR):
            clock(seconds)
            assert run.state == "running"
    assert run.state == "interrupted"


def test_minutes_are_not_counted_by_the_clock_on_the_wall(tmp_path, clock):
    mlm = MaskedLM(*build("BERT"), name="tiny")
    config = AdaptConfig(minutes=1 / 60, batch_size=4, block_size=32)
    blocks = make_blocks(mlm, [f"{s} {t}" for s in SENTENCES for t in SENTENCES], [], config)
    ahead = iter(range(0, -1_000_000, -1000))
    trained = training.train(
        mlm, blocks, [], config, tmp_path, step_time=1e-4, on_progress=lambda line: clock(next(ahead))
    )
    assert 1 <= trained.seconds < 30


def test_the_checkpoint_just_made_stays_though_the_clock_was_set_back(tmp_path):
    """transformers finds the newest by the time of its folder, if they are a second apart."""
    mlm = MaskedLM(*build("BERT"), name="tiny")
    config = AdaptConfig(max_steps=16, batch_size=4, block_size=32)
    blocks = make_blocks(mlm, [f"{s} {t}" for s in SENTENCES for t in SENTENCES], [], config)
    newest = []

    def ahead(line):
        """Set the times of all files ahead, as if the clock had been."""
        for folder in (tmp_path / "checkpoints").glob("checkpoint-*"):
            os.utime(folder, (time.time() + DAY - step_of(folder) * 60,) * 2)
        if checkpoint := last_checkpoint(tmp_path):
            newest.append(step_of(checkpoint))

    training.train(mlm, blocks, [], config, tmp_path, on_progress=ahead)
    assert newest == sorted(newest)
    assert len(set(newest)) == 8
    assert step_of(last_checkpoint(tmp_path)) == 16


def test_a_model_made_anew_is_packed_anew(service, finished, clock):
    """Since the clock was set back, the files of the new model are older than the archive of the previous one."""
    from fastapi import FastAPI
    from fastapi.testclient import TestClient

    from mlm_demo.web.server.downloads import add_downloads, download_address

    app = FastAPI()
    add_downloads(app, service)
    client = TestClient(app)
    first = client.get(f"/{download_address(finished, service.settings)}").content
    assert client.get(f"/{download_address(finished, service.settings)}").content == first
    (finished.output / "README.md").write_text("made anew")
    for path in finished.output.iterdir():
        os.utime(path, (time.time() - DAY,) * 2)
    second = client.get(f"/{download_address(finished, service.settings)}").content
    assert second != first
    assert archive_name(finished)
