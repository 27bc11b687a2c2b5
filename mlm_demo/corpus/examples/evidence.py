"""Read questions with the sentences to rank for them.

Rows of question, sentence and label are taken as they are; SQuAD's form, other answers in a text and PubMedQA's rows
become pools of sentences.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from mlm_demo.corpus.documents import Dropped, ReadLimits
from mlm_demo.corpus.examples.answer_pools import pools_of_answers
from mlm_demo.corpus.examples.answers import AnswerReader
from mlm_demo.corpus.examples.example import EvidencePool, Examples
from mlm_demo.corpus.examples.labels import EXPECTED, is_number, parse_label
from mlm_demo.corpus.examples.pubmedqa import Paper, is_paper, joint_pools, read_paper
from mlm_demo.corpus.examples.records import Record, read_records
from mlm_demo.errors import CorpusError, shown

NEEDS = "Give a table with the columns question, sentence and label, SQuAD's JSON, or PubMedQA's rows."


def read_evidence(files: Sequence[Path], limits: ReadLimits) -> Examples[EvidencePool]:
    """Read files into pools of sentences; raise CorpusError for too few labeled sentences, or labels all the same.

    Rows of one question, and of one document if there is such a column, form a pool. Rows that cannot be used are
    dropped by file and row.
    """
    found, rows, answers, papers = (
        Examples[EvidencePool](),
        _LabeledRows(),
        AnswerReader(),
        dict[str, Paper](),
    )
    for path in files:
        numbers = False
        for record in read_records(path, limits, found.notes):
            if isinstance(record, Dropped):
                found.dropped.append(record)
            elif is_paper(record.values):
                paper = read_paper(record)
                if isinstance(paper, Paper) and papers.setdefault(paper.id, paper) is not paper:
                    found.drop(
                        record.where, f"it is the paper of {papers[paper.id].where} again", paper.question
                    )
                elif isinstance(paper, Dropped):
                    found.dropped.append(paper)
            elif record.values.keys() & {"sentence", "label"}:
                rows.take(record, found)
                numbers |= is_number(record.values.get("label"))
            else:
                answers.take(record, path.name)
        if numbers:
            found.notes.append(
                f"Label 1 of {path.name} was read as relevant and 0 as not; GLUE's files mean the opposite."
            )
    from_answers = answers.finish()
    found.notes += from_answers.notes
    found.dropped += from_answers.dropped
    found.examples += rows.pools()
    found.examples += joint_pools(list(papers.values()))
    found.examples += pools_of_answers(from_answers.examples)
    labels = [label for pool in found.examples for label in pool.labels]
    found.check_count(len(labels), NEEDS)
    if len(set(labels)) == 1:
        raise CorpusError(
            f"All {len(labels):,} sentences are labeled {'relevant' if labels[0] else 'not relevant'}, so there is "
            f"nothing to tell apart; add sentences that are {'not ' if labels[0] else ''}relevant."
        )
    return found


class _LabeledRows:
    """Rows of question, sentence and label, collected into pools in the order of their first rows."""

    def __init__(self):
        self._pools: dict[tuple[str, str], dict[str, tuple[bool, str]]] = {}  # sentence → its label and where
        self._firsts: dict[tuple[str, str], str] = {}

    def take(self, record: Record, found: Examples) -> None:
        """Read a row, or name it as dropped."""
        row = record.values
        question, sentence = (" ".join(str(row.get(name) or "").split()) for name in ("question", "sentence"))
        label = parse_label(row.get("label"))
        reason = _why_not(row, question, sentence, label)
        pool = self._pools.setdefault((question, _document(row)), {}) if reason is None else {}
        if reason is None and sentence in pool and pool[sentence][0] != label:
            reason = f"its label contradicts that of {pool[sentence][1].rpartition(', ')[2]}"
        if reason is not None:
            found.drop(record.where, reason, question or sentence)
            return
        pool.setdefault(sentence, (label, record.where))
        self._firsts.setdefault((question, _document(row)), record.where)

    def pools(self) -> list[EvidencePool]:
        """Return the pools; one without a document is a group of its own, by its question."""
        return [
            EvidencePool(
                self._firsts[question, document],
                question,
                tuple(pool),
                tuple(label for label, _ in pool.values()),
                document or question,
            )
            for (question, document), pool in self._pools.items()
        ]


def _document(row: Mapping[str, object]) -> str:
    return str(row.get("group") or row.get("document") or "").strip()


def _why_not(row: Mapping[str, object], question: str, sentence: str, label: bool | None) -> str | None:
    """Return why a row cannot be used, or None if it can."""
    if not question or not sentence:
        return f"its {'sentence' if question else 'question'} is empty"
    if "label" not in row:
        return "it has no label"
    if label is None:
        return f"its label {shown(row['label'], 20)} is unknown (expected {EXPECTED})"
    return None
