"""How a question reports its progress."""

import time
from collections.abc import Callable

Progress = Callable[[float, str], None]  # share done from 0 to 1, stage


def silent(share: float, stage: str) -> None:
    """Ignore progress."""


def with_time_left(on_progress: Progress, stage: str) -> Callable[[float], None]:
    """Return a function that reports a share with the stage and the seconds left, if these are many."""
    start = time.perf_counter()

    def report(share: float) -> None:
        left = (time.perf_counter() - start) * (1 - share) / share
        on_progress(share, f"{stage}, about {left:.0f} s left" if left >= 2 else stage)

    return report
