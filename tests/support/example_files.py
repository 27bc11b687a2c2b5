"""Files of examples that tests write: tables, and articles in SQuAD's form."""

import csv
import io
import json

CONTEXT = "Iron was given to 40 adults. It rose by 12 g/L. Nobody was harmed."


def table(rows: list[dict], delimiter: str = ",") -> str:
    """Return rows as a CSV file with the columns of the first."""
    file = io.StringIO()
    writer = csv.DictWriter(file, list(rows[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue()


def json_lines(rows: list) -> str:
    """Return rows as JSON lines."""
    return "".join(json.dumps(row) + "\n" for row in rows)


def squad(questions: list[dict], *, context: str = CONTEXT, title: str = "Iron", **paragraph) -> str:
    """Return questions on one paragraph as a file in SQuAD's form."""
    paragraphs = [{"context": context, "qas": questions, **paragraph}]
    return json.dumps({"version": "2.0", "data": [{"title": title, "paragraphs": paragraphs}]})


def question(number: int, text: str | None = "40 adults", start: int | None = 18, **fields) -> dict:
    """Return a question of SQuAD's form with one answer, or with none if its text is None."""
    answers = [] if text is None else [{"text": text, "answer_start": start}]
    return {"id": f"q{number}", "question": f"Who got dose {number}?", "answers": answers, **fields}
