"""Ways to do one thing, timed in turns in one process, and the tables that come of it.

A machine's speed drifts; what is measured within the same second drifts together. So what is told is the median of the
ratios within a round, not the ratio of two medians taken minutes apart.
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
sys.path.insert(0, str(ROOT))  # so that each benchmark runs as a script, wherever it is called from
LONG = 2.0  # seconds: a round that takes so long needs no warming up
ENOUGH = 20.0  # seconds: a round that takes so long is alone enough


@dataclass(frozen=True)
class Pair:
    """Medians in seconds, and the median of theirs over ours: above 1 where ours is faster."""

    ours: float
    theirs: float
    ratio: float


def time_pairs(
    ours: Sequence[Callable[[], object]], theirs: Callable[[], object], *, seconds: float = 2.5
) -> list[Pair]:
    """Each of ours beside theirs: rounds of all of them in turns, the order swapped each time.

    Two rounds are not counted where they are short. At most thirty are, as many as fit into the seconds, but two at
    least, or one that is very long.
    """
    ways = [*ours, theirs]
    end = time.perf_counter() + seconds
    rounds = [[_once(way) for way in ways]]
    if sum(rounds[0]) < LONG:
        rounds.clear()
        for way in ways:
            way()
        end = time.perf_counter() + seconds
    least = 1 if rounds and sum(rounds[0]) > ENOUGH else 2
    while len(rounds) < least or (len(rounds) < 30 and time.perf_counter() < end):
        order = ways[::-1] if len(rounds) % 2 else ways
        taken = {way: _once(way) for way in order}
        rounds.append([taken[way] for way in ways])
    medians = [statistics.median(column) for column in zip(*rounds, strict=True)]
    return [
        Pair(medians[number], medians[-1], statistics.median(taken[-1] / taken[number] for taken in rounds))
        for number in range(len(ours))
    ]


def _once(way: Callable[[], object]) -> float:
    start = time.perf_counter()
    way()
    return time.perf_counter() - start


def wants_json(description: str) -> bool:
    """Read the command line of a benchmark: whether `--json` is on it."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    return parser.parse_args().json


def tell(title: str, headings: Sequence[str], rows: Sequence[Sequence], ratios: dict, as_json: bool) -> None:
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
