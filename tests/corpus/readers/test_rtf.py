import re
import time

import pytest

from mlm_demo.corpus.documents import Document
from tests.support.nightly import some

START = r"{\rtf1\ansi\ansicpg1252\uc1{\fonttbl{\f0\fcharset0 Times;}{\f1\fcharset2 Symbol;}{\f2\fcharset204 Arial;}}"
PARAGRAPHS = {
    "bold": (r"The heron waited by the {\b sluice}.\par", "The heron waited by the sluice."),
    "paragraphs": (r"One.\par\pard Two.\line Three.\par", "One.\n\nTwo.\nThree."),
    "bytes": (r"caf\'e9 and \'80", "café and €"),
    "unicode": (r"TNF-\u945?\u-10179?\u-8704?", "TNF-α😀"),
    "no fallback": (r"\uc0\u945 b", "αb"),
    "two for one": (r"\uc2\u945\'a6\'c1b", "αb"),
    "font of symbols": (r"TNF-{\f1 a} and {\f1\'62}", "TNF-α and β"),
    "no symbol": (r"a{\f1\'01}b", "ab"),
    "Cyrillic": (r"{\f2\'e4\'e0}", "да"),
    "quotes": (r"\ldblquote So\rdblquote , it\rquote s 1\endash 2\emdash", "“So”, it’s 1–2—"),
    "exponent": (r"10{\super 6} cells and Ca{\super 2+}", "10^6 cells and Ca2+"),
    "citation": (r"waited.{\super 3,4} Then", "waited. Then"),
    "hidden": (r"seen {\v unseen} too", "seen too"),
    "field": (r"{\field{\*\fldinst HYPERLINK x}{\fldrslt a link}}", "a link"),
    "picture": (r"a {\pict\wmetafile8 0102030405} b", "a b"),
    "binary": ("a {\\pict\\bin5 }}{{x} b", "a b"),
    "table": (r"\trowd Aspirin\cell 100 mg\cell\row Next\par", "Aspirin 100 mg\n\nNext"),
    "footnote": (r"Nine{\footnote Seen.} herons", "Nine herons"),
    "unknown": (r"{\*\unknown gone}stays", "stays"),
    "signs": (r"a\_b\-c\~d \{e\}", "a-bc d {e}"),
    "header": (r"{\header Journal}{\info{\title T}}Text", "Text"),
}  # fmt: skip
PARAGRAPHS["symbol as Unicode"] = (r"p \u-3933? 0.05", "p ≤ 0.05")


@pytest.mark.parametrize(("rtf", "text"), PARAGRAPHS.values(), ids=list(PARAGRAPHS))
def test_the_visible_text_of_rtf_is_read(read, rtf, text):
    found, notes = read("a.rtf", f"{START}{rtf}}}")
    assert [re.sub(" +", " ", item.text) for item in found] == [text]
    assert notes == []


@pytest.mark.parametrize("name", ["a.doc", "a.txt"])
def test_rtf_under_another_name_is_recognized(read, name):
    found, notes = read(name, START + "Words.}")
    assert found == [Document(name, "Words.")]
    assert notes == [f"{name} is an RTF file, and was read as one."]


def test_something_else_named_rtf_is_refused(refused):
    refused("a.rtf", "just words", "'a.rtf' does not begin as RTF; save it again")


@pytest.mark.parametrize(
    "unit", some(["{\\b ", "\\'e9", "{\\super 1", "{", "}", "\\", "\\u945?", "\\uc99999 \\u1 "], 3)
)
def test_a_megabyte_of_any_mark_takes_little_time(read, unit):
    start = time.process_time()
    read("a.rtf", START + "Text. " + unit * (1_000_000 // len(unit)))
    assert time.process_time() - start < 5
