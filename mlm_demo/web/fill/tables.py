"""Write answers as HTML tables, with every value escaped, and as CSV."""

from html import escape

from mlm_demo.inference.spreadsheet import to_csv
from mlm_demo.web.fill.charts import (
    ROWS_SHOWN,
    elsewhere,
    joint_rows,
    list_share,
    mask_title,
    model_caption,
    probability,
    section,
    shown_names,
)


def tables(answers: list[dict]) -> str:
    """Return the rows of the charts as HTML tables, one per mask and model."""
    names = shown_names([answer["model"] for answer in answers])
    sections = []
    for mask in range(len(answers[0]["masks"])):
        parts = (_table(answer, answer["masks"][mask], names) for answer in answers)
        sections.append(section(mask_title(answers[0], mask), "".join(parts)))
    if "joint" in answers[0]:
        parts = (_table(answer, joint_rows(answer), names) for answer in answers)
        sections.append(section("All blanks filled together", "".join(parts)))
    return "".join(sections)


def csv(answers: list[dict]) -> str:
    """Return the rows of all masks and models as CSV with one header; joint fillings have the mask `all`."""
    rows = []
    for answer in answers:
        model = {"model": answer["model"]["name"], "revision": answer["model"]["revision"]}
        for mask, predictions in enumerate(answer["masks"], 1):
            for rank, row in enumerate(predictions, 1):
                ranks = {f"rank in {o['model']}": o["rank"] for o in row.get("elsewhere", ())}
                plain = {k: v for k, v in row.items() if k not in ("elsewhere", "pieces")}
                rows.append({**model, "mask": mask, "rank": rank, **plain, **ranks})
        for rank, row in enumerate(joint_rows(answer) if "joint" in answer else (), 1):
            kept = {key: row[key] for key in ("score", "word", "sequence")}
            rows.append({**model, "mask": "all", "rank": rank, **kept})
    return to_csv(rows, dict.fromkeys(key for row in rows for key in row))


def _table(answer: dict, rows: list[dict], names: dict[str, str]) -> str:
    compared, targets = any(row.get("elsewhere") for row in rows), any("scored" in row for row in rows)
    headings = ["Rank", "Word", "Probability"]
    headings += ["Share of targets", "Scored as"] if targets else []
    headings += ["In the other models"] if compared else []
    head = "".join(f'<th scope="col">{heading}</th>' for heading in [*headings, "Sentence"])
    shown = enumerate(rows[:ROWS_SHOWN], 1)
    body = "".join(_row(rank, row, targets, compared, names) for rank, row in shown)
    more = (
        f" The first {ROWS_SHOWN} of {len(rows):,} words; JSON and CSV contain all of them."
        if len(rows) > ROWS_SHOWN
        else ""
    )
    caption = f"{model_caption(answer['model'], answer['seconds'], names)}{more}"
    return (
        f'<div class="table domain-{escape(answer["model"]["domain"])}" tabindex="0">'
        f"<table><caption>{caption}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _row(rank: int, row: dict, targets: bool, compared: bool, names: dict[str, str]) -> str:
    cells = [
        f'<td class="number">{rank}</td>',
        f'<th scope="row" dir="auto">{escape(row["word"])}</th>',
        f'<td class="number">{probability(row["score"])}</td>',
    ]
    if targets:
        cells += [f'<td class="number">{list_share(row["share"])}</td>', f"<td>{escape(row['scored'])}</td>"]
    if compared:
        cells.append(f"<td>{escape(' · '.join(elsewhere(row, names)))}</td>")
    return f'<tr>{"".join(cells)}<td dir="auto">{escape(row["sequence"])}</td></tr>'
