"""The queue of runs: as many run at a time as there are places for them. Independent of language models.

The queue has no process of its own. A thread of the page calls `tick`, which starts the next run under a lock, so two
servers on one folder do not start two. A worker outlives the server that started it; its launcher knows how.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from mlm_demo.errors import RunError
from mlm_demo.runs.handle import Heard
from mlm_demo.runs.launchers.launcher import Launcher
from mlm_demo.runs.launchers.local import LocalLauncher
from mlm_demo.runs.run import ACTIVE, ENDED, RESUMABLE, WORKED_ON, Run, seconds_left
from mlm_demo.runs.store import RunStore
from mlm_demo.system import locks
from mlm_demo.system.files import writing


class RunQueue:
    """Starts, stops and resumes runs.

    max_waiting: limit on waiting runs; max_per_owner, max_per_address: limits on active runs (waiting or running) of
    one person and from one address. environment: variables for the worker, added to those of the process that starts
    it. starts: whether `tick` starts workers; on ZeroGPU, events of the page do. launcher: starts the workers; without
    one they are processes of this machine, one at a time.
    """

    def __init__(
        self,
        runs: RunStore,
        launcher: Launcher | None = None,
        *,
        max_waiting: int = 20,
        max_per_owner: int = 2,
        max_per_address: int = 20,
        environment: Mapping[str, str] | None = None,
        starts: bool = True,
    ):
        self.runs, self.max_waiting = runs, max_waiting
        self.max_per_owner, self.max_per_address = max_per_owner, max_per_address
        self.environment, self.starts = dict(environment or {}), starts
        self.launcher = launcher or LocalLauncher()

    def environment_of_reader(self) -> dict[str, str]:
        """Return the environment of a reader process."""
        return {**os.environ, **self.environment}

    def check_limits(self, owner_hash: str, fingerprint: str, address: str = "") -> None:
        """Raise RunError if the queue is full, for everyone, this person or this address, or has the same run."""
        active = [run for run in self.runs.all() if run.state in ACTIVE]
        if len([run for run in active if run.state == "waiting"]) >= self.max_waiting:
            raise RunError(f"{self.max_waiting} runs are waiting, which is the limit; try again later.")
        own = [run for run in active if owner_hash and run.request.owner == owner_hash]
        for run in own:
            if fingerprint and run.request.fingerprint == fingerprint:
                raise RunError(
                    f"The same run is already {run.state}, as {run.id}; watch it, or stop it first."
                )
        if len(own) >= self.max_per_owner:
            raise RunError(
                f"You have {len(own)} active runs, which is the limit per person; wait for one to end, or stop one."
            )
        nearby = [run for run in active if address and run.request.address == address]
        if len(nearby) >= self.max_per_address:
            raise RunError(
                f"{len(nearby)} runs from your address are active, which is the limit; try again later."
            )

    def tick(self) -> None:
        """Start runs while there are places; end and delete runs for which somebody has asked it.

        Raises RunError if the folder of the runs cannot be written.
        """
        with self._locked():
            found = self.runs.all()
            self.launcher.follow(found, self.environment)
            states = {run: run.state for run in found}
            busy = len([run for run, state in states.items() if state in WORKED_ON and self._is_here(run)])
            places = None
            for run, state in states.items():
                if state in ENDED and run.asked_to_delete:
                    run.delete()
                if state != "waiting":
                    continue
                if run.asked_to_stop:
                    run.finish("stopped", f"Stopped {run.stopped_before('it started.')}")
                elif self.starts:
                    if places is None:  # asked only if a run waits
                        places = self.launcher.places() or 0
                    if busy < places:
                        busy += self._start(run)

    def _is_here(self, run: Run) -> bool:
        """Return whether this queue's launcher has started a run; note of another one's that nobody asks about it."""
        job = run.handle
        started_by = job.launcher if job else LocalLauncher.name
        if started_by == self.launcher.name:
            return True
        if job:
            about = f"This page asks nobody about it; set MLM_DEMO_LAUNCHER={started_by} again."
            heard = Heard.of(run.folder, job)
            Heard(job.name, None, heard.known, about).note(run.folder)
        return False

    def _start(self, run: Run) -> bool:
        """Start a waiting run, or fail it; return whether it takes a place."""
        try:
            with writing(run.folder):
                self.launcher.start(run, self.environment)
            return True
        except RunError as error:
            run.finish("failed", str(error))
            return False

    def position(self, run: Run) -> int:
        """Return the number of runs ahead of a waiting run; 0 if it is next or does not wait."""
        return len(self._ahead(run))

    def seconds_ahead(self, run: Run) -> float | None:
        """Return how long the runs ahead of a waiting run will take if they go one by one, None if unknown."""
        total = 0.0
        for other in self._ahead(run):
            if (left := seconds_left(other)) is None:
                return None
            total += left
        return total

    def _ahead(self, run: Run) -> list[Run]:
        """Return the runs ahead of a waiting run; a resumed one stands before newer ones, but not before their work."""
        runs = self.runs.all()
        place = next((number for number, other in enumerate(runs) if other.id == run.id), None)
        if place is None or run.state != "waiting":
            return []
        return [
            other
            for number, other in enumerate(runs)
            if number != place and other.state in (ACTIVE if number < place else WORKED_ON)
        ]

    def stop(self, run: Run) -> None:
        """Ask a run to stop; its progress is kept."""
        run.ask_to_stop()
        self.tick()

    def resume(self, run: Run) -> None:
        """Put a run that ended early back into the queue; raises RunError if it cannot be resumed."""
        if run.state in RESUMABLE:
            self.check_limits(run.request.owner, run.request.fingerprint, run.request.address)
        with self._locked():  # if two people press Resume at once, only the first succeeds
            run.requeue()
        self.tick()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the lock of the queue; raises RunError if the folder of the runs cannot be written."""
        with writing(self.runs.folder):
            self.runs.folder.mkdir(parents=True, exist_ok=True)
            with locks.exclusive(self.runs.folder / ".lock"):
                yield
