"""A minimal pair."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mlm_demo.corpus.documents import NO_CELLS


@dataclass(frozen=True)
class Pair:
    """Two sentences that differ little: `good` is grammatical, `bad` is not; phenomenon: what they differ in.

    cells: those beside them in their row, by column.
    """

    phenomenon: str
    good: str
    bad: str
    cells: Mapping[str, str] = field(default_factory=lambda: NO_CELLS)
