import pytest

from mlm_demo.training.exam import ExamAnswer, changed_most, exam_rows, shortened_around_term
from tests.support.results import exam_answer


def asked(*of, tokens=1):
    """Return an answer of the exam; of: the arguments of exam_answer."""
    return ExamAnswer(**exam_answer(*of), tokens=tokens)


def test_the_exam_shows_the_largest_rises_and_falls():
    exam = [asked(f"The term{n} is.", f"term{n}", 100, n) for n in range(1, 12)]
    exam += [asked(f"The lost{n} is.", f"lost{n}", 1, n) for n in (30, 50, 40)]
    exam += [
        asked("The same is.", "same", 3, 3),
        asked("The kept guess is.", "guess", 900, 1, "x"),
    ]
    better, worse = exam_rows(exam)
    assert [row.term for row in better] == [f"term{n}" for n in range(1, 7)]
    assert [(row.term, row.before.rank, row.after.rank) for row in worse] == [
        ("lost50", 1, 50),
        ("lost40", 1, 40),
    ]
    assert exam_rows([]) == ([], [])


def test_the_exam_shows_right_guesses_before_larger_rises():
    exam = [
        asked("A far one is.", "far", 20_000, 6),
        asked("A near one is.", "near", 9_000, 5),
        asked("A right one is.", "right", 2, 1),
        asked("And another right one is.", "another", 40, 1),
        asked("A nearer one is.", "nearer", 9, 2),
    ]
    better, _ = exam_rows(exam)
    assert [row.term for row in better] == ["another", "right", "near", "nearer", "far"]


def answer(name, before, after, *, words=10, tokens=1):
    """An answer about a term of this name, in a sentence of so many words."""
    sentence = f"{'word ' * (words - 1)}{name}."
    return asked(sentence, name, before, after, tokens=tokens)


@pytest.mark.parametrize(
    ("best", "others"),
    [
        (answer("largest", 90, 1), [answer("small", 2, 1), answer("always", 1, 1)]),
        (answer("right", 2, 1), [answer("nearly", 9000, 2), answer("far", 90000, 6)]),
        (answer("short", 5, 1, words=30), [answer("long", 5000, 1, words=31)]),
        (answer("whole", 5, 1), [answer("pieces", 5000, 1, tokens=2)]),
        (answer("pieces", 5, 1, words=60, tokens=3), [answer("nearly", 5000, 2)]),
        (answer("long", 9, 1, words=31), [answer("both", 5000, 1, words=31, tokens=2)]),
        (answer("nearly", 50, 5), [answer("less", 40, 5), answer("far", 9000, 6), answer("worse", 1, 2)]),
    ],
)
def test_the_question_to_show_is_the_one_that_changed_most_for_the_better(best, others):
    assert changed_most([best, *others]) == changed_most([*others, best]) == best


def test_of_equal_questions_to_show_the_first_is_shown():
    first, second = answer("first", 50, 1), answer("second", 50, 1)
    assert changed_most([first, second]) == first


def test_there_is_no_question_to_show_if_none_came_near():
    assert changed_most([answer("same", 1, 1), answer("worse", 2, 3), answer("far", 9000, 6)]) is None
    assert changed_most([]) is None


def test_a_sentence_is_shortened_around_its_term():
    sentence = f"{'word ' * 40}drone{' word' * 40}."
    assert shortened_around_term(sentence, 200, "drone") == (f"…{'word ' * 11}", f"{' word' * 11}…")
    assert shortened_around_term("The hive is full.", 4, "hive") == ("The ", " is full.")
