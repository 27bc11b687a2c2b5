"""Workers on this machine: each is a child process that inherits its run's lock, one at a time."""

import os
import signal
from collections.abc import Mapping, Sequence

from mlm_demo.runs import child_process
from mlm_demo.runs.child_process import Child, Launch
from mlm_demo.runs.run import Run
from mlm_demo.runs.tasks.registry import TRAINING
from mlm_demo.system import locks

# Signals by which somebody ends a process; a crash has others.
KILLED = {signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP}


class LocalLauncher:
    """Starts workers as child processes, which outlive this process.

    The server takes the run's lock before it starts the worker, which inherits the lock. So the run counts as running
    from then on, even if the server is killed before it records the worker. launch: starts a worker; processes: of a
    run that trains.
    """

    name = "local"

    def __init__(self, launch: Launch | None = None, processes: int = 1):
        self.launch, self.processes = launch or child_process.launch, processes
        self.children: list[tuple[Child, Run]] = []

    def check(self) -> None:
        """Runs can always be started here."""

    def price(self) -> str:
        """Return nothing: the machine is there anyway."""
        return ""

    def places(self) -> int:
        """Return how many runs are worked on at once."""
        return 1

    def start(self, run: Run, environment: Mapping[str, str]) -> None:
        """Start a worker; do nothing if a worker has the run that no queue started."""
        lock = locks.take(run.lock)
        if lock is None:
            return
        try:
            with (run.folder / "worker.log").open("ab") as log:
                trains = run.request.task in TRAINING
                several = ["--processes", str(self.processes)] if self.processes > 1 and trains else []
                child = self.launch(
                    ["work", run.id, "--lock", str(lock), *several],
                    environment={**os.environ, **environment},
                    output=log,
                    errors=log,
                    lock=lock,
                )
            self.children.append((child, run))
            try:
                run.mark_started(child.pid)
            except OSError:
                child.kill()
                raise
        finally:
            os.close(lock)  # the worker has inherited it

    def follow(self, runs: Sequence[Run], environment: Mapping[str, str]) -> None:
        """Fail the runs whose worker crashed in a library; the run of a killed worker counts as interrupted."""
        for child, run in self.children:
            ended_by = -(child.poll() or 0)
            if ended_by > 0 and ended_by not in KILLED and run.state == "interrupted":
                run.finish(
                    "failed",
                    f"The run crashed in a library ({signal.Signals(ended_by).name}), perhaps at its memory limit; "
                    "choose a smaller batch or corpus. Its folder's worker.log has details.",
                )
        self.children = [(child, run) for child, run in self.children if child.returncode is None]
