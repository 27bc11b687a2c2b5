"""Read questions with their answers in a text: SQuAD's form, or rows of question, context and answer."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from mlm_demo.corpus.documents import Dropped, ReadLimits
from mlm_demo.corpus.examples.example import Answer, AnswerExample, Examples
from mlm_demo.corpus.examples.place import place_answer
from mlm_demo.corpus.examples.records import Record, read_records
from mlm_demo.corpus.examples.squad import RawQuestion, answers_of, is_article, offset_of, questions_in
from mlm_demo.errors import CorpusError

NEEDS = "Give SQuAD's JSON, or a table with the columns question, context and answer."
NOTES = {  # how answers were placed, if not where their offsets say
    "moved": "In {file}, the offsets of {n} pointed elsewhere; each was moved to the nearest place of its text.",
    "first": "In {file}, {n} without an offset stood at several places; the first was taken.",
    "folded": "In {file}, {n} differed from the text in case or white space; the text's own words were taken.",
}


def read_answers(files: Sequence[Path], limits: ReadLimits) -> Examples[AnswerExample]:
    """Read files into questions with their answers; raise CorpusError if they hold too few or no answer at all.

    An answer whose offset is wrong is moved to the nearest place of its text, and one that is not in its context is
    dropped by file and row. A question all of whose answers were dropped is dropped too, not taken for unanswered.
    """
    reader = AnswerReader()
    for path in files:
        for record in read_records(path, limits, reader.found.notes):
            reader.take(record, path.name)
    found = reader.finish()
    found.check_count(len(found.examples), NEEDS)
    if not any(example.answers for example in found.examples):
        raise CorpusError(
            f"None of the {len(found.examples):,} questions has an answer, so a model cannot learn from them where "
            "answers stand; add questions with answers."
        )
    return found


class AnswerReader:
    """Takes rows one by one; `finish` returns the examples."""

    def __init__(self):
        self.found = Examples[AnswerExample]()
        self._rows: dict[
            tuple[str, str, str], int
        ] = {}  # question, context and group → number of the example
        self._contexts: dict[str, str] = {}  # context → where it stood first, for rows that name no article
        self._ids: set[str] = set()
        self._placed: Counter[tuple[str, str]] = Counter()

    def take(self, record: Record | Dropped, file: str) -> None:
        """Read a row, or an article of SQuAD; name it as dropped if it holds no example."""
        if isinstance(record, Dropped):
            self.found.dropped.append(record)
        elif is_article(record.values):
            questions = list(questions_in(record))
            if not questions:
                self.found.drop(record.where, "it holds no question")
            for raw in questions:
                self._add(raw, file)
        else:
            self._take_row(record, file)

    def finish(self) -> Examples[AnswerExample]:
        """Return what was read, with the notes about moved answers."""
        for (file, how), count in self._placed.items():
            if how in NOTES:
                n = "one answer" if count == 1 else f"{count:,} answers"
                self.found.notes.append(NOTES[how].format(file=file, n=n))
        return self.found

    def _take_row(self, record: Record, file: str) -> None:
        """Read a row of a table; several rows of one question and context are one example with several answers."""
        row = record.values
        given = next((row[name] for name in ("answers", "answer", "answer_text") if name in row), None)
        missing = [name for name in ("question", "context") if not isinstance(row.get(name), str)]
        if missing or not any(name in row for name in ("answers", "answer", "answer_text")):
            self.found.drop(record.where, f"it has no {(missing or ['answer'])[0]}", row.get("question", ""))
            return
        answers = answers_of(given)
        if len(answers) == 1 and answers[0][1] is None:
            answers = ((answers[0][0], offset_of(row.get("answer_start"))),)
        answers = tuple(answer for answer in answers if answer[0].strip())
        context, title = row["context"], str(row.get("title") or "")
        article = str(row.get("group") or row.get("document") or title)
        group = article or self._contexts.setdefault(context, record.where)
        raw = RawQuestion(
            record.where, str(row.get("id") or record.where), row["question"], context, answers, group, title
        )
        self._add(raw, file, merge=True)

    def _add(self, raw: RawQuestion, file: str, *, merge: bool = False) -> None:
        question = " ".join(raw.question.split())
        if not question:
            self.found.drop(raw.where, "its question is empty", raw.context)
            return
        if not any(map(str.isalnum, raw.context)):
            why = "has no sentence" if raw.context.strip() else "is empty"
            self.found.drop(raw.where, f"its context {why}", question)
            return
        answers = tuple(dict.fromkeys(self._place(raw, file)))
        if raw.answers and not answers:
            return
        key = (question, raw.context, raw.group)
        if merge and key in self._rows:
            number = self._rows[key]
            earlier = self.found.examples[number]
            merged = tuple(dict.fromkeys([*earlier.answers, *answers]))
            self.found.examples[number] = AnswerExample(
                earlier.id, question, raw.context, merged, raw.group, earlier.title
            )
            return
        id = raw.id if raw.id not in self._ids else f"{raw.id} ({raw.where})"
        self._ids.add(id)
        self._rows[key] = len(self.found.examples)
        self.found.examples.append(AnswerExample(id, question, raw.context, answers, raw.group, raw.title))

    def _place(self, raw: RawQuestion, file: str) -> Iterator[Answer]:
        for text, start in raw.answers:
            if not text.strip():
                self.found.drop(raw.where, "its answer is empty", raw.question)
            elif placed := place_answer(raw.context, text, start):
                self._placed[file, placed.how] += 1
                yield placed.answer
            else:
                self.found.drop(raw.where, "its answer is not in its context", text)
