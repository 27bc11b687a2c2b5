"""`fill FILE` and `score FILE`: each sentence of a file, as CSV or as JSON lines.

What cannot be asked stays in the table with its reason, and the rest goes on.
"""

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from itertools import islice

from mlm_demo.cli import terminal
from mlm_demo.corpus.documents import Dropped, ReadLimits
from mlm_demo.corpus.sentence_file import Line, read_sentences
from mlm_demo.errors import MlmDemoError
from mlm_demo.runs.answered_file import TOGETHER, answered, csv_header, csv_lines, json_lines, own_columns
from mlm_demo.settings import Settings


def ask_each(
    name: str,
    settings: Settings,
    ask: Callable[[Sequence[str]], Iterable[dict | MlmDemoError]],
    kind: str,
    *,
    as_json: bool,
    check: Callable[[], object] = lambda: None,
) -> None:
    """Print the answers to the sentences of a file as they come; name: the file, or `-` for standard input.

    ask: returns the answers to some sentences, or the error of one that cannot be asked; kind: FILL or SCORE; check:
    asks a sentence that can always be asked, and so raises the errors that each sentence of the file would have. Raises
    CorpusError for a file that cannot be read at all.
    """
    notes: list[str] = []
    items = list(read_sentences(name, ReadLimits.of(settings), notes))
    for note in notes:
        print(f"note: {note}", file=sys.stderr)
    check()
    own = own_columns(item.cells for item in items if isinstance(item, Line))
    if not as_json:
        print(csv_header(kind, own), end="")
    waiting, done = iter(items), 0
    while some := list(islice(waiting, TOGETHER)):
        terminal.status(f"{done:,} of {len(items):,} sentences")
        answers = iter(ask([item.text for item in some if not isinstance(item, Dropped)]))
        terminal.status("")
        for item in some:
            row = answered(item, [] if isinstance(item, Dropped) else [next(answers)])
            if as_json:
                for line in json_lines(row):
                    print(json.dumps(line, ensure_ascii=False), flush=True)
            else:
                print(csv_lines(kind, row, own), end="", flush=True)
        done += len(some)
