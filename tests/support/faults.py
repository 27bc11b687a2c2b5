"""Fixtures for tests of faults: servers as processes, small and read-only file systems, the workers of a run."""

import json
import os
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest
from gradio_client import Client, handle_file
from safetensors.torch import load_file

from mlm_demo.runs.service import RunService
from mlm_demo.runs.tasks.adapt import AdaptRequest
from mlm_demo.settings import Settings
from mlm_demo.training.config import AdaptConfig
from tests.support.fork_server import launch_through, worker_name
from tests.support.nightly import NIGHTLY
from tests.support.paths import free_port
from tests.support.runs import FORKS, corpus_text, kill_workers, until

KILLS = int(os.environ.get("MLM_DEMO_KILLS", "40" if NIGHTLY else "3"))
LONG = KILLS > 3
STEPS = 24  # of a run here, with a checkpoint after every third
# One thread and one seed: two runs of the same thing are equal to the last bit.
ALONE = {"OMP_NUM_THREADS": "1", "MLM_DEMO_DEVICE": "cpu"}


class Server:
    """The page as a process of its own on a data folder; `log` is the file that it prints to."""

    def __init__(self, data: Path, log: Path, environment: dict[str, str]):
        self.data, self.log, self.environment, self.process, self.address = data, log, environment, None, ""

    def start(self) -> "Server":
        port = free_port()
        own = {"MLM_DEMO_DATA": str(self.data), "MLM_DEMO_PORT": str(port), **ALONE}
        with self.log.open("ab") as log:
            self.process = launch_through(
                self.environment["FORK_SERVER"],
                ["serve"],
                environment={**os.environ, **own, **self.environment},
                output=log,
                errors=log,
                before=FORKS,
            )
        self.address = f"http://127.0.0.1:{port}"
        return self

    def client(self) -> Client:
        """Wait until the server answers, and return a client."""
        until(lambda: self.address in self.log.read_text(), message=self.log.read_text)
        return Client(self.address, verbose=False)

    def kill(self) -> None:
        """Kill the server, as the system does when memory is full."""
        self.process.kill()
        self.process.wait()


@pytest.fixture
def servers(tmp_path, fork_server):
    """A function that starts a server on a data folder, with more variables in its environment."""
    started = []

    def start(data: Path, **environment: str) -> Server:
        environment["FORK_SERVER"] = fork_server.address
        started.append(Server(data, tmp_path / f"server-{len(started)}.log", environment).start())
        return started[-1]

    yield start
    for server in started:
        server.kill()


@pytest.fixture
def mount(tmp_path):
    """A function that mounts a file system in memory; skips the test if that is not allowed."""
    mounted = []

    def mount(size: str) -> Path:
        folder = tmp_path / f"disk-{len(mounted)}"
        folder.mkdir()
        if _mount("-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)):
            pytest.skip("a small file system cannot be mounted here")
        mounted.append(folder)
        return folder

    yield mount
    for folder in mounted:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def remount(folder: Path, options: str) -> None:
    """Change the size of a mounted file system, or make it read-only."""
    assert _mount("-o", f"remount,{options}", str(folder)) == 0


def _mount(*words: str) -> int:
    return subprocess.run(["mount", *words], capture_output=True, check=False).returncode


@pytest.fixture
def page(tmp_path):
    """A function that returns a service that does not start workers itself."""
    settings = Settings(device="cpu", data=str(tmp_path / "data"))

    def page(starts=False):
        service = RunService(settings)
        service.queue.starts = starts
        service.queue.environment |= ALONE
        return service

    yield page
    kill_workers(page().runs)


@pytest.fixture
def begin(page, tiny, tmp_path):
    """A function that puts a new copy of the same run into the queue."""
    corpus = tmp_path / "bees.txt"
    corpus.write_text(corpus_text())
    request = AdaptRequest(
        AdaptConfig(max_steps=STEPS, batch_size=4, block_size=32, learning_rate=1e-3), tiny
    )

    def begin(starts=False):
        service = page(starts)
        return service.start(service.staging.add([corpus]), request, f"person {len(service.runs.all())}")

    return begin


def wait_for(run, *states, seconds=180):
    until(
        lambda: run.state in states, seconds, message=lambda: (run.state, run.message, list(run.lines())[-3:])
    )


def kill_worker(run) -> None:
    """Kill the worker of a run and wait until it is gone; a zombie is gone too."""
    for pid in workers(run):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    until(lambda: not workers(run) and run.state != "running")


def workers(*runs) -> list[int]:
    """Return the processes that work on some runs, from /proc and not from the folders of the runs."""
    found, ids, names = [], {run.id for run in runs}, {worker_name(run.id) for run in runs}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            argv = (process / "cmdline").read_bytes().decode().split("\0")
            name, _, state = (process / "stat").read_text().partition("(")[2].rpartition(")")
        except OSError:  # gone meanwhile
            continue
        if state.split()[0] in "ZX":
            continue
        begun = next(
            (n for n, word in enumerate(argv) if word == "mlm_demo"), None
        )  # torchrun puts -u before -m
        if name in names or (begun and argv[begun + 1] == "work" and argv[begun + 2] in ids):
            found.append(int(process.name))
    return found


def torn_lines(run) -> int:
    """Return how many lines of the log cannot be read."""
    return sum(line == {} for line in run.lines())


def made(run) -> dict:
    """Return the result of a run without its times: weights to the last bit, figures, curve."""
    result = json.loads((run.output / "result.json").read_text())
    curve = [{k: v for k, v in line.items() if k != "seconds"} for line in result["curve"]]
    training = {name: result["training"][name] for name in ("steps", "planned", "stopped")}
    equal = {name: result[name] for name in ("figures", "exam", "config", "corpus")}
    return {**equal, **training, "curve": curve, "weights": load_file(run.output / "model.safetensors")}


def assert_equal(one: dict, other: dict) -> None:
    """Check that two runs have the same result."""
    for name in one.keys() - {"weights"}:
        assert one[name] == other[name], name
    assert one["weights"].keys() == other["weights"].keys()
    for name, tensor in one["weights"].items():
        assert tensor.equal(other["weights"][name]), name


def start_over_http(client: Client, folder: Path, model: str, steps: int, seed: int = 0) -> dict:
    """Start a small run as a program does."""
    file = folder / f"corpus-{seed}.txt"
    file.write_text(corpus_text(seed=seed))
    options = {"model": model, "max_steps": steps, "batch_size": 4, "block_size": 32}
    return client.predict(files=[handle_file(str(file))], **options, api_name="/start_adaptation")
