"""The queue: which run is worked on now, and which wait. Nothing here knows of language models.

No process of its own runs the queue: `tick`, called by a thread of the page, starts the next run, under a lock, so that
two servers on one folder do not start two. A worker is a process in a session of its own and outlives the server
that started it. It inherits the run's lock, which was taken before it was started; so from then on the run counts as
running, even if the server is killed before it has noted the worker.
"""

import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from mlm_demo.errors import RunError
from mlm_demo.runs import launcher
from mlm_demo.runs.launcher import Child, Launch
from mlm_demo.runs.run import CAN_GO_ON, GOING, Run
from mlm_demo.runs.store import RunStore
from mlm_demo.system import locks
from mlm_demo.system.files import writing

# Signals that end a process from outside.
KILLED = {signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP}


class RunQueue:
    """Starts, stops and resumes runs, one at a time.

    most_waiting: how many runs may wait in all; most_of_one, most_of_an_address: how many runs of one person, or from
    one address, may wait or run. environment: variables for the worker, added to those of this process. starts: whether
    `tick` starts workers; if not, somebody else works on the runs. launch: starts a worker.
    """

    def __init__(
        self,
        runs: RunStore,
        *,
        most_waiting: int = 20,
        most_of_one: int = 2,
        most_of_an_address: int = 20,
        environment: Mapping[str, str] | None = None,
        starts: bool = True,
        launch: Launch | None = None,
    ):
        self.runs, self.most_waiting = runs, most_waiting
        self.most_of_one, self.most_of_an_address = most_of_one, most_of_an_address
        self.environment, self.starts = dict(environment or {}), starts
        self.launch = launch or launcher.launch
        self._children: list[tuple[Child, Run]] = []

    def environment_of_worker(self) -> dict[str, str]:
        """Return the environment of a process that works for a run."""
        return {**os.environ, **self.environment}

    def check_room(self, owner_hash: str, fingerprint: str, address: str = "") -> None:
        """Raise RunError if the queue is full, in all or for this person or address, or holds the same run."""
        going = [run for run in self.runs.all() if run.state in GOING]
        if len([run for run in going if run.state == "waiting"]) >= self.most_waiting:
            raise RunError(f"{self.most_waiting} runs are waiting, the most there can be; try again later.")
        own = [run for run in going if owner_hash and run.request.owner == owner_hash]
        for run in own:
            if fingerprint and run.request.fingerprint == fingerprint:
                raise RunError(
                    f"The same run is {run.state} already, as {run.id}; watch that one, or stop it first."
                )
        if len(own) >= self.most_of_one:
            raise RunError(
                f"You have {len(own)} runs under way, the most one person can have; wait for one, or stop one."
            )
        near = [run for run in going if address and run.request.address == address]
        if len(near) >= self.most_of_an_address:
            raise RunError(
                f"{len(near)} runs from your address are under way, the most there can be; try again later."
            )

    def tick(self) -> None:
        """Start the next run if none is running; end waiting runs that were asked to stop.

        Raises RunError if the folder of the runs cannot be written.
        """
        with self._locked():
            self._look_after_children()
            states = {run: run.state for run in self.runs.all()}
            busy = any(state in ("running", "stopping") for state in states.values())
            for run, state in states.items():
                if state != "waiting":
                    continue
                if run.asked_to_stop:
                    run.finish("stopped", "Stopped before it began.")
                elif self.starts and not busy:
                    try:
                        with writing(run.folder):
                            self._start(run)
                        busy = True
                    except RunError as error:
                        run.finish("failed", str(error))

    def position(self, run: Run) -> int:
        """Return how many runs come before one that waits; 0 if it is next or does not wait."""
        before = 0
        for other in self.runs.all():
            if other.id == run.id:
                return before if run.state == "waiting" else 0
            before += other.state in GOING
        return 0

    def stop(self, run: Run) -> None:
        """Ask a run to stop; its worker keeps what was learned."""
        run.ask_to_stop()
        self.tick()

    def resume(self, run: Run) -> None:
        """Put a run that ended early back into the queue; raises RunError if it cannot be resumed."""
        if run.state in CAN_GO_ON:
            self.check_room(run.request.owner, run.request.fingerprint, run.request.address)
        with self._locked():  # of two who press Resume at once, the second finds the run waiting or running
            run.requeue()
        self.tick()

    def _look_after_children(self) -> None:
        """End the run of a worker that crashed in a library, which it cannot do itself; a killed one is interrupted."""
        for child, run in self._children:
            ended_by = -(child.poll() or 0)
            if ended_by > 0 and ended_by not in KILLED and run.state == "interrupted":
                run.finish(
                    "failed",
                    f"The run broke off in a library ({signal.Signals(ended_by).name}), as at the limit of its memory; "
                    "choose a smaller batch or corpus. worker.log in its folder says more.",
                )
        self._children = [(child, run) for child, run in self._children if child.returncode is None]

    def _start(self, run: Run) -> None:
        lock = locks.take(run.lock)
        if lock is None:  # somebody works on it who does not ask the queue
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
            os.close(lock)  # the worker has it

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the lock of the queue; raises RunError if the folder of the runs cannot be written."""
        with writing(self.runs.folder):
            self.runs.folder.mkdir(parents=True, exist_ok=True)
            with locks.exclusive(self.runs.folder / ".lock"):
                yield
