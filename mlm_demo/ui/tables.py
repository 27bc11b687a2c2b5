"""Answers as tables: on the page, every value escaped, and as CSV."""

from html import escape

import pandas as pd

from mlm_demo.ui.charts import ROWS_SHOWN, elsewhere, list_share, model_caption, probability


def tables(answers: list[dict]) -> str:
    """The same rows as the charts, as real tables: one a mask and model."""
    parts = []
    for answer in answers:
        for number, rows in enumerate(answer["masks"], 1):
            title = f" Mask {number} of {len(answer['masks'])}." if len(answer["masks"]) > 1 else ""
            parts.append(_table(answer, rows, title))
        if "joint" in answer:
            rows = [{**f, "word": " + ".join(w.strip() for w in f["token_strs"])} for f in answer["joint"]]
            parts.append(_table(answer, rows, " All masks filled together."))
    return "".join(parts)


def csv(answers: list[dict]) -> str:
    """All rows of all masks and models as CSV, one header; joint fillings have the mask `all`."""
    rows = []
    for answer in answers:
        model = {"model": answer["model"]["name"], "revision": answer["model"]["revision"]}
        for mask, predictions in enumerate(answer["masks"], 1):
            for rank, row in enumerate(predictions, 1):
                ranks = {f"rank in {o['model']}": o["rank"] for o in row.get("elsewhere", ())}
                plain = {k: v for k, v in row.items() if k not in ("elsewhere", "pieces")}
                rows.append({**model, "mask": mask, "rank": rank, **plain, **ranks})
        for rank, filling in enumerate(answer.get("joint", ()), 1):
            words = " + ".join(word.strip() for word in filling["token_strs"])
            row = {"score": filling["score"], "word": words, "sequence": filling["sequence"]}
            rows.append({**model, "mask": "all", "rank": rank, **row})
    # Whole numbers stay whole beside empty cells.
    return pd.DataFrame(rows).convert_dtypes().to_csv(index=False)


def _table(answer: dict, rows: list[dict], title: str) -> str:
    compared, targets = any(row.get("elsewhere") for row in rows), any("scored" in row for row in rows)
    headings = ["Rank", "Word", "Probability"]
    headings += ["Of the list", "Scored as"] if targets else []
    headings += ["In the others"] if compared else []
    head = "".join(f'<th scope="col">{heading}</th>' for heading in [*headings, "Sentence"])
    body = "".join(_row(rank, row, targets, compared) for rank, row in enumerate(rows[:ROWS_SHOWN], 1))
    more = (
        f" The first {ROWS_SHOWN} of {len(rows):,}; JSON and CSV hold all." if len(rows) > ROWS_SHOWN else ""
    )
    caption = f"{model_caption(answer['model'], answer['seconds'])}{title}{more}"
    return (
        f'<div class="table domain-{escape(answer["model"]["domain"])}" tabindex="0">'
        f"<table><caption>{caption}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _row(rank: int, row: dict, targets: bool, compared: bool) -> str:
    cells = [
        f'<td class="number">{rank}</td>',
        f'<th scope="row" dir="auto">{escape(row["word"])}</th>',
        f'<td class="number">{probability(row["score"])}</td>',
    ]
    if targets:
        cells += [f'<td class="number">{list_share(row["share"])}</td>', f"<td>{escape(row['scored'])}</td>"]
    if compared:
        cells.append(f"<td>{escape(' · '.join(elsewhere(row)))}</td>")
    return f'<tr>{"".join(cells)}<td dir="auto">{escape(row["sequence"])}</td></tr>'
