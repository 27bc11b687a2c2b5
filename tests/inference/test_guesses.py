import pytest

from mlm_demo.errors import ParameterError, PromptError
from mlm_demo.inference.guesses import guess_word
from mlm_demo.inference.score import score_sentence
from tests.support.prompts import fill
from tests.support.tiny_models import ARCHITECTURES, tiny

TEXT = "The patient was diagnosed with hepatitis, and treated."


@pytest.mark.parametrize("method", ["within_word", "original"])
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_each_piece_is_guessed_where_it_is_scored(architecture, method):
    mlm = tiny(architecture)
    for word in score_sentence(mlm, TEXT, method=method).words:
        found = guess_word(mlm, TEXT, word.start, method=method, top_k=4)
        assert (found.start, found.end) == (word.start, word.end)
        for piece, token in zip(found.pieces, word.tokens, strict=True):
            assert piece.piece.token == token.token
            assert piece.piece.log_probability == pytest.approx(token.log_probability, abs=2e-4)
            scores = [guess.score for guess in piece.guesses]
            assert scores == sorted(scores, reverse=True)


def test_the_guesses_are_those_of_the_mask(general):
    text = "Paris is the capital of France."
    found = guess_word(general, text, text.index("capital"))
    (filled,) = fill(general, text.replace("capital", "<mask>")).masks
    (piece,) = found.pieces
    assert [guess.word for guess in piece.guesses] == [row.word for row in filled]
    assert [guess.score for guess in piece.guesses] == pytest.approx([row.score for row in filled], rel=1e-3)


def test_no_word_there_is_an_error(general):
    with pytest.raises(ParameterError, match="no word at character 3"):
        guess_word(general, "The fox.", 3)
    with pytest.raises(PromptError, match="holds a mask"):
        guess_word(general, "The <mask>.", 0)


def test_a_word_after_two_spaces_is_guessed_with_them():
    mlm = tiny("RoBERTa")
    found = guess_word(mlm, "Hello.   the", 9)
    assert (found.start, found.end) == (9, 12)
    pieces = mlm.tokenizer.convert_ids_to_tokens([piece.piece.token for piece in found.pieces])
    assert pieces == ["Ġ", "Ġ", "Ġthe"]
