"""Read articles in the form of SQuAD 1 and 2: paragraphs with questions, their answers and offsets."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mlm_demo.corpus.examples.records import Record


@dataclass(frozen=True)
class RawQuestion:
    """A question as a file has it, before its answers are placed; an offset is None if it has none.

    where: its place, such as "a.json, article 2, paragraph 1, question 3".
    """

    where: str
    id: str
    question: str
    context: str
    answers: tuple[tuple[str, int | None], ...]
    group: str
    title: str


def is_article(values: Mapping[str, object]) -> bool:
    """Return whether a row is an article in SQuAD's form."""
    return isinstance(values.get("paragraphs"), list)


def questions_in(article: Record) -> Iterator[RawQuestion]:
    """Yield the questions of an article; what is missing or of another type is empty.

    SQuAD 2's unanswerable questions have no answers; their plausible answers, which are wrong, are not read.
    """
    title = _text(article.values.get("title"))
    for number, paragraph in enumerate(article.values["paragraphs"], 1):
        place = f"{article.where}, paragraph {number}"
        paragraph = paragraph if isinstance(paragraph, dict) else {}
        questions = paragraph.get("qas")
        context = _text(paragraph.get("context"))
        for position, row in enumerate(questions if isinstance(questions, list) else [], 1):
            row = row if isinstance(row, dict) else {}
            where = f"{place}, question {position}"
            answers = () if row.get("is_impossible") is True else answers_of(row.get("answers"))
            id = _text(row.get("id")) or where
            yield RawQuestion(
                where, id, _text(row.get("question")), context, answers, title or article.where, title
            )


def answers_of(value: object) -> tuple[tuple[str, int | None], ...]:
    """Return answers with their offsets, from a list of objects, or from an object of lists as Hugging Face has it.

    {"text": ["iron"], "answer_start": [4]} → (("iron", 4),)
    """
    if isinstance(value, dict):
        texts, starts = value.get("text"), value.get("answer_start")
        texts = texts if isinstance(texts, list) else [texts]
        starts = starts if isinstance(starts, list) else [starts]
        starts = [*starts, *[None] * len(texts)]
        value = [{"text": text, "answer_start": start} for text, start in zip(texts, starts, strict=False)]
    if not isinstance(value, list):
        value = [value]
    rows = [row if isinstance(row, dict) else {"text": row} for row in value if row is not None]
    return tuple((_text(row.get("text")), offset_of(row.get("answer_start"))) for row in rows)


def offset_of(value: object) -> int | None:
    """Return an offset, or None if it is missing or no whole number."""
    try:
        number = float(value) if isinstance(value, str | int | float) else None
        return int(number) if number is not None and number == int(number) else None
    except (ValueError, OverflowError):
        return None


def _text(value: object) -> str:
    return "" if value is None or isinstance(value, list | dict) else str(value)
