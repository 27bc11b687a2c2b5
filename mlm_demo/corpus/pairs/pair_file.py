"""Read a file of minimal pairs: CSV, TSV, JSON or JSON lines, with the columns good and bad."""

from collections.abc import Iterable
from pathlib import Path

from mlm_demo.corpus.documents import Dropped, ReadLimits
from mlm_demo.corpus.examples.records import Layout, Record, read_records, records_with
from mlm_demo.corpus.pairs.pair import Pair
from mlm_demo.errors import CorpusError, shown

# Names of the columns; the second ones are BLiMP's.
GOOD, BAD = ("good", "sentence_good"), ("bad", "sentence_bad")
PHENOMENON = ("phenomenon", "uid", "linguistics_term")
LAYOUT = Layout(
    frozenset({*GOOD, *BAD, *PHENOMENON}), "pairs", "good and bad, and phenomenon if there are several"
)
ALL = "pairs"  # the phenomenon of a file that names none


def read_if_pairs(
    path: Path, limits: ReadLimits, notes: list[str]
) -> tuple[list[Pair], list[Dropped]] | None:
    """Return what `read_pairs` does, or None for a file without the columns of pairs, as its first row tells."""
    rows = records_with(path, limits, notes, LAYOUT, (GOOD, BAD))
    return _pairs_of(rows, path) if rows else None


def read_pairs(path: Path, limits: ReadLimits, notes: list[str]) -> tuple[list[Pair], list[Dropped]]:
    """Return the pairs of a file, and the rows that are none, each with its reason.

    Raises CorpusError for a file that cannot be read or holds no pair.
    """
    return _pairs_of(read_records(path, limits, notes, LAYOUT), path)


def _pairs_of(rows: Iterable[Record | Dropped], path: Path) -> tuple[list[Pair], list[Dropped]]:
    pairs: list[Pair] = []
    dropped: list[Dropped] = []
    for row in rows:
        if isinstance(row, Dropped):
            dropped.append(row)
            continue
        good, bad = row.cell(GOOD), row.cell(BAD)
        if not good or not bad:
            dropped.append(Dropped(row.where, "it lacks a good or a bad sentence", good or bad))
        elif good == bad:
            dropped.append(Dropped(row.where, "its two sentences are the same", good))
        else:
            pairs.append(Pair(row.cell(PHENOMENON) or ALL, good, bad, row.beside(LAYOUT.columns)))
    if not pairs:
        first = f" ({dropped[0].source}: {dropped[0].reason})" if dropped else ""
        raise CorpusError(
            f"{shown(path.name)} holds no pair{first}; give it the columns good and bad, and phenomenon if you like."
        )
    return pairs, dropped
