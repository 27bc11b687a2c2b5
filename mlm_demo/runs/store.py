"""All runs under a folder: made, found, listed, swept. What one of them is, `run.py` tells."""

import math
import re
import secrets
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from mlm_demo.errors import RunError
from mlm_demo.runs.run import AT_REST, GOING, Request, Run, no_run, owner_hash
from mlm_demo.system.files import seconds_since, write, writing

ID = re.compile(r"[A-Za-z0-9_]{8,64}")
SECONDS_SIZES_KEPT = 5  # they take a look at each file of all runs


class RunStore:
    """All runs under a folder."""

    def __init__(self, folder: Path):
        self.folder = folder
        self._sizes: tuple[float, dict[str, int]] = (-math.inf, {})

    def create(
        self,
        command: Callable[[Run], list[str]],
        *,
        title: str,
        owner: str = "",
        fingerprint: str = "",
        about: dict | None = None,
        address: str = "",
    ) -> Run:
        """Make a run that waits; its id cannot be guessed. `command` puts files into its input folder and returns
        the words. Raises RunError if the folder cannot be written, and leaves nothing then."""
        run = Run(self.folder / secrets.token_hex(16))
        # A clock that was set back lets nobody jump the queue.
        queue = [other.request.created for other in self.all() if other.state in GOING]
        created = max([time.time(), *(before + 0.001 for before in queue)])
        with writing(self.folder):
            try:
                run.input.mkdir(parents=True)
                run.reserve()
                request = Request(
                    run.id,
                    command(run),
                    title,
                    owner_hash(owner),
                    fingerprint,
                    created,
                    about or {},
                    address,
                )
                write(run.folder / "run.json", asdict(request))
            except BaseException:
                shutil.rmtree(run.folder, ignore_errors=True)
                raise
        return run

    def all(self) -> list[Run]:
        """Every run, the oldest first."""
        found = []
        for path in self.folder.glob("*/run.json"):
            run = Run(path.parent)
            with suppress(RunError):  # deleted between the two looks, or not to be read
                found.append((run.request.created, run.id, run))
        return [run for *_, run in sorted(found, key=lambda entry: entry[:2])]

    def sizes(self) -> dict[str, int]:
        """How many bytes each run takes, by its id, as it was some seconds ago at most."""
        looked, sizes = self._sizes
        if time.monotonic() - looked > SECONDS_SIZES_KEPT:
            sizes = {run.id: run.size for run in self.all()}
            self._sizes = time.monotonic(), sizes
        return sizes

    def owned_by(self, owner: str) -> list[Run]:
        """The runs of one person, the newest first."""
        own = owner_hash(owner)
        return [
            run for run in reversed(self.all()) if owner and secrets.compare_digest(run.request.owner, own)
        ]

    def find(self, id: str) -> Run:
        """The run of an id; raises RunError if there is none."""
        if not self.has(id):
            raise no_run(id)
        return Run(self.folder / id)

    def has(self, id: str) -> bool:
        """Whether there is a run of this id."""
        return bool(ID.fullmatch(id)) and (self.folder / id / "run.json").is_file()

    def sweep(self, days: float) -> None:
        """Delete runs that ended longer ago, and after a day what a crash left of one half made or half deleted."""
        for run in self.all():
            if run.state in AT_REST and seconds_since(run.folder.glob("*.json*")) > days * 86_400:
                run.delete()
        for folder in self.folder.glob("*/"):
            if not (folder / "run.json").exists() and seconds_since([folder]) > 86_400:
                shutil.rmtree(folder, ignore_errors=True)
