"""The first rows of an answered file as a table; every text is escaped."""

from collections.abc import Callable, Sequence
from html import escape

from mlm_demo.runs.answered_file import FILL, failed
from mlm_demo.web.fill.charts import probability, shown_names
from mlm_demo.web.html import table

ROWS_SHOWN = 100
WORDS_SHOWN = 3  # of each mask


def sentence_table(kind: str, rows: Sequence[dict], count: int) -> str:
    """Return the first rows as a table: each sentence with the answer of each model, or why there is none.

    rows: at least the first ROWS_SHOWN; count: how many there are.
    """
    models = next(([answer["model"] for answer in row["answers"]] for row in rows if not failed(row)), [])
    what, cell = (", first words", _words) if kind == FILL else (", bits per word", _bits)
    headings = ["Sentence", *(name + what for name in shown_names(models).values())]
    if not models:
        headings.append("Not filled" if kind == FILL else "Not scored")
    cells = [[escape(row["text"] or row["where"]), *_cells(row, cell)] for row in rows[:ROWS_SHOWN]]
    padded = [[*row, *[""] * (len(headings) - len(row))] for row in cells]
    more = count - ROWS_SHOWN
    note = f'<p class="more">{more:,} more rows are in the file to download.</p>' if more > 0 else ""
    return table(headings, padded, "scored-list") + note


def _cells(row: dict, cell: Callable[[dict], str]) -> list[str]:
    """Return the cell of each model, or each reason once why some model has no answer."""
    if not failed(row):
        return list(map(cell, row["answers"]))
    reasons = dict.fromkeys(answer["error"] for answer in row["answers"] if "error" in answer)
    return [escape(" ".join(reasons) or row.get("error", ""))]


def _bits(score: dict) -> str:
    return f"{score['bits_per_word']:.2f}"


def _words(answer: dict) -> str:
    """Return the first words of each mask, the very first one with its probability."""
    masks = []
    for first, *others in answer["masks"]:
        more = "".join(f", {escape(row['word'])}" for row in others[: WORDS_SHOWN - 1])
        masks.append(f"<b>{escape(first['word'])}</b> {probability(first['score'])}<small>{more}</small>")
    return "<br>".join(masks)
