"""The worker process of a run: `python -m mlm_demo work RUN`.

It imports torch only after it has read the files. Whatever happens, it records in the run's folder how the run ended.
"""

import signal
import threading

from mlm_demo.errors import MlmDemoError
from mlm_demo.runs.adapted_models import catalogue_of
from mlm_demo.runs.run import Run
from mlm_demo.runs.tasks.registry import task_of
from mlm_demo.runs.tasks.task import Shift
from mlm_demo.settings import Settings


def work(run: Run, settings: Settings, *, seconds: float | None = None, lock: int | None = None) -> None:
    """Work on a run until it is done, somebody stops it, or its time is up.

    seconds: the time limit on a lent GPU; None in a worker process, whose limit is in the settings. lock: the inherited
    descriptor with the run's lock. Raises RunError if another process works on the run, and re-raises the error that
    ended the work after recording it.
    """
    in_main_thread = threading.current_thread() is threading.main_thread()
    max_seconds, limit = (
        settings.max_run_minutes * 60,
        f"The time limit for runs ({settings.max_run_minutes} minutes)",
    )
    if seconds is not None:
        max_seconds, limit = seconds, "The time limit on this GPU"
    with run.working(lock):
        shift = Shift(run, seconds=max_seconds, limit=limit, may_exit=in_main_thread and seconds is None)
        if in_main_thread:  # no other thread can catch a signal
            _stop_on_signal(shift)
        try:
            where = task_of(run).work(run, settings, catalogue_of(settings), shift)
        except MlmDemoError as error:
            run.finish("failed", str(error))
            raise
        except BaseException as error:
            run.finish(
                "failed", f"The run crashed ({type(error).__name__}); its folder's worker.log has details."
            )
            raise
        if where:
            run.finish("stopped", f"{shift.reason()} {where}")
        else:
            run.finish("done")


def _stop_on_signal(shift: Shift) -> None:
    def stop(_number, _frame) -> None:
        shift.signalled = True

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
