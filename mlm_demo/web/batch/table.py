"""The first rows of an answered file as a table; every text is escaped."""

from collections.abc import Callable, Sequence
from html import escape

from mlm_demo.runs.answered_file import FILL
from mlm_demo.web.fill.charts import probability, shown_names
from mlm_demo.web.html import table

ROWS_SHOWN = 100
WORDS_SHOWN = 3  # of each mask


def sentence_table(kind: str, rows: Sequence[dict], count: int) -> str:
    """Return the first rows as a table: each sentence with the answer of each model, or why there is none.

    rows: at least the first ROWS_SHOWN; count: how many there are.
    """
    models = _models(rows)
    names = shown_names([model for model in models if model])
    what, cell = (", first words", _words) if kind == FILL else (", bits per word", _bits)
    none = "Not filled" if kind == FILL else "Not scored"
    headings = ["Sentence", *(names[model["name"]] + what if model else none for model in models)]
    cells = [
        [escape(row["text"] or row["where"]), *_cells(row, cell, len(models))] for row in rows[:ROWS_SHOWN]
    ]
    padded = [[*row, *[""] * (len(headings) - len(row))] for row in cells]
    more = count - ROWS_SHOWN
    note = f'<p class="more">{more:,} more rows are in the file to download.</p>' if more > 0 else ""
    return table(headings, padded, "scored-list") + note


def _models(rows: Sequence[dict]) -> list[dict | None]:
    """Return the model of each column, None for one that has answered no row; one column if there is no answer."""
    asked = zip(*(row["answers"] for row in rows if row["answers"]), strict=True)
    models = [next((one["model"] for one in answers if "error" not in one), None) for answers in asked]
    return models if any(models) else [None]


def _cells(row: dict, cell: Callable[[dict], str], columns: int) -> list[str]:
    """Return the cell of each model, or why none of them has an answer: once, if there is one reason or one column."""
    answers = row["answers"]
    reasons = dict.fromkeys(answer.get("error") for answer in answers) if answers else {row["error"]: None}
    if None not in reasons and 1 in (len(reasons), columns):
        return [escape(" ".join(reasons))]
    return [escape(answer["error"]) if "error" in answer else cell(answer) for answer in answers]


def _bits(score: dict) -> str:
    return f"{score['bits_per_word']:.2f}"


def _words(answer: dict) -> str:
    """Return the first words of each mask, the very first one with its probability."""
    masks = []
    for first, *others in answer["masks"]:
        more = "".join(f", {escape(row['word'])}" for row in others[: WORDS_SHOWN - 1])
        masks.append(f"<b>{escape(first['word'])}</b> {probability(first['score'])}<small>{more}</small>")
    return "<br>".join(masks)
