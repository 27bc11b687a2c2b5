"""A run is a folder; its files say what state the run is in. Nothing here knows of language models.

    run.json      what was asked for; written first, whole, never changed
    worker.lock   locked by the worker as long as it lives
    worker.json   the process that works on it, or worked on it last
    stop          made when somebody asks the run to stop
    log.jsonl     one JSON object per line, written by the worker
    ended.json    how it ended; written last: without it the run waits, is running or was interrupted
    input/        files given to it, deleted at its end      output/  what it makes

States: waiting, running, stopping, then done, stopped (by somebody), failed (with a message) or interrupted (the
worker is gone without a message: it was killed, or the machine was restarted).
"""

import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from mlm_demo.errors import RunError, shown
from mlm_demo.runs import older_runs
from mlm_demo.system import locks
from mlm_demo.system.files import folder_bytes, read, write, writing

RESERVE = "reserve"  # deleted at the end, so that the final message fits on a full disk
RESERVED_BYTES = 65_536
GOING, AT_REST = {"waiting", "running", "stopping"}, {"done", "stopped", "failed", "interrupted"}
CAN_GO_ON = {"stopped", "failed", "interrupted"}
SECONDS_TO_EXIT = 10  # that a worker may take to exit after its run ended


@dataclass(frozen=True)
class Request:
    """What was asked for.

    title: one line for a list; owner, address: hashes of the owner's secret (`owner_hash`) and of the address that it
    came from; fingerprint: equal for equal requests; created: seconds since 1970; about: what a page shows of the
    request. task: the name of the kind of work, request: what that task needs to know, as JSON; files: the names of
    its files, relative to the input folder.
    """

    id: str
    title: str
    owner: str
    fingerprint: str
    created: float
    about: dict = field(default_factory=dict)
    address: str = ""
    task: str = ""
    request: dict = field(default_factory=dict)
    files: list[str] = field(default_factory=list)


def input_files(folder: Path) -> list[Path]:
    """Return the files of an input folder, each in a numbered folder of its own, in the order of the numbers."""
    files = [path for path in folder.glob("*/*") if path.parent.name.isdecimal()]
    return sorted(files, key=lambda path: int(path.parent.name))


class Run:
    """The folder of one run."""

    def __init__(self, folder: Path):
        self.folder = folder

    @property
    def id(self) -> str:
        return self.folder.name

    @property
    def input(self) -> Path:
        """The folder of the files given to the run, and of what was made of them before the training."""
        return self.folder / "input"

    @property
    def output(self) -> Path:
        """The folder of what the run makes."""
        return self.folder / "output"

    @property
    def packed(self) -> Path:
        """The output as a zip file, made when somebody first asks for it."""
        return self.folder / "output.zip"

    @property
    def request(self) -> Request:
        """What was asked for; raises RunError if the run has been deleted, or run.json is not valid."""
        try:
            asked = read(self.folder / "run.json")
            if not asked:
                raise no_run(self.id)
            files = [str(path.relative_to(self.input)) for path in input_files(self.input)]
            return Request(**older_runs.upgraded(asked, files))
        except (ValueError, TypeError) as error:
            raise RunError(f"The file run.json of the run {self.id} cannot be read ({error}).") from error

    @property
    def state(self) -> str:
        """One of the states above."""
        if ended := read(self.folder / "ended.json"):
            return ended["state"]
        worker = self.worker  # before the lock is probed: the lock is taken before the worker is noted
        if locks.is_held(self.lock) or older_runs.worker_is_alive(worker):
            return "stopping" if self.asked_to_stop else "running"
        if ended := read(self.folder / "ended.json"):  # it ended meanwhile
            return ended["state"]
        return "interrupted" if worker else "waiting"

    @property
    def message(self) -> str:
        """The message that the run ended with, empty if there is none."""
        return read(self.folder / "ended.json").get("message", "")

    @property
    def touched(self) -> float:
        """When its state last changed or its log last grew, in seconds since 1970."""
        return max((path.stat().st_mtime for path in self.folder.glob("*.json*")), default=0.0)

    @property
    def worker(self) -> dict:
        """The process that works on it or did last, as {"pid": …}; {} before there is one."""
        return read(self.folder / "worker.json")

    @property
    def lock(self) -> Path:
        """The file that the worker holds a lock on as long as it lives."""
        return self.folder / "worker.lock"

    @contextmanager
    def working(self, inherited: int | None = None) -> Iterator[None]:
        """Within this context this process is the worker of the run; raises RunError if another process is.

        inherited: a descriptor that holds the run's lock, from the process that started this one.
        """
        lock = inherited if inherited is not None and locks.adopt(inherited, self.lock) else None
        if lock is None:
            with writing(self.folder):
                lock = locks.take(self.lock)
        if lock is None:
            raise RunError(f"The run {self.id} has a worker already; stop it first.")
        try:
            # The process that started this one notes it too, but may have been killed before.
            with suppress(OSError):
                self.mark_started(os.getpid())
            yield
        finally:
            os.close(lock)

    def log(self, line: dict) -> None:
        """Add a line to the log in one write; a line that a crash or a full disk cut off is closed first."""
        data = (json.dumps({"at": round(time.time(), 3), **line}, ensure_ascii=False) + "\n").encode()
        with writing(self.folder), (self.folder / "log.jsonl").open("ab+", buffering=0) as file:
            if file.tell():
                file.seek(-1, os.SEEK_END)
                if file.read(1) != b"\n":  # the line before was cut off by a crash or a full disk
                    data = b"\n" + data
            while data:  # a disk that fills up takes a part, then refuses the rest
                data = data[file.write(data) :]

    def lines(self, after: int = 0) -> Iterator[dict]:
        """Yield the log from line `after` on; a line that a crash cut off is {} once others follow it."""
        try:
            data = (self.folder / "log.jsonl").read_bytes()
        except FileNotFoundError:
            return
        for line in data.split(b"\n")[after:-1]:
            try:
                yield json.loads(line)
            except ValueError:
                yield {}

    def ask_to_stop(self) -> None:
        """Ask the worker to stop, or the queue not to start one."""
        with writing(self.folder):
            (self.folder / "stop").touch()

    @property
    def asked_to_stop(self) -> bool:
        """Whether somebody has asked it to stop."""
        return (self.folder / "stop").exists()

    def mark_started(self, pid: int) -> None:
        """Note the process that works on it."""
        if self.worker != {"pid": pid}:
            write(self.folder / "worker.json", {"pid": pid})

    def reserve(self) -> None:
        """Reserve the disk space of the final message; raises OSError if there is none."""
        (self.folder / RESERVE).write_bytes(bytes(RESERVED_BYTES))

    def finish(self, state: str, message: str = "") -> None:
        """Note how it ended; delete its input unless it can be resumed."""
        (self.folder / RESERVE).unlink(missing_ok=True)
        if state not in CAN_GO_ON:
            shutil.rmtree(self.input, ignore_errors=True)
        write(self.folder / "ended.json", {"state": state, "message": message, "at": time.time()})

    def requeue(self) -> None:
        """Make it wait again; raises RunError if it cannot be resumed, or the disk is full."""
        if self.state not in CAN_GO_ON:
            raise RunError(f"The run {self.id} is {self.state}, so it cannot be resumed.")
        end = time.monotonic() + SECONDS_TO_EXIT
        while locks.is_held(self.lock):  # its worker has noted the end, and is about to exit
            if time.monotonic() > end:
                raise RunError(f"The worker of the run {self.id} is still ending; try again in a moment.")
            time.sleep(0.02)
        with writing(self.folder):
            self.reserve()
            for name in ("ended.json", "stop", "worker.json"):
                (self.folder / name).unlink(missing_ok=True)

    @property
    def size(self) -> int:
        """The size of all its files in bytes."""
        return folder_bytes(self.folder)

    def delete(self) -> None:
        """Remove everything; raises RunError while it is running."""
        if self.state in ("running", "stopping"):
            raise RunError(f"The run {self.id} is {self.state}; stop it before you delete it.")
        with writing(self.folder):
            # First of all: a folder with run.json and without ended.json would be a run that waits.
            (self.folder / "run.json").unlink(missing_ok=True)
        shutil.rmtree(self.folder, ignore_errors=True)


def no_run(id: str) -> RunError:
    """Return the error for an id that no run has."""
    return RunError(f"There is no run {shown(id)}; it may have been deleted.")


def share_done(line: dict) -> float:
    """Return how far a run is, from 0 to 1, by time: from a line of its log with `seconds` and `seconds_left`."""
    return line["seconds"] / max(line["seconds"] + line["seconds_left"], 1e-9)


def owner_hash(owner: str) -> str:
    """Return the hash that stands for the owner's secret in run.json."""
    return hashlib.sha256(owner.encode()).hexdigest() if owner else ""
