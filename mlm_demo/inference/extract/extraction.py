"""The result of an extraction: a table with a row for each paper and question, at any threshold."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from mlm_demo.inference.extract.paper import Paper
from mlm_demo.inference.spreadsheet import to_csv

DIGITS = 4  # of scores and relevances in the table
ROW = (
    "document", "title", "question", "answer", "start", "end", "score",
    "sentence", "sentence_start", "sentence_end", "relevance",
)  # fmt: skip
COLUMNS = (*ROW, "model", "revision", "threshold")


@dataclass(frozen=True)
class Finding:
    """What the models say to one question about one paper, whatever the threshold.

    span: the (start, end) characters of the best answer, or None if the paper has no text. score: by how much it is
    above the null answer, in logits. relevances: the probability that each sentence is evidence, None where it was not
    judged.
    """

    paper: Paper
    question: str
    span: tuple[int, int] | None
    score: float
    relevances: tuple[float | None, ...]

    @property
    def best_sentence(self) -> int:
        """The number of the most relevant sentence of those that were judged."""
        judged = [number for number, relevance in enumerate(self.relevances) if relevance is not None]
        return max(judged, key=self.relevances.__getitem__)


@dataclass(frozen=True)
class Extraction:
    """Findings, and the threshold that decides which of them are answers: those with at least this score.

    model: what JSON reports about it. findings: the questions in order, the papers by name. notes: what a person should
    know about how the papers were read.
    """

    model: dict
    threshold: float
    questions: tuple[str, ...]
    findings: tuple[Finding, ...]
    notes: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        model: dict,
        threshold: float,
        questions: Sequence[str],
        findings: Sequence[Finding],
        notes: Sequence[str] = (),
    ) -> "Extraction":
        """Put findings into an order that does not depend on the order of the papers."""
        order = {question: number for number, question in enumerate(questions)}

        def place(finding: Finding) -> tuple:
            paper = finding.paper
            return order[finding.question], paper.document, paper.title, paper.text

        return cls(model, threshold, tuple(questions), tuple(sorted(findings, key=place)), tuple(notes))

    def at(self, threshold: float) -> "Extraction":
        """Return the same findings decided by another threshold; no model is asked."""
        return replace(self, threshold=threshold)

    @cached_property
    def rows(self) -> list[dict]:
        """The table: for each question the papers, the one with the most relevant sentence first."""
        order = {question: number for number, question in enumerate(self.questions)}
        rows = [_row(finding, self.threshold) for finding in self.findings]
        return sorted(rows, key=lambda row: (order[row["question"]], -row["relevance"]))

    def answered(self, question: str) -> int:
        """Return how many papers answer a question."""
        return sum(row["question"] == question and row["answer"] is not None for row in self.rows)

    def to_json(self) -> dict:
        """Return the JSON of the shell and of HTTP."""
        return {
            "model": self.model,
            "threshold": self.threshold,
            "questions": list(self.questions),
            "rows": self.rows,
            "notes": list(self.notes),
        }

    def records(self) -> list[dict]:
        """Return rows that say by themselves where they come from: with the model, its revision and the threshold."""
        source = {
            "model": self.model["name"],
            "revision": self.model["revision"],
            "threshold": self.threshold,
        }
        return [{**row, **source} for row in self.rows]

    def to_csv(self) -> str:
        """Return the records as CSV; a cell is empty where there is no answer."""
        return to_csv(self.records(), COLUMNS)


def _row(finding: Finding, threshold: float) -> dict:
    """Return a row: with an answer, the sentence it stands in; without one, the most relevant sentence."""
    paper = finding.paper
    row = dict.fromkeys(ROW)
    row |= {"document": paper.document, "title": paper.title, "question": finding.question, "relevance": 0.0}
    if not paper.sentences:
        return row
    if math.isfinite(finding.score):
        row["score"] = round(finding.score, DIGITS)
    if finding.span and row["score"] >= threshold:
        start, end = finding.span
        row |= {"answer": paper.text[start:end], "start": start, "end": end}
        inside = paper.sentences_at(start, end)
    else:
        inside = range(finding.best_sentence, finding.best_sentence + 1)
    sentence_start, sentence_end = paper.sentences[inside[0]][0], paper.sentences[inside[-1]][1]
    return {
        **row,
        "sentence": paper.text[sentence_start:sentence_end],
        "sentence_start": sentence_start,
        "sentence_end": sentence_end,
        "relevance": round(max(finding.relevances[number] or 0.0 for number in inside), DIGITS),
    }
