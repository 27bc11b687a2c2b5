"""A minimal pair."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Pair:
    """Two sentences that differ little: `good` is grammatical, `bad` is not; phenomenon: what they differ in."""

    phenomenon: str
    good: str
    bad: str
