"""A run is a folder; its files determine its state. Independent of language models.

    run.json      the request; written atomically before the other files, never changed
    worker.lock   locked by the worker as long as it lives
    worker.json   the current worker process, or the last one
    handle.json   the job that works on it elsewhere, with heard.json, what was last heard of that job (`handle.py`)
    name          the name that the owner has given it; without it the title in run.json is its name
    stop          exists once somebody has asked the run to stop
    skip          exists once somebody has asked to end it without an evaluation
    delete        exists once its owner has asked to delete it as soon as it has ended
    log.jsonl     one JSON object per line, written by the worker
    ended.json    how the run ended; without it the run is waiting, running or interrupted
    input/        the files of the request, deleted when the run is done, or a day later (`Task.keeps_files`)
    output/       the results

States: waiting, running, stopping, unreachable (its worker is elsewhere and cannot be asked about now); then done,
stopped (by a person), failed (with a message) or interrupted (the worker is gone and left no message: it was killed, or
the machine was restarted).
"""

import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from mlm_demo.errors import RunError, shown
from mlm_demo.runs import handle, older_runs
from mlm_demo.runs.handle import Handle, Heard
from mlm_demo.system import locks
from mlm_demo.system.files import atomic, folder_bytes, last_change, read, write, writing

NAME = "name"
RESERVE = "reserve"  # deleted at the end, so that the final message fits on a full disk
RESERVED_BYTES = 65_536
WORKED_ON = {"running", "stopping", "unreachable"}
ACTIVE, ENDED = {"waiting", *WORKED_ON}, {"done", "stopped", "failed", "interrupted"}
RESUMABLE = {"stopped", "failed", "interrupted"}
SECONDS_AFTER_TRAINING = 60
SECONDS_TO_EXIT = 10  # how long a worker may take to exit after its run ended


@dataclass(frozen=True)
class Request:
    """The content of run.json.

    title: the name it started with; owner, address: hashes of the owner's secret (`owner_hash`) and of the client's
    address; fingerprint: equal for equal requests; created: seconds since 1970; about: facts that pages show. task: the
    name of the task; request: its parameters as JSON; files: the names of its files, relative to the input folder.
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
    """Return the files of an input folder, each in a numbered folder of its own, in the order of the numbers.

    There are none once the run has ended, and perhaps fewer while its folder is being deleted.
    """
    files = []
    with suppress(FileNotFoundError):  # glob raises it for a folder that another process deletes meanwhile
        files.extend(path for path in folder.glob("*/*") if path.parent.name.isdecimal())
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
        """The folder of the request's files, and of what was prepared from them before training."""
        return self.folder / "input"

    @property
    def output(self) -> Path:
        """The folder of the results."""
        return self.folder / "output"

    @property
    def archive(self) -> Path:
        """The output as a zip file, created at the first download."""
        return self.folder / "output.zip"

    @property
    def request(self) -> Request:
        """The content of run.json; raises RunError if the run has been deleted, or the file is not valid."""
        try:
            values = read(self.folder / "run.json")
            if not values:
                raise no_run(self.id)
            files = [str(path.relative_to(self.input)) for path in input_files(self.input)]
            return Request(**older_runs.upgraded(values, files))
        except (ValueError, TypeError) as error:
            raise RunError(f"The file run.json of the run {self.id} cannot be read ({error}).") from error

    @property
    def name(self) -> str:
        """What its owner calls it; raises as `request` does."""
        with suppress(FileNotFoundError):
            return (self.folder / NAME).read_text(encoding="utf-8")
        return self.request.title

    def rename(self, name: str) -> None:
        """Give it another name, which `names.checked_name` has checked."""
        # Not JSON: `touched` looks at those files, and a new name is no sign that the run is in use.
        with writing(self.folder), atomic(self.folder / NAME) as part:
            part.write_text(name, encoding="utf-8")
        self.archive.unlink(missing_ok=True)  # the folder in it has the old name

    @property
    def state(self) -> str:
        """One of the states above."""
        if ended := read(self.folder / "ended.json"):
            return ended["state"]
        if (job := self.handle) and (state := self._state_of(job)) != "interrupted":
            return state
        worker = (
            self.worker
        )  # read before the lock is probed: a server takes the lock before it records the worker
        if not job and (locks.is_held(self.lock) or older_runs.worker_is_alive(worker)):
            return "stopping" if self.asked_to_stop else "running"
        if ended := read(self.folder / "ended.json"):  # it ended in the meantime
            return ended["state"]
        return "interrupted" if worker or job else "waiting"

    @property
    def has_ended(self) -> bool:
        """Whether its end is noted."""
        return bool(read(self.folder / "ended.json"))

    def _state_of(self, job: Handle) -> str:
        heard = Heard.of(self.folder, job)
        if heard.alive is None:
            return "unreachable"
        if not heard.alive:
            return "interrupted"
        return "stopping" if self.asked_to_stop else "running"

    @property
    def handle(self) -> Handle | None:
        """The job that works or worked on it elsewhere; None if its worker is a process of this machine."""
        return Handle.of(self.folder)

    @property
    def whereabouts(self) -> str:
        """Where its job runs, or why that cannot be asked; empty for a worker on this machine."""
        job = self.handle
        return Heard.of(self.folder, job).about if job else ""

    @property
    def message(self) -> str:
        """The message that the run ended with, or an empty string."""
        return read(self.folder / "ended.json").get("message", "")

    @property
    def touched(self) -> float:
        """The time of the last change of state or log line, in seconds since 1970."""
        return last_change(self.folder.glob("*.json*"))

    @property
    def worker(self) -> dict:
        """The current or last worker process as {"pid": …}; {} before there is one."""
        return read(self.folder / "worker.json")

    @property
    def lock(self) -> Path:
        """The file that the worker keeps locked as long as it lives."""
        return self.folder / "worker.lock"

    @contextmanager
    def working(
        self, inherited: int | None = None, job: str = "", *, together: bool = False
    ) -> Iterator[None]:
        """Within this context this process is the run's worker; raises RunError if another process is.

        inherited: a descriptor with the run's lock, from the parent process; job: the name of the job that this process
        is, which needs no lock; together: whether the parent process keeps the lock for this one.
        """
        if together:
            yield
            return
        if job:
            noted = self.handle
            if noted is None or noted.name != job or self.has_ended:
                raise RunError(f"The run {self.id} has ended, or another job works on it.")
            yield
            return
        lock = inherited if inherited is not None and locks.adopt(inherited, self.lock) else None
        if lock is None:
            with writing(self.folder):
                lock = locks.take(self.lock)
        if lock is None:
            raise RunError(f"The run {self.id} already has a worker; stop it first.")
        try:
            # The parent records it too, but may have been killed before that.
            with suppress(OSError):
                self.mark_started(os.getpid())
            yield
        finally:
            os.close(lock)

    def log(self, line: dict) -> None:
        """Append a line to the log; first end a line that was cut off by a crash or a full disk."""
        data = (json.dumps({"at": round(time.time(), 3), **line}, ensure_ascii=False) + "\n").encode()
        with writing(self.folder), (self.folder / "log.jsonl").open("ab+", buffering=0) as file:
            if file.tell():
                file.seek(-1, os.SEEK_END)
                if file.read(1) != b"\n":
                    data = b"\n" + data
            while data:  # a disk that fills up accepts a part of the data, then raises
                data = data[file.write(data) :]

    def lines(self, after: int = 0) -> Iterator[dict]:
        """Yield the log from line `after` on; a line that was cut off is {} once others follow it."""
        try:
            data = (self.folder / "log.jsonl").read_bytes()
        except FileNotFoundError:
            return
        for line in data.split(b"\n")[after:-1]:
            try:
                yield json.loads(line)
            except ValueError:
                yield {}

    def stopped_before(self, beginning: str) -> str:
        """Return where it was stopped that does not work now: before its `beginning`, if it has done nothing yet."""
        if any(line.get("step") or line.get("done") for line in self.lines()):
            return "before a further step; its progress is kept, and Resume continues."
        return f"before {beginning}"

    def ask_to_stop(self) -> None:
        """Ask the worker to stop, or the queue not to start one."""
        with writing(self.folder):
            (self.folder / "stop").touch()

    def ask_to_skip(self) -> None:
        """Ask the worker to end without evaluating what it has trained."""
        with writing(self.folder):
            (self.folder / "skip").touch()

    def ask_to_delete(self) -> None:
        """Ask the worker to stop, and the queue to delete the run then."""
        with writing(self.folder):
            (self.folder / "delete").touch()
        self.ask_to_stop()

    @property
    def asked_to_delete(self) -> bool:
        """Whether its owner has asked to delete it as soon as it has ended."""
        return (self.folder / "delete").exists()

    @property
    def asked_to_stop(self) -> bool:
        """Whether somebody has asked the run to stop."""
        return (self.folder / "stop").exists()

    @property
    def asked_to_skip(self) -> bool:
        """Whether somebody has asked it to end without an evaluation, which nobody needs of a run to be deleted."""
        return (self.folder / "skip").exists() or self.asked_to_delete

    def mark_started(self, pid: int) -> None:
        """Record the worker process."""
        if self.worker != {"pid": pid}:
            write(self.folder / "worker.json", {"pid": pid})

    def reserve(self) -> None:
        """Reserve the disk space of the final message; raises OSError if there is none."""
        (self.folder / RESERVE).write_bytes(bytes(RESERVED_BYTES))

    def finish(self, state: str, message: str = "", *, keeps_files: bool = False) -> None:
        """Record how the run ended; delete its files unless it can be resumed, or they are to be kept for a day."""
        (self.folder / RESERVE).unlink(missing_ok=True)
        if state not in RESUMABLE and not keeps_files:
            self.delete_files()
        write(self.folder / "ended.json", {"state": state, "message": message, "at": time.time()})

    @property
    def files(self) -> list[Path]:
        """The files of its request that are still here."""
        return [path for name in self.request.files if (path := self.input / name).is_file()]

    def delete_files(self) -> None:
        """Delete the files of its request."""
        shutil.rmtree(self.input, ignore_errors=True)

    @property
    def started(self) -> float | None:
        """When the current worker started, or the last one, in seconds since 1970; None before the first."""
        with suppress(FileNotFoundError):
            return (self.folder / "worker.json").stat().st_mtime
        return None

    def requeue(self) -> None:
        """Put the run back into the queue; raises RunError if it cannot be resumed, or the disk is full."""
        if self.state not in RESUMABLE:
            raise RunError(f"The run {self.id} is {self.state}, so it cannot be resumed.")
        end = time.monotonic() + SECONDS_TO_EXIT
        while not self.handle and locks.is_held(
            self.lock
        ):  # the worker has recorded the end and is about to exit
            if time.monotonic() > end:
                raise RunError(f"The worker of the run {self.id} has not exited yet; try again in a moment.")
            time.sleep(0.02)
        with writing(self.folder):
            self.reserve()
            handle.forget(self.folder)  # first, so that an old job does not count as its worker
            for name in ("ended.json", "stop", "skip", "worker.json"):
                (self.folder / name).unlink(missing_ok=True)

    @property
    def size(self) -> int:
        """The size of all its files in bytes."""
        return folder_bytes(self.folder)

    def delete(self) -> None:
        """Delete the folder; raises RunError while the run is running."""
        if self.state in WORKED_ON:
            raise RunError(f"The run {self.id} is {self.state}; stop it before you delete it.")
        with writing(self.folder):
            # First, because a folder with run.json and without ended.json would be a waiting run.
            (self.folder / "run.json").unlink(missing_ok=True)
        shutil.rmtree(self.folder, ignore_errors=True)


def seconds_left(run: Run) -> float | None:
    """Return about how long an active run will still take, None for a budget that is not in minutes.

    From its log, or else its minutes, and a minute for what comes after the training.
    """
    logged = next(
        (line["seconds_left"] for line in reversed(list(run.lines())) if "seconds_left" in line), None
    )
    minutes = run.request.request.get("config", {}).get("minutes")
    if logged is None and minutes is None:
        return None
    return (60 * minutes if logged is None else logged) + SECONDS_AFTER_TRAINING


def no_run(id: str) -> RunError:
    """Return the error for an id that no run has."""
    return RunError(f"There is no run {shown(id)}; it may have been deleted.")


def share_done(line: dict) -> float:
    """Return the share of a run's time that is over, from a log line with `seconds` and `seconds_left`."""
    return line["seconds"] / max(line["seconds"] + line["seconds_left"], 1e-9)


def step_reached(lines: Sequence[dict]) -> dict:
    """Return the last log line with `step` and `of`; {} before the first.

    A loss is logged every few seconds; the line of a training's end has the step that it ended at.
    """
    return next((line for line in reversed(lines) if "step" in line and "of" in line), {})


def owner_hash(owner: str) -> str:
    """Return the hash of the owner's secret that run.json holds."""
    return hashlib.sha256(owner.encode()).hexdigest() if owner else ""
