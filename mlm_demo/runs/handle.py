"""The handle of a run whose worker is a job elsewhere: which job, and what was last heard of it.

    handle.json   the job; written before the job is submitted, so that no crash leaves an unknown one
    heard.json    what was last heard of that job

A lock cannot tell whether such a worker lives: file locks of other machines are not to be relied on. So whoever can ask
the job's launcher notes its answer here, and everybody else reads it. A worker that is not the one in handle.json exits
(`worker.py`), so removing the file takes a run back.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from mlm_demo.system.files import atomic, read, write

HANDLE, HEARD = "handle.json", "heard.json"


@dataclass(frozen=True)
class Handle:
    """A job that works on a run. launcher: who knows it; name: its id there, never used twice; attempt: from 1."""

    launcher: str
    name: str
    attempt: int = 1

    @classmethod
    def of(cls, folder: Path) -> "Handle | None":
        """Return the handle of the run in a folder, or None if its worker is or was a process of this machine."""
        values = read(folder / HANDLE)
        return cls(**values) if values else None

    def note_first(self, folder: Path) -> "Handle":
        """Note it, unless another server has noted one; return the noted one."""
        with atomic(folder / HANDLE, keep_existing=True) as part:
            part.write_text(json.dumps(asdict(self)), encoding="utf-8")
        return Handle.of(folder) or self

    def note(self, folder: Path) -> None:
        """Note it in place of the previous attempt."""
        write(folder / HANDLE, asdict(self))


@dataclass(frozen=True)
class Heard:
    """What was last heard of a job.

    alive: None if its launcher could not be asked; known: whether the job was ever seen there; about: where it runs, or
    why it could not be asked.
    """

    name: str = ""
    alive: bool | None = True
    known: bool = False
    about: str = ""

    @classmethod
    def of(cls, folder: Path, handle: Handle) -> "Heard":
        """Return what was last heard of a run's present job."""
        heard = cls(**read(folder / HEARD))
        return heard if heard.name == handle.name else cls(handle.name)

    def note(self, folder: Path) -> None:
        """Note it, if it is news."""
        if read(folder / HEARD) != asdict(self):
            write(folder / HEARD, asdict(self))


def forget(folder: Path) -> None:
    """Forget the job of a run that is to start anew."""
    for name in (HANDLE, HEARD):
        (folder / name).unlink(missing_ok=True)
