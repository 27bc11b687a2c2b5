"""The queue: which run is worked on now, which wait. Nothing here knows of language models.

There is no server process to lose: whoever calls `tick` (a page's thread, a command) starts what is next, under a
lock, so that two servers on one folder do not start two. A worker is a process in a session of its own: it outlives
whoever started it. Its standard input ends once it is noted as the run's worker, and also if whoever started it was
killed before: so it knows whether the run is its own.
"""

import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import contextmanager

from mlm_demo.errors import RunError
from mlm_demo.runs.run import CAN_GO_ON, GOING, Run
from mlm_demo.runs.store import RunStore
from mlm_demo.settings import ROOT
from mlm_demo.system.files import writing
from mlm_demo.system.priority import lower_priority

# What ends a process from outside.
KILLED = {signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP}


class RunQueue:
    """Starts, stops and resumes runs, one at a time.

    most_waiting: runs that may wait in all; most_of_one, most_of_an_address: those of one person, and from one address,
    that may wait or be worked on.
    environment: what the worker finds in its environment beside ours. starts: whether a run is worked on by a process
    that is started here; else by whoever begins it, who looks whether it was asked to stop.
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
    ):
        self.runs, self.most_waiting = runs, most_waiting
        self.most_of_one, self.most_of_an_address = most_of_one, most_of_an_address
        self.environment, self.starts = dict(environment or {}), starts
        self._children: list[tuple[subprocess.Popen, Run]] = []

    def environment_of_worker(self) -> dict[str, str]:
        """What a process that works for a run finds in its environment."""
        return {**os.environ, **self.environment}

    def check_room(self, owner_hash: str, fingerprint: str, address: str = "") -> None:
        """Raise RunError if the queue is full, or for this person or address, or the same is under way already."""
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
        """Start the next run if none is worked on; end those that were to stop before they began.

        Raises RunError if the folder of the runs cannot be written.
        """
        with self._alone():
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
        """How many runs come before this one that waits; 0 when it is next or does not wait."""
        before = 0
        for other in self.runs.all():
            if other.id == run.id:
                return before if run.state == "waiting" else 0
            before += other.state in GOING
        return 0

    def stop(self, run: Run) -> None:
        """Ask a run to stop; what it has learned is its worker's to keep."""
        run.ask_to_stop()
        self.tick()

    def resume(self, run: Run) -> None:
        """Put a run that ended early back into the queue; raises RunError if it cannot go on."""
        if run.state in CAN_GO_ON:
            self.check_room(run.request.owner, run.request.fingerprint, run.request.address)
        with self._alone():  # of two who press Resume at once, one finds it running
            run.requeue()
        self.tick()

    def _look_after_children(self) -> None:
        """Say of a worker that a library has ended what it cannot say itself; one that was killed is interrupted."""
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
        with (run.folder / "worker.log").open("ab") as said:
            child = subprocess.Popen(
                [sys.executable, *run.request.command],
                cwd=ROOT,
                env=self.environment_of_worker(),
                stdin=subprocess.PIPE,
                stdout=said,
                stderr=said,
                start_new_session=True,
            )
        self._children.append((child, run))
        lower_priority(child.pid)
        try:
            run.mark_started(child.pid)
        except OSError:
            child.kill()
            raise
        finally:
            child.stdin.close()

    @contextmanager
    def _alone(self):
        with writing(self.runs.folder):
            self.runs.folder.mkdir(parents=True, exist_ok=True)
            with (self.runs.folder / ".lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield
