"""The questions of the exam (cloze.py), answered before and after training, and which of them are shown."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

BEST_SHOWN, WORST_SHOWN = 6, 2  # questions
CONTEXT_CHARACTERS = 60  # of a sentence, shown on either side of its term
NEARLY_RIGHT = 5  # the last rank that is worth showing as a success
SHORT_SENTENCE = 30  # words


@dataclass(frozen=True)
class ExamAnswer:
    """A question of the exam with the rank of its term and the model's first guess, after and before.

    tokens: how many tokens the term has; results of version 0.1.0 do not say.
    """

    sentence: str
    start: int
    term: str
    rank: int
    guess: str
    rank_before: int
    guess_before: str
    tokens: int = 1


@dataclass(frozen=True)
class Guess:
    """A model's first guess for a masked term, and the rank it gives the true one."""

    guess: str
    rank: int


@dataclass(frozen=True)
class ExamRow:
    """A question of the exam: the term with its (shortened) context, and the guesses before and after training."""

    left: str
    term: str
    right: str
    before: Guess
    after: Guess


def exam_rows(answers: Sequence[ExamAnswer]) -> tuple[list[ExamRow], list[ExamRow]]:
    """Return the questions that improved and those that worsened, the largest change of the log rank first.

    Only those whose first guess changed. Of those that improved, the ones answered right stand before those with the
    term among the first five guesses, and these before the rest.
    """
    changed = [answer for answer in answers if answer.guess != answer.guess_before]
    better = [answer for answer in changed if answer.rank < answer.rank_before]
    worse = [answer for answer in changed if answer.rank > answer.rank_before]
    better.sort(key=lambda answer: (answer.rank > 1, answer.rank > NEARLY_RIGHT, _log_change(answer)))
    worse.sort(key=_log_change, reverse=True)
    return [_row(answer) for answer in better[:BEST_SHOWN]], [_row(answer) for answer in worse[:WORST_SHOWN]]


def _row(answer: ExamAnswer) -> ExamRow:
    left, right = shortened_around_term(answer.sentence, answer.start, answer.term)
    before, after = Guess(answer.guess_before, answer.rank_before), Guess(answer.guess, answer.rank)
    return ExamRow(left, answer.term, right, before, after)


def changed_most(answers: Sequence[ExamAnswer]) -> ExamAnswer | None:
    """Return the question whose first guess changed most for the better, or None if there is none to show.

    That is a question answered right only after training, or else one whose term rose to one of the first five. Among
    these a short sentence with a term of one token comes first, because one mask shows the whole term, and then the
    largest fall of the log rank.
    """
    improved = [a for a in answers if a.rank < a.rank_before and a.rank <= NEARLY_RIGHT]
    return min(improved, key=_to_show, default=None)


def _to_show(answer: ExamAnswer) -> tuple[bool, int, float]:
    long = len(answer.sentence.split()) > SHORT_SENTENCE
    return answer.rank > 1, long + (answer.tokens > 1), _log_change(answer)


def _log_change(answer: ExamAnswer) -> float:
    return math.log(answer.rank / answer.rank_before)


def around_term(sentence: str, start: int, term: str) -> tuple[str, str]:
    """Return the text before and after the term in a sentence."""
    return sentence[:start], sentence[start + len(term) :]


def shortened_around_term(
    sentence: str, start: int, term: str, characters: int = CONTEXT_CHARACTERS
) -> tuple[str, str]:
    """Return at most `characters` characters before and after the term, cut at spaces."""
    left, right = around_term(sentence, start, term)
    if len(left) > characters:
        left = "…" + left[-characters:].partition(" ")[2]
    if len(right) > characters:
        right = right[:characters].rpartition(" ")[0] + "…"
    return left, right
