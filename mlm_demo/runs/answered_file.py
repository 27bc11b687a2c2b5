"""A file of sentences, pairs or facts with its answers, row by row: the same in the shell, on the page, in a run.

An answered row is a dictionary: `where` it stands, its `text`, the other `columns` of a table's row if there are any,
and `answers`, one by each model, as the engine returns it or as {"error": reason}. A row that could not be read has its
reason in `error`, and no answers. Pairs and facts have no `where` and no `text`; each of their answers holds what was
asked.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

from mlm_demo.corpus.documents import Dropped
from mlm_demo.corpus.facts import Fact
from mlm_demo.corpus.pairs.pair import Pair
from mlm_demo.corpus.sentence_file import Line
from mlm_demo.errors import MlmDemoError
from mlm_demo.inference.spreadsheet import to_csv

FILL, SCORE, PAIRS, FACTS = "fill", "score", "pairs", "facts"
KINDS = (FILL, SCORE, PAIRS, FACTS)  # as the commands are called
COUNTED = (PAIRS, FACTS)  # their answers are right or wrong, and counted
NOUNS = {PAIRS: "pair", FACTS: "fact"}  # of a row; others are sentences
# What a row asks, in the first columns of the table; a person's own columns come after it, then the answers.
ASKED = {
    FILL: ("where", "text"),
    SCORE: ("where", "text"),
    PAIRS: ("phenomenon", "good", "bad"),
    FACTS: ("relation", "subject", "template", "object"),
}
COLUMNS = {
    FILL: ("model", "revision", "mask", "rank", "word", "score", "sequence", "error"),
    SCORE: (
        "model", "revision", "method", "log_likelihood", "pseudo_perplexity", "bits_per_word", "tokens", "words",
        "error",
    ),
    PAIRS: ("model", "revision", "good_log_likelihood", "bad_log_likelihood", "correct", "error"),
    FACTS: ("model", "revision", "rank", "probability", "rank_without", "probability_without", "error"),
}  # fmt: skip
# Of a person's table, in the CSV; JSON lines with a new key in each would make a table of nothing but commas.
MOST_COLUMNS = 200
# Rows that are asked together, so that they share passes. With one number everywhere the figures are equal.
TOGETHER = 32

Item = Line | Dropped | Pair | Fact


def answered(item: Item, answers: Sequence[dict | MlmDemoError]) -> dict:
    """Return the row of a file with its answers, one by each model; a row that could not be read has none."""
    if isinstance(item, Dropped):
        return {"where": item.source, "text": item.first_line, "error": item.reason, "answers": []}
    columns = {"columns": dict(item.cells)} if item.cells else {}
    if isinstance(item, Pair | Fact):
        asked = {name: getattr(item, name) for name in ASKED[PAIRS if isinstance(item, Pair) else FACTS]}
        return {**columns, "answers": [{**asked, **_json(answer)} for answer in answers]}
    return {
        "where": item.where,
        "text": item.text,
        **columns,
        "answers": [_json(answer) for answer in answers],
    }


def failed(row: dict) -> bool:
    """Return whether some model has no answer to a row."""
    return not row["answers"] or any("error" in answer for answer in row["answers"])


def json_lines(row: dict) -> list[dict]:
    """Return the lines of a sentence's row: one by each model, with all that the engine returned."""
    if not row["answers"]:
        return [{"where": row["where"], "error": row["error"]}]
    about = {name: row[name] for name in ("where", "text", "columns") if name in row}
    return [{**about, **answer} for answer in row["answers"]]


def own_columns(cells: Iterable[Mapping[str, str]]) -> list[str]:
    """Return the names of a person's own columns, from the cells of each row: the first MOST_COLUMNS."""
    return list(islice(dict.fromkeys(name for row in cells for name in row), MOST_COLUMNS))


def csv_columns(kind: str, own: Sequence[str]) -> list[str]:
    """Return the header of the table; own: the columns of a person's table, which stand beside the text."""
    return [*ASKED[kind], *(_header(kind, name) for name in own), *COLUMNS[kind]]


def _header(kind: str, name: str) -> str:
    """Return the name of a person's own column, which must not be one of ours."""
    while name in ASKED[kind] + COLUMNS[kind]:
        name = f"{name} (own)"
    return name


def csv_header(kind: str, own: Sequence[str]) -> str:
    """Return the first line of the table as CSV; own: as for `csv_columns`."""
    return to_csv([], csv_columns(kind, own))


def csv_lines(kind: str, row: dict, own: Sequence[str]) -> str:
    """Return the lines of the table that a row has as CSV, without the header; own: as for `csv_columns`."""
    return to_csv(_csv_rows(kind, row, own), csv_columns(kind, own), header=False)


def _csv_rows(kind: str, row: dict, own: Sequence[str]) -> Iterator[dict]:
    cells = row.get("columns", {})
    beside = {_header(kind, name): cells[name] for name in own if name in cells}
    if not row["answers"]:
        yield {"where": row["where"], "error": row["error"]}
    for answer in row["answers"]:
        about = {**{name: (answer if kind in COUNTED else row)[name] for name in ASKED[kind]}, **beside}
        if model := answer.get("model"):
            about |= {"model": model["name"], "revision": model["revision"]}
        if "error" in answer:
            yield {**about, "error": answer["error"]}
            continue
        for figures in _figures(kind, answer):
            yield {**about, **figures}


def csv(kind: str, rows: Iterable[dict]) -> str:
    """Return rows as CSV with a header."""
    rows = list(rows)
    own = own_columns(row.get("columns", {}) for row in rows)
    return csv_header(kind, own) + "".join(csv_lines(kind, row, own) for row in rows)


def _json(answer: dict | MlmDemoError) -> dict:
    return {"error": str(answer)} if isinstance(answer, MlmDemoError) else answer


def _figures(kind: str, answer: dict) -> Iterator[dict]:
    """Yield what an answer says, without its model: a row for each word of a filled mask, else one."""
    if kind == FILL:
        yield from _filled(answer)
    elif kind == SCORE:
        yield from _scored(answer)
    else:
        yield {name: answer[name] for name in COLUMNS[kind] if name in answer and name != "model"}


def _filled(answer: dict) -> Iterator[dict]:
    """Yield a row for each word of each mask, and for each joint filling, whose mask is `all`."""
    for number, mask in enumerate(answer["masks"], 1):
        for rank, row in enumerate(mask, 1):
            yield {
                "mask": number,
                "rank": rank,
                **{name: row[name] for name in ("word", "score", "sequence")},
            }
    for rank, row in enumerate(answer.get("joint", ()), 1):
        figures = {name: row[name] for name in ("score", "sequence")}
        yield {
            "mask": "all",
            "rank": rank,
            "word": " + ".join(word.strip() for word in row["token_strs"]),
            **figures,
        }


def _scored(score: dict) -> Iterator[dict]:
    """Yield the row of a sentence; words: those between white space, of which `bits_per_word` is the mean."""
    names = ("method", "log_likelihood", "pseudo_perplexity", "bits_per_word", "tokens")
    yield {**{name: score[name] for name in names}, "words": len(score["text"].split())}
