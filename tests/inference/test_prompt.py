import pytest

from mlm_demo.errors import PromptError
from mlm_demo.inference.prompt import clean_text, read_prompt
from mlm_demo.models.masked_lm import Piece
from tests.support.prompts import fill
from tests.support.tiny_models import tiny


def read(text, mlm, **limits):
    return read_prompt(text, mlm, **{"max_characters": 1000, "max_masks": 4, **limits})


@pytest.mark.parametrize("text", ["", "   ", "\n\t", "\u00a0"])
def test_an_empty_sentence_is_an_error(text):
    with pytest.raises(
        PromptError, match="The sentence is empty; type one, for example: Paris is the <mask>"
    ):
        read(text, tiny("BERT"))


def test_a_sentence_without_a_mask_is_an_error_with_an_example():
    with pytest.raises(PromptError, match="holds no mask; put <mask> where"):
        read("Paris is the capital of France.", tiny("BERT"))


def test_too_many_masks_are_counted():
    with pytest.raises(PromptError, match="holds 5 masks; at most 4 can"):
        read("<mask> " * 5, tiny("BERT"))


def test_too_long_a_sentence_is_measured():
    with pytest.raises(PromptError, match="has 1,006 characters; the limit is 1,000"):
        read("x" * 1000 + "<mask>", tiny("BERT"))


def test_half_a_surrogate_pair_is_located():
    with pytest.raises(PromptError, match=r"Character 3 .* half of a surrogate pair \(U\+D83D\)"):
        read("a \ud83d <mask>", tiny("BERT"))


def test_nul_and_other_control_characters_are_left_out_with_a_notice():
    prompt = read("a\0 b\x07 \x00<mask>\tc", tiny("BERT"))
    assert prompt.text == "a b <mask>\tc"
    assert "3 control characters (U+0000, U+0007) removed." in prompt.notices


@pytest.mark.parametrize("typed", ["<mask>", "[MASK]", "[mask]", "<MASK>", "<Mask>"])
@pytest.mark.parametrize("architecture", ["BERT", "RoBERTa", "ALBERT"])
def test_the_mask_token_of_any_model_is_translated(architecture, typed):
    mlm = tiny(architecture)
    prompt = read(f"paris is the {typed} of france", mlm)
    assert prompt.model_text == f"paris is the {mlm.mask_token} of france"
    notices = [n for n in prompt.notices if "was read as this model's mask token" in n]
    assert bool(notices) == (typed not in ("<mask>", mlm.mask_token))


def test_a_typed_special_token_gets_a_notice():
    (notice,) = read("the [SEP] <mask>", tiny("BERT")).notices
    assert notice.startswith("[SEP] in the sentence is a special token of this model")


def test_an_unknown_script_gets_a_notice(general):
    (notice,) = read("\U00013000\U00013001 is a <mask>", general).notices
    assert notice.startswith("Not in this model's vocabulary and read as unknown: '\U00013000")


def test_right_to_left_text_keeps_its_order(general):
    prompt = read("باريس هي <mask> فرنسا", general)
    assert prompt.filled({0: Piece("عاصمة", False, False)}, general) == "باريس هي عاصمة فرنسا"


@pytest.mark.parametrize(
    ("architecture", "typed", "piece", "expected"),
    [
        ("BERT", "PARIS,  the  <mask> of", Piece("city", False, False), "PARIS,  the  city of"),
        ("BERT", "run <mask>.", Piece("ning", True, False), "running."),
        ("BERT", "run<mask>.", Piece("ning", True, False), "running."),
        ("RoBERTa", "the <mask> of", Piece("city", False, True), "the city of"),
        ("RoBERTa", "the<mask> of", Piece("city", False, True), "the city of"),
        ("RoBERTa", "run <mask> of", Piece("ning", True, False), "running of"),
        ("RoBERTa", "<mask> is", Piece("Paris", False, True), "Paris is"),
        ("XLM-R", "a\n<mask> b", Piece("c", False, True), "a\nc b"),
    ],
)
def test_the_filled_sentence_keeps_spelling_and_spacing(architecture, typed, piece, expected):
    mlm = tiny(architecture)
    assert read(typed, mlm).filled({0: piece}, mlm) == expected


def test_masks_that_are_not_filled_stay_as_typed():
    mlm = tiny("BERT")
    prompt = read("a [mask] b <mask> c <MASK>", mlm)
    assert prompt.filled({1: Piece("x", False, False)}, mlm) == "a [mask] b x c <MASK>"


def test_clean_text_leaves_line_breaks_alone():
    assert clean_text("a\r\nb\tc", max_characters=10) == ("a\r\nb\tc", [])


def test_a_mask_that_the_tokenizer_does_not_find_is_an_error(monkeypatch):
    mlm = tiny("BERT")
    monkeypatch.setattr(mlm, "mask_id", mlm.tokenizer.unk_token_id)
    with pytest.raises(PromptError, match="finds 0 of the 2 masks; put a space"):
        read("the <mask> sat <mask>", mlm)


def test_a_sentence_is_tokenized_once(monkeypatch):
    mlm, encoded = tiny("BERT"), []
    encode = mlm.encode
    monkeypatch.setattr(mlm, "encode", lambda text: encoded.append(text) or encode(text))
    fill(mlm, "the <mask> sat on the <mask>", top_k=3, joint=True)
    assert encoded == ["the [MASK] sat on the [MASK]"]
