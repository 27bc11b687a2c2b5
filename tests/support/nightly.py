"""How much the tests repeat: little in `make test`, everything in `make nightly`."""

import os
from collections.abc import Sequence

import pytest

NIGHTLY = os.environ.get("TESTS") == "nightly"
PICTURES = NIGHTLY or os.environ.get("TESTS") == "pictures"  # whether the browser tests take screenshots

nightly = pytest.mark.skipif(not NIGHTLY, reason="a long run of what another test checks: make nightly")


def some(values: Sequence, number: int) -> list:
    """Return all values nightly, otherwise `number` of them, spread evenly from the first to the last."""
    if NIGHTLY or number >= len(values):
        return list(values)
    return [values[round(i * (len(values) - 1) / max(number - 1, 1))] for i in range(number)]
