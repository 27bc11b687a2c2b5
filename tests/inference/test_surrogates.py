import pytest

from mlm_demo.errors import ParameterError, PromptError
from mlm_demo.inference.extract.questions import check_questions
from mlm_demo.inference.surrogates import check_surrogates


def test_half_of_a_pair_is_named_with_its_place():
    check_surrogates("a whole \U0001f600")
    with pytest.raises(
        PromptError, match=r"Character 3 of the sentence is half of a surrogate pair \(U\+D83D\)"
    ):
        check_surrogates("a \ud83d")


def test_a_question_with_half_of_a_pair_is_an_error():
    with pytest.raises(ParameterError, match="Character 4 of the question is half of a surrogate pair"):
        check_questions(["Which?", "Who\udc00?"])
