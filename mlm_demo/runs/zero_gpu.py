"""Runs on a ZeroGPU Space, which lends a GPU for the length of one call and to no process that we start.

There a run is worked on within such a call, and ends with a checkpoint when its time is over; Resume gives it another.
Written by the documentation of the package `spaces` and tested with a stand-in for it, never on a Space.
"""

from collections.abc import Callable
from contextlib import suppress

from mlm_demo.errors import MlmDemoError
from mlm_demo.runs.run import Run

SECONDS = 120  # asked for; reading the files and evaluating the model take a part of it
SECONDS_OF_WORK = 80


def run_on_lent_gpu(work: Callable[[Run, float], None]) -> Callable[[Run], None]:
    """Return a function that works on a waiting run with a lent GPU; a GPU that is refused ends the run.

    work: works on a run for so many seconds. To be called once, while the page is built.
    """
    import spaces  # only there on a ZeroGPU Space

    @spaces.GPU(duration=SECONDS)
    def work_on_gpu(run: Run) -> None:
        with suppress(MlmDemoError):  # the run's folder says it
            work(run, SECONDS_OF_WORK)

    def lend_and_work(run: Run) -> None:
        try:
            work_on_gpu(run)
        except Exception as error:  # no quota left, or no GPU free: in the lender's own words
            run.finish(
                "failed", f"No GPU was lent ({str(error)[:200] or type(error).__name__}). Resume tries again."
            )

    return lend_and_work
