from mlm_demo.web.fill.words import EMPTY, MAX_WORDS, bring_back, word_row
from tests.support.html_reader import HOSTILE, Reader


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


def test_bringing_a_word_back():
    assert bring_back("The <mask> sat <mask>.", 4, 10, "dog") == "The dog sat <mask>."
