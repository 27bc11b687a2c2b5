"""What a Slurm job does: run a worker, and before Slurm takes the node away, let it save a checkpoint and queue again.

submitit pickles a `SlurmWork` and calls it on the node. Before the time of the job is over, Slurm sends SIGUSR2 to the
worker, which saves a checkpoint, and to submitit, which calls `checkpoint` and requeues the job under its number and
name: the noted job goes on. When the job is preempted or canceled, the worker gets SIGTERM, and this process waits for
what follows: SIGUSR2, or the end.
"""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mlm_demo.runs.tasks.task import PAUSED
from mlm_demo.runs.worker import PAUSE

if TYPE_CHECKING:
    from submitit.helpers import DelayedSubmission

SECONDS_TO_SAVE = 75  # of submitit's 90 between the signal and the end
SECONDS_BETWEEN_LOOKS = 0.2


@dataclass
class SlurmWork:
    """The worker of a run as a job.

    handle: the job's name, as noted in the run's folder; log: of the worker; python: the interpreter on the node.
    """

    id: str
    handle: str
    log: Path
    python: str = sys.executable
    process: subprocess.Popen | None = None

    def __call__(self) -> None:
        """Run the worker; end as it ends."""
        words = [self.python, "-m", "mlm_demo", "work", self.id, "--handle", self.handle, "--requeued"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(words, stdout=log, stderr=log)
        while (code := self.process.poll()) is None:  # `wait` would keep a lock that `checkpoint` needs
            time.sleep(SECONDS_BETWEEN_LOOKS)
        if code == PAUSED:
            time.sleep(SECONDS_TO_SAVE)
        if code < 0:
            with suppress(OSError):  # SIGKILL has no handler
                signal.signal(-code, signal.SIG_DFL)
            os.kill(os.getpid(), -code)
        if code:
            os._exit(code)

    def checkpoint(self) -> "DelayedSubmission":
        """Wait until the worker has saved a checkpoint; return what the requeued job does. Called by submitit."""
        from submitit.helpers import DelayedSubmission

        process, end = self.process, time.monotonic() + SECONDS_TO_SAVE
        if process is not None and not _has_ended(process.pid):
            process.send_signal(PAUSE)  # where the system tells this process alone
            while not _has_ended(process.pid):
                if time.monotonic() > end:
                    process.kill()  # the checkpoint before is kept
                time.sleep(SECONDS_BETWEEN_LOOKS)
        return DelayedSubmission(SlurmWork(self.id, self.handle, self.log, self.python))


def _has_ended(pid: int) -> bool:
    """Return whether a child has ended, without a lock: the signal may have come while `poll` held it."""
    try:
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        return True
