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
        on_progress(share, stage + time_left(time.perf_counter() - start, share))

    return report


def time_left(seconds: float, share: float) -> str:
    """Return how long the rest takes, as the end of a phrase; empty if that is short or not known yet.

    seconds: that the share done has taken.
    """
    left = seconds * (1 - share) / share if share > 0 else 0
    if left < 2:
        return ""
    return f", about {left:.0f} s left" if left < 120 else f", about {left / 60:.0f} min left"
