"""The part of a file that the page answers while a person waits: how much, and as what it is shown."""

import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from mlm_demo.corpus.documents import Dropped, ReadLimits, named_rows
from mlm_demo.corpus.facts import Fact, read_if_facts
from mlm_demo.corpus.pairs.pair import Pair
from mlm_demo.corpus.pairs.pair_file import read_if_pairs
from mlm_demo.corpus.sentence_file import check_small_text, read_sentences
from mlm_demo.inference.engine import Engine
from mlm_demo.inference.progress import Progress, time_left
from mlm_demo.runs.answered_file import COUNTED, FACTS, PAIRS, Item
from mlm_demo.runs.tasks.batch import BatchRequest, ask_rows, counted, summed_up
from mlm_demo.settings import Settings, on_zero_gpu
from mlm_demo.web.batch.fact_table import drawn_facts
from mlm_demo.web.batch.pair_table import drawn_pairs
from mlm_demo.web.batch.table import ROWS_SHOWN, sentence_table

MAX_SENTENCES = 1_000
MAX_BYTES = 5_000_000
# Rows that are asked together: they share passes, and Cancel and the limit of seconds come soon.
TOGETHER, CHARACTERS_TOGETHER = 16, 2_000
SECONDS_TO_ESTIMATE = 5  # how long the work is watched before the page gives it up for taking too long


def read_rows(
    path: Path, kinds: Sequence[str], settings: Settings, notes: list[str]
) -> tuple[str, list[Item]]:
    """Return what an uploaded file holds, and its rows; raises CorpusError.

    kinds: what it may hold, the kind of a file of sentences first. notes: receives what a person should know about how
    it was read.
    """
    check_small_text(path, MAX_BYTES)
    limits = ReadLimits.of(settings)
    for kind, read_if in ((PAIRS, read_if_pairs), (FACTS, read_if_facts)):
        if kind in kinds and (found := read_if(path, limits, notes)):
            rows, dropped = found
            notes += named_rows(dropped)
            return kind, list(rows)
    return kinds[0], list(read_sentences(str(path), limits, notes))


def answer_some(
    engine: Engine, asked: BatchRequest, items: Sequence[Item], on_progress: Progress
) -> tuple[list[dict], str]:
    """Return the answered rows that there was time for, and why there are no more; empty if these are all."""
    most = MAX_SENTENCES // 2 if asked.verb in COUNTED else MAX_SENTENCES
    limit, start, rows = engine.settings.max_score_seconds, time.monotonic(), []
    there = items[:most]
    for model in asked.models:
        engine.load(model, on_progress, exact=asked.exact)
    for chunk in chunks(there):
        report = _counted(on_progress, asked, len(rows), len(chunk), len(there), start)
        rows += ask_rows(engine, asked, chunk, report)
        if len(rows) == len(there):
            break
        spent = time.monotonic() - start
        if spent > limit:
            return rows, f"the page stops after {limit} seconds"
        if spent > SECONDS_TO_ESTIMATE and spent * len(there) / len(rows) > limit and not on_zero_gpu():
            left = time_left(spent, len(rows) / len(items)).removeprefix(", ").removesuffix(" left")
            return rows, f"the rest would take {left}"
    return rows, "the page stops there" if len(rows) < len(items) else ""


def drawn(asked: BatchRequest, rows: Sequence[dict], count: int) -> str:
    """Return answered rows as HTML; count: how many there are, of which only the first ones may be given."""
    if asked.verb in COUNTED:
        return (drawn_pairs if asked.verb == PAIRS else drawn_facts)(summed_up(rows, asked))
    return sentence_table(asked.verb, list(islice(rows, ROWS_SHOWN)), count)


def chunks(items: Sequence[Item]) -> Iterator[list[Item]]:
    """Cut items into chunks of about as much work; a long sentence is one by itself."""
    chunk, characters = [], 0
    for item in items:
        length = _length(item)
        if chunk and (len(chunk) == TOGETHER or characters + length > CHARACTERS_TOGETHER):
            yield chunk
            chunk, characters = [], 0
        chunk.append(item)
        characters += length
    if chunk:
        yield chunk


def _length(item: Item) -> int:
    if isinstance(item, Dropped):
        return 0
    if isinstance(item, Pair):
        return len(item.good) + len(item.bad)
    return len(item.template) + len(item.subject) if isinstance(item, Fact) else len(item.text)


def _counted(
    on_progress: Progress, asked: BatchRequest, before: int, these: int, of: int, start: float
) -> Callable[[float], None]:
    """Return a function that reports a share of `these` rows, after those `before`, as a share of all."""

    def report(share: float) -> None:
        done = before + these * share
        left = time_left(time.monotonic() - start, done / of)
        on_progress(done / of, f"{int(done):,} of {counted(asked.verb, of)}{left}")

    return report
