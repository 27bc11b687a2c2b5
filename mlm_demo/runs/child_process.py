"""Start this program again as a child process: a worker, or a reader."""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import IO, Protocol

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
