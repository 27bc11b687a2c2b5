"""A process that has torch and transformers imported and forks the children of the tests, so that each need not.

`ForkServer.launch` and `launch_through` take what `mlm_demo.runs.child_process.launch` takes; a child is forked, which
runs the same verb. What differs: it is not at low priority, its name in the process list is `run ID` (`worker_name`),
it takes two steps to time one, where a user's takes eight (a step of a built-in model takes a second), and it judges
models on a little text (`little_judging.py`).
"""

import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback
from contextlib import suppress
from functools import partial
from pathlib import Path

from mlm_demo.web.server.quick_start import without_garbage_collection, without_stubs

ROOT = Path(__file__).resolve().parents[2]
SECONDS_TO_START = 300  # on a busy machine its imports take a minute
HIGH = 512  # descriptors are moved out of the way of the numbers that a child wants


def worker_name(id: str) -> str:
    """Return the process name of a run's worker, cut to the 15 characters that Linux keeps."""
    return f"run {id}"[:15]


class Forked:
    """A child of the fork server, with the interface `child_process.Child`."""

    def __init__(self, connection: socket.socket):
        self.connection, self.returncode = connection, None
        self.pid = json.loads(connection.recv(1000))["pid"]

    def poll(self) -> int | None:
        with suppress(BlockingIOError):
            self._receive(blocking=False)
        return self.returncode

    def wait(self) -> int:
        self._receive(blocking=True)
        return self.returncode

    def kill(self) -> None:
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)

    def _receive(self, *, blocking: bool) -> None:
        if self.returncode is None:
            self.connection.setblocking(blocking)
            self.returncode = json.loads(self.connection.recv(1000) or '{"code": -9}')["code"]
            self.connection.close()


def launch_through(address: str, argv, *, environment, output, errors, lock=None, before: str = "") -> Forked:
    """Start a child through the fork server at an address; before: Python code that it runs first."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    connection.connect(address)
    numbers = [file if isinstance(file, int) else file.fileno() for file in (output, errors)]
    numbers += [] if lock is None else [lock]
    asked = {"argv": list(argv), "environment": dict(environment), "lock": lock, "before": before}
    socket.send_fds(connection, [json.dumps(asked).encode()], numbers)
    return Forked(connection)


class ForkServer:
    """The server, which starts with its first child, or with `start` for several processes of tests.

    address: where another process has started it; empty to start it here.
    """

    def __init__(self, address: str = ""):
        self._process: subprocess.Popen | None = None
        self._folder = tempfile.TemporaryDirectory()
        self._elsewhere = bool(address)
        self._address = address or str(Path(self._folder.name) / "fork")

    def start(self) -> str:
        """Start it and return its address, where it may not listen yet."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.fork_server", self._address],
            cwd=ROOT,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            stdin=subprocess.PIPE,  # it ends with this process
        )
        return self._address

    @property
    def address(self) -> str:
        if not self._process and not self._elsewhere:
            self.start()
        end = time.monotonic() + SECONDS_TO_START
        while not Path(self._address).exists():
            assert not self._process or self._process.poll() is None, "the fork server has ended"
            assert time.monotonic() < end, "the fork server does not listen"
            time.sleep(0.02)
        return self._address

    def launch(self, argv, **given) -> Forked:
        return launch_through(self.address, argv, **given)

    def after(self, before: str):
        """A launcher whose children run some Python code first."""
        return partial(self.launch, before=before)

    def close(self) -> None:
        if self._process:
            self._process.stdin.close()
            self._process.wait()
        self._folder.cleanup()


def _serve(address: str) -> None:
    with without_garbage_collection():
        _import(Path(f"{address}.txt"))
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listening.bind(f"{address}.part")
    listening.listen(64)
    os.rename(f"{address}.part", address)
    children: dict[int, socket.socket] = {}
    with selectors.DefaultSelector() as selector:
        selector.register(listening, selectors.EVENT_READ)
        selector.register(0, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select(0.02):
                if key.fd == 0:
                    return
                connection, _ = listening.accept()
                message, descriptors, _, _ = socket.recv_fds(connection, 1_000_000, 3)
                pid = os.fork()
                if not pid:
                    _be_child(json.loads(message), descriptors)
                for descriptor in descriptors:
                    os.close(descriptor)
                children[pid] = connection
                connection.send(json.dumps({"pid": pid}).encode())
            with suppress(ChildProcessError):
                while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                    pid, status = ended
                    with suppress(OSError), children.pop(pid) as connection:  # who asked may be gone
                        connection.send(json.dumps({"code": os.waitstatus_to_exitcode(status)}).encode())


def _import(general_text: Path) -> None:
    """Import and load what takes the children long: torch, the classes of BERT, Gradio, the languages' frequencies."""
    import datasketch  # noqa: F401
    import py3langid
    import torch
    from transformers.models.bert import modeling_bert, tokenization_bert  # noqa: F401

    from mlm_demo.cli import adapt, main  # noqa: F401
    from mlm_demo.models import loader  # noqa: F401
    from mlm_demo.models.native_bert import loader as native_loader  # noqa: F401
    from mlm_demo.training import adapt as training  # noqa: F401
    from mlm_demo.training import step_time

    with without_stubs():
        from mlm_demo.web import app  # noqa: F401
    from tests.support.little_judging import judge_on_little

    step_time.STEPS, step_time.COUNTED = 2, 1
    judge_on_little(general_text)
    py3langid.classify("a text")
    assert torch.get_num_threads() == 1


def _be_child(asked: dict, descriptors: list[int]) -> None:
    """Run a command and exit, without closing or freeing anything of the server."""
    code = 1
    try:
        lock = asked["lock"]
        moved = [_moved(descriptor) for descriptor in descriptors]
        os.closerange(3, HIGH)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        for source, number in zip(moved, [1, 2, lock], strict=False):
            os.dup2(source, number)
            os.close(source)
        if lock is not None:
            os.setsid()
        os.environ.clear()
        os.environ.update(asked["environment"])
        argv = asked["argv"]
        if argv[0] == "work":
            with suppress(OSError):
                Path("/proc/self/comm").write_text(worker_name(argv[1]))
        exec(asked["before"], {})  # noqa: S102
        from mlm_demo.cli.main import main

        code = main(argv)
    except SystemExit as end:
        code = end.code or 0
    except BaseException:
        traceback.print_exc()
    finally:
        with suppress(OSError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _moved(descriptor: int) -> int:
    import fcntl

    return fcntl.fcntl(descriptor, fcntl.F_DUPFD, HIGH)


if __name__ == "__main__":
    _serve(sys.argv[1])
