"""Create, find, list and delete the runs under a folder; `run.py` describes a single run."""

import math
import os
import re
import secrets
import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from mlm_demo.errors import RunError
from mlm_demo.runs.run import ACTIVE, ENDED, Request, Run, no_run, owner_hash
from mlm_demo.system.files import read, seconds_since, write, writing

ID = re.compile(r"[A-Za-z0-9_]{8,64}")
SECONDS_FILES_KEPT = 86_400  # of a run that is done
SECONDS_SIZES_KEPT = 5  # measuring takes a look at every file of every run


def models_of(run: Run) -> set[str]:
    """Return the names of the models that a run starts from or asks."""
    asked = run.request.request
    return {asked.get("model", ""), *asked.get("more_models", ())}


class RunStore:
    """All runs under a folder."""

    def __init__(self, folder: Path):
        self.folder = folder
        self._sizes: tuple[float, dict[str, int]] = (-math.inf, {})

    def create(
        self,
        add_files: Callable[[Run], Sequence[Path]],
        *,
        title: str,
        task: str = "",
        request: dict | None = None,
        owner: str = "",
        fingerprint: str = "",
        about: dict | None = None,
        address: str = "",
    ) -> Run:
        """Create a waiting run whose id nobody can guess.

        add_files: puts files into the run's input folder and returns their paths; owner: the owner's secret; see
        `Request` for the others. Raises RunError if the folder cannot be written, and leaves no run then.
        """
        run = Run(self.folder / secrets.token_hex(16))
        # Even if the clock was set back, a new run goes to the end of the queue.
        queue = [other.request.created for other in self.all() if other.state in ACTIVE]
        created = max([time.time(), *(before + 0.001 for before in queue)])
        with writing(self.folder):
            try:
                run.input.mkdir(parents=True)
                run.reserve()
                files = [str(path.relative_to(run.input)) for path in add_files(run)]
                request_of_run = Request(
                    id=run.id,
                    title=title,
                    owner=owner_hash(owner),
                    fingerprint=fingerprint,
                    created=created,
                    about=about or {},
                    address=address,
                    task=task,
                    request=request or {},
                    files=files,
                )
                write(run.folder / "run.json", asdict(request_of_run))
            except BaseException:
                shutil.rmtree(run.folder, ignore_errors=True)
                raise
        return run

    def all(self) -> list[Run]:
        """Return every run, the oldest first."""
        found = []
        for path in self.folder.glob("*/run.json"):
            run = Run(path.parent)
            with suppress(RunError):  # just deleted, or not valid
                found.append((run.request.created, run.id, run))
        return [run for *_, run in sorted(found, key=lambda entry: entry[:2])]

    def sizes(self) -> dict[str, int]:
        """Return the size of each run in bytes, by id; at most SECONDS_SIZES_KEPT old."""
        measured, sizes = self._sizes
        if time.monotonic() - measured > SECONDS_SIZES_KEPT:
            sizes = {run.id: run.size for run in self.all()}
            self._sizes = time.monotonic(), sizes
        return sizes

    def owned_by(self, owner: str) -> list[Run]:
        """Return the runs of one person, the newest first."""
        own = owner_hash(owner)
        return [
            run for run in reversed(self.all()) if owner and secrets.compare_digest(run.request.owner, own)
        ]

    def hand_over(self, owner: str, to: str) -> None:
        """Give the runs of one person to another, who is the same one under a new secret."""
        for run in self.owned_by(owner):
            path = run.folder / "run.json"
            at = path.stat().st_mtime_ns
            write(path, {**read(path), "owner": owner_hash(to)})
            os.utime(path, ns=(at, at))  # it was not used

    def find(self, id: str) -> Run:
        """Return the run with an id; raises RunError if there is none."""
        if not self.has(id):
            raise no_run(id)
        return Run(self.folder / id)

    def has(self, id: str) -> bool:
        """Return whether there is a run with this id."""
        return bool(ID.fullmatch(id)) and (self.folder / id / "run.json").is_file()

    def needed(self) -> set[str]:
        """Return the ids of the runs whose models are needed by runs that are not done: Resume asks for them again."""
        return set().union(*(models_of(run) for run in self.all() if run.state != "done"))

    def sweep(self, days: float) -> None:
        """Delete runs that ended more than `days` ago, the files of those done for a day, and what a crash left.

        A run whose model another one needs is kept.
        """
        needed = self.needed()
        for run in self.all():
            if run.id in needed:
                continue
            if run.state in ENDED and seconds_since(run.folder.glob("*.json*")) > days * 86_400:
                run.delete()
            elif run.state == "done" and seconds_since([run.folder / "ended.json"]) > SECONDS_FILES_KEPT:
                run.delete_files()
        for folder in self.folder.glob("*/"):
            if not (folder / "run.json").exists() and seconds_since([folder]) > 86_400:
                shutil.rmtree(folder, ignore_errors=True)
