import pytest

from mlm_demo.inference.blanks import find_blanks
from mlm_demo.web.fill.words import EMPTY, MASK, MAX_WORDS, bring_back, hide, word_row, words_of
from tests.support.html_reader import HOSTILE, Reader


def words(text):
    return [text[start:end] for start, end in words_of(text, find_blanks(text, MASK))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Paris is the <mask> of France.", ["Paris", "is", "the", "of", "France"]),
        ("Don't go, 3.5 km!", ["Don't", "go", "3.5", "km"]),
        ("The <mask> sat (on a [MASK]) with a ___.", ["The", "sat", "on", "a", "with", "a"]),
        ("Beta-blockers help", ["Beta", "blockers", "help"]),
        ("हिन्दी में लिखो", ["हिन्दी", "में", "लिखो"]),
        ("می\u200cخواهم بروم", ["می\u200cخواهم", "بروم"]),
        ("東京は日本", ["東", "京", "は", "日", "本"]),
        ("e\u0301t\u00e9 👍", ["e\u0301t\u00e9"]),
        ("... !", []),
    ],
)
def test_each_word_outside_the_blanks(text, expected):
    assert words(text) == expected


def test_a_row_holds_a_button_a_word_and_the_whole_text():
    text = "The <mask> sat,  then\nslept ___."
    read = Reader(word_row(text))
    assert "".join(read.texts).endswith(text)
    buttons = [a for tag, a in zip(read.tags, read.attributes, strict=True) if tag == "button"]
    assert [text[int(a["data-start"]) : int(a["data-end"])] for a in buttons] == [
        "The",
        "sat",
        "then",
        "slept",
    ]
    assert [a["aria-label"] for a in buttons[:2]] == ["Hide The", "Hide sat"]
    marks = [a for tag, a in zip(read.tags, read.attributes, strict=True) if tag == "mark"]
    assert [text[int(a["data-start"]) : int(a["data-end"])] for a in marks] == ["<mask>", "___"]
    assert read.attributes[0]["data-text"] == text


def test_hostile_text_stays_text():
    text = f"{HOSTILE} the <mask>"
    read = Reader(word_row(text))
    assert set(read.tags) == {"div", "p", "span", "button", "mark"}
    assert read.attributes[0]["data-text"] == text
    assert "".join(read.texts).endswith(text)
    assert not any(name.startswith("on") for a in read.attributes for name in a)


def test_a_long_text_has_buttons_for_its_first_words_and_says_so():
    read = Reader(word_row("word " * (MAX_WORDS + 1)))
    assert read.tags.count("button") == MAX_WORDS
    assert f"first {MAX_WORDS} words" in read.texts[0]
    assert Reader(word_row("word " * MAX_WORDS)).texts[0] == "Press a word to hide it"


def test_no_text_says_what_to_do():
    assert word_row(" ") == word_row(None) == EMPTY


@pytest.mark.parametrize(
    ("text", "word", "hidden"),
    [
        ("Paris is the capital.", "capital", "Paris is the <mask>."),
        ("The <mask> sat.", "sat", "The <mask> <mask>."),
        ("Is it ??? or not", "not", "Is it <mask> or <mask>"),  # it counted as a blank, and still does
        ("日本", "日", "<mask>本"),
    ],
)
def test_hiding_a_word(text, word, hidden):
    start = text.index(word)
    assert hide(text, start, start + len(word)) == hidden


def test_bringing_a_word_back():
    assert bring_back("The <mask> sat <mask>.", 4, 10, "dog") == "The dog sat <mask>."
