"""Runs on a ZeroGPU Space, which lends a GPU to one call for a limited time, and not to child processes.

So such a call works on the run, and saves a checkpoint when its time is up; Resume continues in another call. This
follows the documentation of the package `spaces` and was tested with a stand-in for it, never on a Space.
"""

from collections.abc import Callable
from contextlib import suppress

from mlm_demo.errors import MlmDemoError
from mlm_demo.runs.run import Run

SECONDS = 120  # requested per call; reading the files and evaluation take a part of it
SECONDS_OF_WORK = 80


def run_on_lent_gpu(work: Callable[[Run, float], None]) -> Callable[[Run], None]:
    """Return a function that works on a waiting run with a lent GPU; the run fails if no GPU is lent.

    work: works on a run for a number of seconds. Call this once, while the page is built.
    """
    import spaces  # exists only on a ZeroGPU Space

    @spaces.GPU(duration=SECONDS)
    def work_on_gpu(run: Run) -> None:
        with suppress(MlmDemoError):  # recorded in the run's folder
            work(run, SECONDS_OF_WORK)

    def lend_and_work(run: Run) -> None:
        try:
            work_on_gpu(run)
        except Exception as error:
            if not run.has_ended:  # no quota left, or no GPU free; quote the reason
                reason = str(error)[:200] or type(error).__name__
                run.finish("failed", f"No GPU was lent ({reason}). Resume tries again.")

    return lend_and_work
