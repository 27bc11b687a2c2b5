"""A run is a folder: whoever can read the folder can tell how the run stands. Nothing here knows of language models.

    run.json      what was asked for; written first, whole, never changed
    worker.json   the process that works on it, or worked on it last
    stop          there from the moment somebody asks it to stop
    log.jsonl     one JSON object a line, added by the worker
    ended.json    how it ended; written last: without it the run waits, goes on or was interrupted
    input/        files given to it, deleted at its end      output/  what it makes

States: waiting, running, stopping, then done, stopped (by somebody), failed (with a sentence) or interrupted (its
process is gone without a word: killed, or the machine was restarted).
"""

import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from mlm_demo.errors import RunError, shown
from mlm_demo.system.files import folder_bytes, read, write, writing
from mlm_demo.system.process_marks import is_alive, process_mark

RESERVE = "reserve"  # given back at the end, so that a full disk still takes the last word
RESERVED_BYTES = 65_536
GOING, AT_REST = {"waiting", "running", "stopping"}, {"done", "stopped", "failed", "interrupted"}
CAN_GO_ON = {"stopped", "failed", "interrupted"}


@dataclass(frozen=True)
class Request:
    """What was asked for.

    command: the words of the worker's command line; title: one line for a list; owner, address: hashes of whose it is
    (`owner_hash`) and of where it came from; fingerprint: the same for the same thing asked twice; created: seconds
    since 1970; about: what whoever made it wants to find again.
    """

    id: str
    command: list[str]
    title: str
    owner: str
    fingerprint: str
    created: float
    about: dict = field(default_factory=dict)
    address: str = ""


class Run:
    """One run's folder."""

    def __init__(self, folder: Path):
        self.folder = folder

    @property
    def id(self) -> str:
        return self.folder.name

    @property
    def input(self) -> Path:
        """Where the files given to the run are."""
        return self.folder / "input"

    @property
    def output(self) -> Path:
        """Where the run puts what it makes."""
        return self.folder / "output"

    @property
    def packed(self) -> Path:
        """Where the output lies as a zip file, once somebody has asked for it."""
        return self.folder / "output.zip"

    @property
    def request(self) -> Request:
        """What was asked for; raises RunError if the run has been deleted, or its run.json is none of this version."""
        try:
            asked = read(self.folder / "run.json")
            if not asked:
                raise no_run(self.id)
            return Request(**asked)
        except (ValueError, TypeError) as error:
            raise RunError(f"The file run.json of the run {self.id} cannot be read ({error}).") from error

    @property
    def state(self) -> str:
        """One of the states above."""
        if ended := read(self.folder / "ended.json"):
            return ended["state"]
        worker = read(self.folder / "worker.json")
        if not worker:
            return "waiting"
        if not is_alive(worker):
            # It may have ended between the two looks.
            ended = read(self.folder / "ended.json")
            return ended["state"] if ended else "interrupted"
        return "stopping" if self.asked_to_stop else "running"

    @property
    def message(self) -> str:
        """The sentence a run ended with, if it has one."""
        return read(self.folder / "ended.json").get("message", "")

    @property
    def touched(self) -> float:
        """When something last happened to it, in seconds since 1970."""
        return max((path.stat().st_mtime for path in self.folder.glob("*.json*")), default=0.0)

    @property
    def worker(self) -> dict:
        """The process as `process_mark` tells it, {} before there is one."""
        return read(self.folder / "worker.json")

    def log(self, line: dict) -> None:
        """Add a line to the log in one write; what a killed worker or a full disk left of one gets its end first."""
        data = (json.dumps({"at": round(time.time(), 3), **line}, ensure_ascii=False) + "\n").encode()
        with writing(self.folder), (self.folder / "log.jsonl").open("ab+", buffering=0) as file:
            if file.tell():
                file.seek(-1, os.SEEK_END)
                if file.read(1) != b"\n":  # the line before was cut off by a crash or a full disk
                    data = b"\n" + data
            while data:  # a disk that gets full takes a part, and refuses the next
                data = data[file.write(data) :]

    def lines(self, after: int = 0) -> Iterator[dict]:
        """The log from a line's number on; a line cut off by a crash is {} once others follow it."""
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
        """Leave the word for the worker, and for a queue that has not started it yet."""
        with writing(self.folder):
            (self.folder / "stop").touch()

    @property
    def asked_to_stop(self) -> bool:
        """Whether somebody has asked it to stop."""
        return (self.folder / "stop").exists()

    def mark_started(self, pid: int) -> None:
        """Note the process that works on it."""
        write(self.folder / "worker.json", process_mark(pid))

    def reserve(self) -> None:
        """Take the room that the last word will need; raises OSError if there is none."""
        (self.folder / RESERVE).write_bytes(bytes(RESERVED_BYTES))

    def finish(self, state: str, message: str = "") -> None:
        """Say how it ended; files given to it go unless it can go on."""
        (self.folder / RESERVE).unlink(missing_ok=True)
        if state not in CAN_GO_ON:
            shutil.rmtree(self.input, ignore_errors=True)
        write(self.folder / "ended.json", {"state": state, "message": message, "at": time.time()})

    def requeue(self) -> None:
        """Make it wait again; raises RunError if there is nothing to go on with, or no room."""
        if self.state not in CAN_GO_ON:
            raise RunError(f"The run {self.id} is {self.state}, so it cannot be resumed.")
        with writing(self.folder):
            self.reserve()
            for name in ("ended.json", "stop", "worker.json"):
                (self.folder / name).unlink(missing_ok=True)

    @property
    def size(self) -> int:
        """The bytes of all its files."""
        return folder_bytes(self.folder)

    def delete(self) -> None:
        """Remove everything; raises RunError while it is running."""
        if self.state in ("running", "stopping"):
            raise RunError(f"The run {self.id} is {self.state}; stop it before you delete it.")
        with writing(self.folder):
            # First of all: without ended.json, but with this, it would wait for its turn again.
            (self.folder / "run.json").unlink(missing_ok=True)
        shutil.rmtree(self.folder, ignore_errors=True)


def no_run(id: str) -> RunError:
    """The error for an id that is no run's."""
    return RunError(f"There is no run {shown(id)}; it may have been deleted.")


def share_done(line: dict) -> float:
    """How far a run is, from 0 to 1, by a line of its log that holds `seconds` and `seconds_left`: by the clock."""
    return line["seconds"] / max(line["seconds"] + line["seconds_left"], 1e-9)


def owner_hash(owner: str) -> str:
    """What is kept of the secret that tells whose run it is."""
    return hashlib.sha256(owner.encode()).hexdigest() if owner else ""
