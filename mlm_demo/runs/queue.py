"""The queue of runs, one running at a time. Independent of language models.

The queue has no process of its own. A thread of the page calls `tick`, which starts the next run under a lock, so two
servers on one folder do not start two. A worker runs in its own session and outlives the server that started it. The
server takes the run's lock before it starts the worker, which inherits the lock. So the run counts as running from then
on, even if the server is killed before it records the worker.
"""

import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from mlm_demo.errors import RunError
from mlm_demo.runs import launcher
from mlm_demo.runs.launcher import Child, Launch
from mlm_demo.runs.run import ACTIVE, ENDED, RESUMABLE, Run
from mlm_demo.runs.store import RunStore
from mlm_demo.system import locks
from mlm_demo.system.files import writing

# Signals by which somebody ends a process; a crash has others.
KILLED = {signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP}


class RunQueue:
    """Starts, stops and resumes runs, one at a time.

    max_waiting: limit on waiting runs; max_per_owner, max_per_address: limits on active runs (waiting or running) of
    one person and from one address. environment: variables for the worker, added to those of this process. starts:
    whether `tick` starts workers; on ZeroGPU, events of the page do. launch: starts a worker.
    """

    def __init__(
        self,
        runs: RunStore,
        *,
        max_waiting: int = 20,
        max_per_owner: int = 2,
        max_per_address: int = 20,
        environment: Mapping[str, str] | None = None,
        starts: bool = True,
        launch: Launch | None = None,
    ):
        self.runs, self.max_waiting = runs, max_waiting
        self.max_per_owner, self.max_per_address = max_per_owner, max_per_address
        self.environment, self.starts = dict(environment or {}), starts
        self.launch = launch or launcher.launch
        self._children: list[tuple[Child, Run]] = []

    def environment_of_worker(self) -> dict[str, str]:
        """Return the environment of a worker or reader process."""
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
        """Start the next run if none is running; end and delete runs for which somebody has asked it.

        Raises RunError if the folder of the runs cannot be written.
        """
        with self._locked():
            self._collect_children()
            states = {run: run.state for run in self.runs.all()}
            busy = any(state in ("running", "stopping") for state in states.values())
            for run, state in states.items():
                if state in ENDED and run.asked_to_delete:
                    run.delete()
                if state != "waiting":
                    continue
                if run.asked_to_stop:
                    run.finish("stopped", "Stopped before it started.")
                elif self.starts and not busy:
                    try:
                        with writing(run.folder):
                            self._start(run)
                        busy = True
                    except RunError as error:
                        run.finish("failed", str(error))

    def position(self, run: Run) -> int:
        """Return the number of runs ahead of a waiting run; 0 if it is next or does not wait."""
        before = 0
        for other in self.runs.all():
            if other.id == run.id:
                return before if run.state == "waiting" else 0
            before += other.state in ACTIVE
        return 0

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

    def _collect_children(self) -> None:
        """Fail the runs whose worker crashed in a library; the run of a killed worker counts as interrupted."""
        for child, run in self._children:
            ended_by = -(child.poll() or 0)
            if ended_by > 0 and ended_by not in KILLED and run.state == "interrupted":
                run.finish(
                    "failed",
                    f"The run crashed in a library ({signal.Signals(ended_by).name}), perhaps at its memory limit; "
                    "choose a smaller batch or corpus. Its folder's worker.log has details.",
                )
        self._children = [(child, run) for child, run in self._children if child.returncode is None]

    def _start(self, run: Run) -> None:
        lock = locks.take(run.lock)
        if lock is None:  # a worker that no queue started
            return
        try:
            with (run.folder / "worker.log").open("ab") as log:
                child = self.launch(
                    ["work", run.id, "--lock", str(lock)],
                    environment=self.environment_of_worker(),
                    output=log,
                    errors=log,
                    lock=lock,
                )
            self._children.append((child, run))
            try:
                run.mark_started(child.pid)
            except OSError:
                child.kill()
                raise
        finally:
            os.close(lock)  # the worker has inherited it

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the lock of the queue; raises RunError if the folder of the runs cannot be written."""
        with writing(self.runs.folder):
            self.runs.folder.mkdir(parents=True, exist_ok=True)
            with locks.exclusive(self.runs.folder / ".lock"):
                yield
