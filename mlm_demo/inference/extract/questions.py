"""The questions of an extraction, checked before a model is loaded."""

from collections.abc import Sequence

from mlm_demo.errors import ParameterError
from mlm_demo.inference.surrogates import check_surrogates

MAX_QUESTIONS = 8


def check_questions(questions: Sequence[str]) -> list[str]:
    """Return the questions without white space around them, each once.

    Raises ParameterError if there is none, more than MAX_QUESTIONS, or half of a surrogate pair in one.
    """
    for question in questions:
        check_surrogates(question, "the question", ParameterError)
    unique = list(dict.fromkeys(question.strip() for question in questions))
    if not unique:
        raise ParameterError("There is no question; write what you want to know of the papers.")
    if len(unique) > MAX_QUESTIONS:
        raise ParameterError(f"There are {len(unique)} questions; ask at most {MAX_QUESTIONS} at once.")
    return unique
