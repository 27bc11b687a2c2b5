"""Time several implementations in turns in one process, and print the results as a table.

The speed of a machine drifts, but measurements within the same second drift together. So the result is the median of
the ratios within each round, not the ratio of two medians taken minutes apart.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # so that each benchmark runs as a script from any folder
LONG = 2.0  # seconds: a round this long needs no warm-up
ENOUGH = 20.0  # seconds: one round this long is enough


@dataclass(frozen=True)
class Pair:
    """Medians in seconds, and the median of theirs over ours: above 1 if ours is faster."""

    ours: float
    theirs: float
    ratio: float


def time_pairs(
    ours: Sequence[Callable[[], object]], theirs: Callable[[], object], *, seconds: float = 2.5
) -> list[Pair]:
    """Time each of ours against theirs in rounds of all of them, in alternating order.

    Two short rounds warm up and do not count. Then as many rounds as fit into `seconds`: at most thirty, at least two,
    or one if it is very long.
    """
    calls = [*ours, theirs]
    end = time.perf_counter() + seconds
    rounds = [[_once(call) for call in calls]]
    if sum(rounds[0]) < LONG:
        rounds.clear()
        for call in calls:
            call()
        end = time.perf_counter() + seconds
    minimum = 1 if rounds and sum(rounds[0]) > ENOUGH else 2
    while len(rounds) < minimum or (len(rounds) < 30 and time.perf_counter() < end):
        order = calls[::-1] if len(rounds) % 2 else calls
        taken = {call: _once(call) for call in order}
        rounds.append([taken[call] for call in calls])
    medians = [statistics.median(column) for column in zip(*rounds, strict=True)]
    return [
        Pair(medians[number], medians[-1], statistics.median(taken[-1] / taken[number] for taken in rounds))
        for number in range(len(ours))
    ]


def _once(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def wants_json(description: str) -> bool:
    """Parse the command line of a benchmark; return whether it has `--json`."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--json", action="store_true", help="print the results as JSON")
    return parser.parse_args().json


def print_table(
    title: str, headings: Sequence[str], rows: Sequence[Sequence], ratios: dict, as_json: bool
) -> None:
    """Print a Markdown table and the named ratios, or both as JSON."""
    if as_json:
        figures = [dict(zip(headings, row, strict=True)) for row in rows]
        print(json.dumps({"title": title, "figures": figures, "ratios": ratios}, indent=2))
        return
    print(f"\n## {title}\n")
    print("| " + " | ".join(headings) + " |")
    print("|" + "---|" * len(headings))
    for row in rows:
        print("| " + " | ".join(_shown(cell) for cell in row) + " |")
    if ratios:
        print("\nratios: " + ", ".join(f"{name} {value:.3g}" for name, value in ratios.items()))


def _shown(cell) -> str:
    if not isinstance(cell, float):
        return str(cell)
    return f"{cell:,.0f}" if cell >= 1000 else f"{cell:.3g}"
