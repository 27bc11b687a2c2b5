"""Fixtures for tests of runs: a tiny model, a small corpus, a data folder, a served page."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress

import pytest

from mlm_demo.runs.run import Run
from mlm_demo.runs.service import RunService, result_of
from mlm_demo.runs.store import RunStore
from mlm_demo.runs.tasks.adapt import AdaptRequest
from mlm_demo.settings import Settings
from mlm_demo.training.config import AdaptConfig
from tests.support.little_judging import judge_on_little
from tests.support.paths import ROOT, free_port
from tests.support.tiny_models import SENTENCES, save_tiny

WORDS = " ".join(SENTENCES).replace(".", "").lower().split()

# A page's workers and readers come from the fork server of the tests.
FORKS = """
import os
from functools import partial
from mlm_demo.runs import child_process
from tests.support.fork_server import launch_through
child_process.launch = partial(launch_through, os.environ["FORK_SERVER"])
"""
APP = f"""{FORKS}
import runpy
runpy.run_path("app.py", run_name="__main__")
"""


def corpus_text(texts=40, seed=0):
    """Paragraphs of the tiny vocabulary's words."""
    return "\n\n".join(
        " ".join(random.Random(f"{seed} {i}").choices(WORDS, k=40)) + "." for i in range(texts)
    )


def waiting_service(folder) -> RunService:
    """Return a service on a data folder whose runs wait."""
    found = RunService(Settings(device="cpu", data=str(folder)))
    found.queue.starts = False
    return found


def until(condition, seconds=180, message=lambda: "", pause=0.05):
    """Wait until a condition holds and return its value; fails with the text that `message` returns.

    pause: seconds between two looks, more of them for one that takes long, such as a question to a server.
    """
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, message()
        time.sleep(pause)
    return found


def kill_workers(runs):
    """Kill the workers of this machine, which outlive their server."""
    for run in runs.all():
        if run.state in ("running", "stopping") and run.worker:
            with suppress(ProcessLookupError):
                os.kill(run.worker["pid"], signal.SIGKILL)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    return str(save_tiny(tmp_path_factory.mktemp("model") / "tiny"))


@pytest.fixture(scope="module")
def judged_on_little(tmp_path_factory):
    """Judge in this process as the fork server's children do, until the module's last test."""
    with pytest.MonkeyPatch.context() as patch:
        judge_on_little(tmp_path_factory.mktemp("general") / "text.txt", patch.setattr)
        yield


@pytest.fixture
def service(tmp_path):
    found = RunService(Settings(device="cpu", data=str(tmp_path / "data")))
    found.queue.environment["OMP_NUM_THREADS"] = "1"
    yield found
    kill_workers(found.runs)


@pytest.fixture
def draft(service, tmp_path):
    """A function that makes a draft of texts."""

    def draft(*texts, name="bees.txt"):
        files = []
        for number, text in enumerate(texts or [corpus_text()]):
            files.append(tmp_path / f"{number}" / name)
            files[-1].parent.mkdir(exist_ok=True)
            files[-1].write_text(text)
        return service.staging.add(files)

    return draft


@pytest.fixture
def choices(tiny):
    """A function that makes the request for a run of a number of steps."""

    def choices(steps=6, **more):
        config = AdaptConfig(max_steps=steps, batch_size=4, block_size=32, **more)
        return AdaptRequest(config, tiny)

    return choices


@pytest.fixture(scope="session")
def _done(tiny, tmp_path_factory, fork_server):
    """A run that is done, in a data folder of its own."""
    folder = tmp_path_factory.mktemp("done")
    (folder / "bees.txt").write_text(corpus_text())
    service = RunService(Settings(device="cpu", data=str(folder / "data")))
    draft = service.staging.add([folder / "bees.txt"])
    run = service.start(
        draft, AdaptRequest(AdaptConfig(max_steps=4, batch_size=4, block_size=32), tiny), "me"
    )
    until(lambda: run.state not in ("waiting", "running"), message=lambda: (run.state, run.message))
    assert run.state == "done", run.message
    assert result_of(run).share, "tests use its model"
    return run


@pytest.fixture
def finished(service, _done):
    """A run that is done, with its model; its owner is `me`. A copy: the test may change it."""
    folder = service.runs.folder / _done.id
    shutil.copytree(_done.folder, folder)
    return Run(folder)


@pytest.fixture
def serve(tmp_path, fork_server):
    """A function that starts the page as a process on one data folder; returns the process and the address."""
    started, port = [], free_port()

    def serve(**environment):
        own = {"MLM_DEMO_DATA": str(tmp_path / "data"), "MLM_DEMO_PORT": str(port)}
        own["FORK_SERVER"] = fork_server.address
        process = subprocess.Popen(
            [sys.executable, "-c", APP],
            cwd=ROOT,
            env={**os.environ, **own, **environment},
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert "The page is at" in process.stdout.readline()
        return process, f"http://127.0.0.1:{port}"

    yield serve
    for process in started:
        process.kill()
        process.wait()
    kill_workers(RunStore(tmp_path / "data" / "runs"))
