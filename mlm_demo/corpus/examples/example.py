"""The examples of both downstream tasks, and a set of them with what was noted and dropped while reading."""

from dataclasses import dataclass, field
from typing import Generic, TypeVar

from mlm_demo.corpus.documents import Dropped, name_dropped
from mlm_demo.errors import CorpusError

# 16 to learn from, the fewest with which question answering is usually studied (Splinter, arXiv 2101.00438), and
# 4 to measure on.
MIN_EXAMPLES = 20


@dataclass(frozen=True)
class Answer:
    """An answer as it stands in its context: `context[start : start + len(text)] == text`."""

    start: int
    text: str


@dataclass(frozen=True)
class AnswerExample:
    """A question on a text with all answers that count as right; no answers if the text does not answer it.

    id: unique among the examples read together. group: the article, which is the unit of splitting and resampling.
    title: of the article; "" if it has none.
    """

    id: str
    question: str
    context: str
    answers: tuple[Answer, ...]
    group: str
    title: str = ""

    @property
    def right(self) -> str:
        """An answer, empty if there is none."""
        return self.answers[0].text if self.answers else ""


@dataclass(frozen=True)
class EvidencePool:
    """A question with the sentences that are to be ranked for it, and whether each is evidence for its answer.

    No label is true if the sentences do not answer the question. group: as of an AnswerExample.
    """

    id: str
    question: str
    sentences: tuple[str, ...]
    labels: tuple[bool, ...]
    group: str

    @property
    def right(self) -> str:
        """A sentence that is evidence, empty if there is none."""
        return next((text for text, label in zip(self.sentences, self.labels, strict=True) if label), "")


E = TypeVar("E", AnswerExample, EvidencePool)


@dataclass
class Examples(Generic[E]):
    """Examples, a sentence for each thing to know about their reading, and what was left out, by file and row."""

    examples: list[E] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)

    def drop(self, where: str, reason: str, text: object = "") -> None:
        """Name a row that is left out; text: its question, or what else tells it from other rows."""
        self.dropped.append(Dropped(where, reason, str(text).strip()[:80]))

    def check_count(self, count: int, needs: str) -> None:
        """Raise CorpusError if `count` examples are too few.

        needs: a sentence that says what the files should hold.
        """
        if not count:
            raise CorpusError(
                f"The files hold no example that can be used. {needs}{name_dropped(self.dropped)}"
            )
        if count < MIN_EXAMPLES:
            raise CorpusError(
                f"The files hold {count} example{'s' * (count > 1)}, which is too few: {MIN_EXAMPLES} are needed, 16 "
                f"to learn from and 4 to measure on. Add {MIN_EXAMPLES - count} more.{name_dropped(self.dropped)}"
            )
