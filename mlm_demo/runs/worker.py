"""The process that works on a run: `python -m mlm_demo work RUN`.

torch is imported when the files have been read. Whatever happens, the worker notes in the run's folder how it ended.
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
    """Work on a run until it is done, is asked to stop, or its time is over.

    seconds: how long a lent GPU may be used; None for a process of the run's own, which may take what the settings
    allow; lock: the inherited descriptor that holds the run's lock. Raises RunError if another process works on the
    run, and again whatever ended the work, after noting it.
    """
    in_main_thread = threading.current_thread() is threading.main_thread()
    most, limit = (
        settings.max_run_minutes * 60,
        f"The longest time that a run may take here ({settings.max_run_minutes} minutes)",
    )
    if seconds is not None:
        most, limit = seconds, "The time on this GPU"
    with run.working(lock):
        shift = Shift(run, seconds=most, limit=limit, may_exit=in_main_thread and seconds is None)
        if in_main_thread:  # no other thread can catch a signal
            _stop_on_signal(shift)
        try:
            where = task_of(run).work(run, settings, catalogue_of(settings), shift)
        except MlmDemoError as error:
            run.finish("failed", str(error))
            raise
        except BaseException as error:
            run.finish(
                "failed", f"The run broke off ({type(error).__name__}); worker.log in its folder says where."
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
