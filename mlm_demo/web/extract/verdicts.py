"""What a person says about answers, right or wrong: in the table as files, and as examples for fine-tuning."""

import csv
import io
import json
from dataclasses import dataclass

from mlm_demo.inference.extract.extraction import COLUMNS, Extraction, Finding
from mlm_demo.inference.spreadsheet import to_csv

RIGHT, WRONG = "right", "wrong"
AROUND = 2  # sentences before and after the one of an answer, in the context of an example
Key = tuple[str, str, str | None]


@dataclass(frozen=True)
class Verdict:
    """A verdict on a row as it was shown, with what examples need of its paper.

    sentence: the one of the answer, or the most relevant one. context: the same with its neighbors. answer: None if
    the row had none. start: the first character of the answer in the context. right: whether the person agreed.
    """

    question: str
    document: str
    sentence: str
    context: str
    answer: str | None
    start: int
    right: bool

    @property
    def found(self) -> bool:
        """Whether the person agreed with an answer."""
        return self.answer is not None and self.right


Verdicts = dict[Key, Verdict]


def key_of(row: dict) -> Key:
    """Return what a verdict is about: a question, the sentence of a paper, and the answer or that there is none."""
    return row["question"], f"{row['document']}\n{row['sentence']}", row["answer"]


def judge(verdicts: Verdicts, finding: Finding, row: dict, verdict: str) -> Verdicts:
    """Note a verdict in place, RIGHT or WRONG; anything else takes it back."""
    key = key_of(row)
    verdicts.pop(key, None)
    if verdict in (RIGHT, WRONG) and row["sentence"] is not None:
        start, end = _around(finding, row)
        verdicts[key] = Verdict(
            question=finding.question,
            document=row["document"],
            sentence=row["sentence"],
            context=finding.paper.text[start:end],
            answer=row["answer"],
            start=(row["start"] or 0) - start,
            right=verdict == RIGHT,
        )
    return verdicts


def examples(verdicts: Verdicts) -> list[Verdict]:
    """Return the verdicts that are examples: all but `wrong` for a paper without an answer.

    Such a verdict does not say where the answer stands.
    """
    return [verdict for verdict in verdicts.values() if verdict.answer is not None or verdict.right]


def evidence_csv(verdicts: Verdicts) -> str:
    """Return examples as CSV with the columns question, sentence, label and document.

    label: 1 for a sentence that answers, else 0. document: keeps the sentences of a paper together when examples are
    split.
    """
    rows = [(v.question, v.sentence, int(v.found), v.document) for v in examples(verdicts)]
    return _csv(("question", "sentence", "label", "document"), rows)


def answers_csv(verdicts: Verdicts) -> str:
    """Return examples as CSV with the columns question, context, answer, answer_start and document.

    An empty answer means that the context has none. Of a wrong answer the context is its sentence alone, because the
    right one may stand beside it.
    """
    rows = []
    for verdict in examples(verdicts):
        wrong = verdict.answer is not None and not verdict.right
        answer = (verdict.answer, verdict.start) if verdict.found else ("", "")
        context = verdict.sentence if wrong else verdict.context
        rows.append((verdict.question, context, *answer, verdict.document))
    return _csv(("question", "context", "answer", "answer_start", "document"), rows)


def table_csv(extraction: Extraction, verdicts: Verdicts) -> str:
    """Return the table as CSV, with the verdict on each row: RIGHT, WRONG or empty."""
    return to_csv(_judged(extraction, verdicts), (*COLUMNS, "verdict"))


def table_lines(extraction: Extraction, verdicts: Verdicts) -> str:
    """Return the table as JSON lines, with the verdict on each row: RIGHT, WRONG or null."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in _judged(extraction, verdicts))


def count_sentence(verdicts: Verdicts, shown: Extraction | None) -> str:
    """Return how many verdicts there are, and why some of them are no examples or not in sight; empty without any.

    shown: the table that is shown, None without one.
    """
    if not verdicts:
        return ""
    count, more = len(verdicts), len(verdicts) - len(examples(verdicts))
    hidden = len(verdicts.keys() - {key_of(row) for row in (shown.rows if shown else ())})
    beyond = f", {hidden:,} of them not in sight (of another question, paper or threshold)" if hidden else ""
    noted = (
        f"{count:,} {'verdict' if count == 1 else 'verdicts'}{beyond}. Download them before you remove the papers or "
        "leave the page; Teach a model a task, on the tab Adapt, reads them."
    )
    if more:
        noted += (
            f" {more:,} of them {'makes' if more == 1 else 'make'} no example: a missed answer has no place. Lower the "
            "threshold until the answer appears, and judge that."
        )
    return noted


def _judged(extraction: Extraction, verdicts: Verdicts) -> list[dict]:
    rows = []
    for row in extraction.records():
        said = verdicts.get(key_of(row))
        rows.append({**row, "verdict": said and (RIGHT if said.right else WRONG)})
    return rows


def _around(finding: Finding, row: dict) -> tuple[int, int]:
    """Return the characters of the sentences around the one of a row."""
    paper = finding.paper
    inside = paper.sentences_at(row["sentence_start"], row["sentence_end"])
    first, last = max(0, inside[0] - AROUND), min(len(paper.sentences) - 1, inside[-1] + AROUND)
    return paper.sentences[first][0], paper.sentences[last][1]


def _csv(columns: tuple[str, ...], rows: list[tuple]) -> str:
    """Return rows as CSV. Unlike in a table of results, no text gets a ': an answer has to be in its context."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return written.getvalue()
