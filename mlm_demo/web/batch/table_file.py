"""The answers of a run as a file, written piece by piece, because it may be large."""

import json
from collections.abc import Iterator

from mlm_demo.errors import RunError
from mlm_demo.runs.answered_file import COUNTED, csv_header, csv_lines, json_lines, own_columns
from mlm_demo.runs.run import Run
from mlm_demo.runs.tasks.batch import request_of, rows_of, summed_up

ENDINGS = {"csv": "text/csv", "jsonl": "application/jsonl", "json": "application/json"}


def table_of(run: Run, ending: str) -> Iterator[str]:
    """Return the answers of a run in pieces: csv; jsonl for sentences, json for pairs and facts.

    Raises RunError for any other run and ending.
    """
    asked = request_of(run)
    if asked is None or ending not in ("csv", "json" if asked.verb in COUNTED else "jsonl"):
        raise RunError(f"The run {run.id} has no table as .{ending}.")
    if ending == "json":
        models = summed_up(rows_of(run), asked)
        return iter([json.dumps({"models": models}, ensure_ascii=False, indent=2)])
    if ending == "jsonl":
        return (
            json.dumps(line, ensure_ascii=False) + "\n" for row in rows_of(run) for line in json_lines(row)
        )
    return _csv_pieces(asked.verb, run)


def _csv_pieces(kind: str, run: Run) -> Iterator[str]:
    own = own_columns(row.get("columns", {}) for row in rows_of(run))
    yield csv_header(kind, own)
    for row in rows_of(run):
        yield csv_lines(kind, row, own)
