import pytest

from mlm_demo.errors import PromptError
from mlm_demo.inference.blanks import find_blanks
from tests.support.prompts import fill, prompt_of
from tests.support.tiny_models import tiny

# As people write a blank: each is one, alone and beside others.
CLEAR = [
    *(
        "<mask>",
        "[MASK]",
        "[mask]",
        "<MASK>",
        "[ MASK ]",
        "[MASK ]",
        "< mask >",
        "<mask/>",
        "<mask />",
        "<|mask|>",
    ),
    *(
        "［MASK］",
        "［ＭＡＳＫ］",
        "＜mask＞",
        "【MASK】",
        "&lt;mask&gt;",
        "&LT;MASK&GT;",
        "&amp;lt;mask&amp;gt;",
    ),
    *("&#60;mask&#62;", "&#91;MASK&#93;", "&lsqb;MASK&rsqb;", r"\[MASK\]", r"\<mask\>", r"\_\_\_", "{mask}"),
    *(
        "{{ mask }}",
        "[blank]",
        "<blank>",
        "[BLANK 2]",
        "[MASK1]",
        "<mask_2>",
        "[masked]",
        "__MASK__",
        "_blank_",
    ),
    *(
        "___",
        "_______",
        "__",
        "_",
        "＿＿＿",
        "...",
        "…",
        "……",
        ". . .",
        "[\u00a0MASK\u00a0]",
        "[_MASK_]",
    ),
]
# Read as a blank only if there is no clear one.
DOUBTFUL = [
    "(mask)",
    "(blank)",
    "(...)",
    "[…]",
    "[ ]",
    "()",
    "MASK",
    "BLANK",
    "XXX",
    "???",
    "----",
    "——",
    "***",
    "□",
    "[mask",
    "<MASK",
]
TEXTS = [
    "nothing of the kind",
    "snake_case and __init__ and a__b",
    "a mask, a Mask and a blank stare",
    "[PAD] <unmask> [maskable] <masks>",
    "Is it true? No. Really ?",
    "well - she said -- perhaps",
    "a < b and c > d",
    "see [1] and (2)",
    "1.5 or 2..3",
    "un_able",
]


def blanks(text, mask_token="[MASK]"):
    return [text[start:end] for start, end in find_blanks(text, mask_token)]


@pytest.mark.parametrize("blank", [*CLEAR, *DOUBTFUL])
@pytest.mark.parametrize(
    "text", ["Paris is the {} of France.", "Paris is the {}.", "{} is in France.", "So: {}"]
)
def test_a_blank_is_found_anywhere(blank, text):
    assert blanks(text.format(blank)) == [blank]


def test_all_blanks_of_a_sentence_that_mixes_them_are_found():
    assert blanks(", ".join(CLEAR)) == CLEAR
    text = "It is [mask] today, ___ I think, and [ MASK ] too."
    assert blanks(text) == ["[mask]", "___", "[ MASK ]"]


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_without_a_blank_has_none(text):
    assert blanks(text) == []


@pytest.mark.parametrize("doubtful", DOUBTFUL)
def test_what_may_be_text_is_text_beside_a_clear_blank(doubtful):
    assert blanks(f"The {doubtful} was <mask>.") == ["<mask>"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("He said... the <mask> sat", ["<mask>"]),
        ("He said ... the <mask> sat", ["...", "<mask>"]),
        ("re___ed", ["___"]),
        ("the___of", ["___"]),
        ("France is ....", ["..."]),
        ("France is ..... there", ["....."]),
        ("第一生产____。", ["____"]),
        ("第一生产……。", ["……"]),
        ("What? The ? of France", ["?"]),
        ("Quelle est la capitale ?", []),
        ("**[MASK]** and `<mask>`", ["[MASK]", "<mask>"]),
        ("([MASK])", ["[MASK]"]),
        ("<mask><mask>", ["<mask>", "<mask>"]),
        ("_ _ _", ["_", "_", "_"]),
    ],
)
def test_where_a_blank_begins_and_ends(text, found):
    assert blanks(text) == found


def test_the_own_mask_token_of_a_model_is_one():
    assert blanks("a <special1> b", "<special1>") == ["<special1>"]


@pytest.mark.parametrize("architecture", ["BERT", "RoBERTa", "XLM-R"])
def test_blanks_are_filled_and_named(architecture):
    mlm = tiny(architecture)
    answer = fill(mlm, "the fox ___ over the [ MASK ] dog")
    assert answer.model_text == f"the fox {mlm.mask_token} over the {mlm.mask_token} dog"
    assert answer.notices == (f"[ MASK ] was read as this model's mask token, {mlm.mask_token}.",), (
        "___ is plain"
    )
    assert "___" not in answer.masks[0][0].sequence
    assert "[ MASK ]" in answer.masks[0][0].sequence


def test_a_sentence_with_none_is_an_error_with_an_example():
    with pytest.raises(PromptError, match="put <mask> where a word is to be predicted, for example"):
        prompt_of("Is this a mask ?", tiny("BERT"))


def test_a_long_text_is_searched_in_no_time():
    for text in ("_" * 20_000, "[" * 20_000, ". " * 10_000, "&amp;" * 4_000, "<mask " * 3_000, "? " * 10_000):
        find_blanks(text, "[MASK]")


def test_a_blank_over_two_lines_is_named_on_one():
    (notice,) = prompt_of("the [\nMASK ] sat", tiny("BERT")).notices
    assert notice == "[ MASK ] was read as this model's mask token, [MASK]."
