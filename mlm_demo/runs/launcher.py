"""Start this program again as a child process, and what a queue asks of whoever starts its workers."""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import IO, Protocol

from mlm_demo.runs.run import Run
from mlm_demo.settings import ROOT
from mlm_demo.system.priority import lower_priority


class Child(Protocol):
    """The part of subprocess.Popen that is used here."""

    pid: int
    returncode: int | None

    def poll(self) -> int | None: ...
    def wait(self) -> int: ...
    def kill(self) -> None: ...


class Launch(Protocol):
    """Starts `python -m mlm_demo ARGV`; see `launch`."""

    def __call__(
        self,
        argv: Sequence[str],
        *,
        environment: Mapping[str, str],
        output: IO | int,
        errors: IO | int,
        lock: int | None = None,
    ) -> Child: ...


def launch(
    argv: Sequence[str],
    *,
    environment: Mapping[str, str],
    output: IO | int,
    errors: IO | int,
    lock: int | None = None,
) -> subprocess.Popen:
    """Start `python -m mlm_demo ARGV` with its output in open files.

    lock: a descriptor that the child keeps under the same number. Such a child is a worker: it outlives this process
    and runs at idle priority.
    """
    child = subprocess.Popen(
        [sys.executable, "-m", "mlm_demo", *argv],
        cwd=ROOT,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=errors,
        pass_fds=() if lock is None else (lock,),
        start_new_session=lock is not None,
    )
    lower_priority(child.pid, awaited=lock is None)
    return child


class Launcher(Protocol):
    """Starts the workers of a queue, here or on other machines. name: as `MLM_DEMO_LAUNCHER` has it."""

    name: str

    def check(self) -> None:
        """Raise RunError, with the reason and the fix, if no run could be started now."""

    def places(self) -> int | None:
        """Return how many runs can be worked on at once; None if that cannot be asked now."""

    def start(self, run: Run, environment: Mapping[str, str]) -> None:
        """Start a worker, with these variables in its environment; raises RunError, after which the run has none."""

    def follow(self, runs: Sequence[Run], environment: Mapping[str, str]) -> None:
        """Note in the folders of all runs what became of their workers; start again what was lost."""
