"""The worker process of a run: `python -m mlm_demo work RUN`.

It imports torch only after it has read the files. Whatever happens, it records in the run's folder how the run ended.
"""

import os
import signal
import sys
import threading
import time
from contextlib import suppress

from mlm_demo.errors import MlmDemoError
from mlm_demo.runs.adapted_models import catalogue_of
from mlm_demo.runs.run import Run
from mlm_demo.runs.tasks.registry import task_of
from mlm_demo.runs.tasks.task import PAUSED, Shift
from mlm_demo.settings import Settings
from mlm_demo.system.distributed import is_main_process

SECONDS_BETWEEN_LOOKS = 1.0
SECONDS_TO_BEGIN = 60  # to plan the steps of a run whose minutes are the limit, and for the last of them
REPLACED = 3  # exit code
PAUSE = (
    signal.SIGUSR2
)  # save a checkpoint and exit with PAUSED: the job goes on later; Slurm's, as submitit asks it


def work(
    run: Run,
    settings: Settings,
    *,
    seconds: float | None = None,
    lock: int | None = None,
    job: str = "",
    requeued: bool = False,
    own_process: bool = False,
    together: bool = False,
) -> None:
    """Work on a run until it is done, somebody stops it, or its time is up.

    seconds: the time limit on a lent GPU; None in a worker process, whose limit is in the settings. lock: the inherited
    descriptor with the run's lock; job: the name of the job that this process is, in place of a lock; requeued: whether
    that job goes on later if this process is ended; own_process: whether this process does nothing else, although this
    is not its main thread; together: whether torchrun has started this process, from the one that has the lock. Of
    several processes that train together, the main one alone writes into the folder. Raises
    RunError if another process works on the run, and re-raises the error that ended the work after recording it.
    """
    in_main_thread = threading.current_thread() is threading.main_thread()
    max_seconds, limit = (
        settings.max_run_minutes * 60 + SECONDS_TO_BEGIN,
        f"The time limit for runs ({settings.max_run_minutes} minutes)",
    )
    if seconds is not None:
        max_seconds, limit = seconds, "The time limit on this GPU"
    if not is_main_process():
        run = _Witnessed(run.folder)
    with run.working(lock, job, together=together):
        if job:
            threading.Thread(target=_exit_when_replaced, args=(run, job), daemon=True).start()
        if together:
            threading.Thread(target=_exit_without, args=(os.getppid(),), daemon=True).start()
        may_exit = own_process or (in_main_thread and seconds is None)
        shift = Shift(run, seconds=max_seconds, limit=limit, of_training=seconds is None, may_exit=may_exit)
        if in_main_thread:  # no other thread can catch a signal
            _listen_to_signals(shift, requeued)
        try:
            task = task_of(run)
            where = task.work(run, settings, catalogue_of(settings), shift)
        except MlmDemoError as error:
            run.finish("failed", str(error))
            raise
        except BaseException as error:
            run.finish(
                "failed", f"The run crashed ({type(error).__name__}); its folder's worker.log has details."
            )
            raise
        if where and shift.paused:
            sys.exit(PAUSED)
        if where:
            run.finish("stopped", f"{shift.reason()} {where}")
        else:
            run.finish("done", keeps_files=task.keeps_files)


class _Witnessed(Run):
    """A run as those of its processes see it that are not the main one: they read, and write nothing."""

    def log(self, line: dict) -> None:
        """Leave it to the main process."""

    def finish(self, state: str, message: str = "", *, keeps_files: bool = False) -> None:
        """Leave it to the main process."""


def _exit_when_replaced(run: Run, job: str) -> None:
    """End this process as soon as another job works on the run, or nobody shall: this one's node was given up."""
    while True:
        time.sleep(SECONDS_BETWEEN_LOOKS)
        with suppress(OSError, ValueError):  # a network file system that does not answer now
            if (noted := run.handle) is None or noted.name != job:
                os._exit(REPLACED)


def _exit_without(parent: int) -> None:
    """End this process as soon as torchrun is gone, and the run's lock with it."""
    while os.getppid() == parent:
        time.sleep(SECONDS_BETWEEN_LOOKS)
    os._exit(REPLACED)


def _listen_to_signals(shift: Shift, requeued: bool) -> None:
    def stop(_number, _frame) -> None:
        shift.signalled = True

    def pause(_number, _frame) -> None:
        shift.paused = True

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, pause if requeued else stop)
    signal.signal(PAUSE, pause)
