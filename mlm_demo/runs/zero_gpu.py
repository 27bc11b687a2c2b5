"""Runs on a ZeroGPU Space, where a GPU is lent for the length of one call and no process of ours ever has one.

There a run is worked on within such a call, and ends with a checkpoint when its time is over; Resume gives it another.
Written by the documentation of the package `spaces` and tried with a stand-in for it, never on a Space.
"""

import os
from collections.abc import Callable

from mlm_demo.runs.run import Run

SECONDS = 120  # what is asked for; the reading before and the judging after need some of it
SECONDS_OF_WORK = 80


def leg() -> Callable[[Run], None]:
    """What works on a waiting run with a lent GPU; made once, while the page is built. Failing, it ends the run."""
    import spaces  # there on a ZeroGPU Space alone

    from mlm_demo.cli.main import main

    @spaces.GPU(duration=SECONDS)
    def work(run: Run) -> None:
        run.mark_started(os.getpid())
        _, _, *words = run.request.command  # without -m mlm_demo
        main([*words, "--leg", str(SECONDS_OF_WORK)])

    def lend_and_work(run: Run) -> None:
        try:
            work(run)
        except Exception as error:  # a quota that is used up, or no GPU free: the lender's own words
            run.finish(
                "failed", f"No GPU was lent ({str(error)[:200] or type(error).__name__}). Resume tries again."
            )

    return lend_and_work
