"""`fill FILE` and `score FILE`: each sentence of a file, as CSV or as JSON lines.

What cannot be asked stays in the table with its reason, and the rest goes on.
"""

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from itertools import islice

from mlm_demo.cli import terminal
from mlm_demo.corpus.documents import Dropped, ReadLimits
from mlm_demo.corpus.sentence_file import read_sentences
from mlm_demo.errors import CorpusError, MlmDemoError
from mlm_demo.inference.spreadsheet import to_csv
from mlm_demo.settings import Settings

FILL_COLUMNS = ("where", "text", "mask", "rank", "word", "score", "sequence", "error")
SCORE_COLUMNS = (
    "where", "text", "log_likelihood", "pseudo_perplexity", "bits_per_word", "tokens", "words", "error",
)  # fmt: skip

TOGETHER = 64  # sentences that are asked together, so that they share passes


def ask_each(
    name: str,
    settings: Settings,
    ask: Callable[[Sequence[str]], Iterable[dict | MlmDemoError]],
    rows_of: Callable[[dict], Iterable[dict]],
    columns: Iterable[str],
    *,
    as_json: bool,
) -> None:
    """Print the answers to the sentences of a file as they come; name: the file, or `-` for standard input.

    ask: returns the answers to some sentences, or the error of one that cannot be asked; rows_of: the rows of an answer
    in the table. Raises CorpusError for a file that cannot be read at all.
    """
    notes: list[str] = []
    items = list(read_sentences(name, ReadLimits.of(settings), notes))
    for note in notes:
        print(f"note: {note}", file=sys.stderr)
    if not as_json:
        print(to_csv([], columns), end="")
    waiting, done = iter(items), 0
    while some := list(islice(waiting, TOGETHER)):
        terminal.status(f"{done:,} of {len(items):,} sentences")
        answers = iter(ask([item.text for item in some if not isinstance(item, Dropped)]))
        terminal.status("")
        for item in some:
            dropped = isinstance(item, Dropped)
            start = {"where": item.source} if dropped else {"where": item.where, "text": item.text}
            found = CorpusError(item.reason) if dropped else next(answers)
            failed = isinstance(found, MlmDemoError)
            found = {"error": str(found)} if failed else found
            if as_json:
                print(json.dumps({**start, **found}, ensure_ascii=False), flush=True)
            else:
                rows = [found] if failed else rows_of(found)
                table = to_csv([{**start, **row} for row in rows], columns)
                print(table.partition("\n")[2], end="", flush=True)
        done += len(some)


def fill_rows(answer: dict) -> Iterable[dict]:
    """Yield a row for each word of each mask."""
    for number, mask in enumerate(answer["masks"], 1):
        for rank, row in enumerate(mask, 1):
            shown = {name: row[name] for name in ("word", "score", "sequence")}
            yield {"mask": number, "rank": rank, **shown}


def score_rows(score: dict) -> Iterable[dict]:
    """Yield the row of a sentence."""
    names = ("log_likelihood", "pseudo_perplexity", "bits_per_word")
    yield {
        **{name: score[name] for name in names},
        "tokens": score["tokens"],
        "words": len(score["words"]),
    }
