"""Documents of office programs, books, markup and libraries of references give their paragraphs back, for any texts."""

import html
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mlm_demo.corpus.documents import Document
from tests.support.packed_files import epub, odt, word, xlsx, zipped
from tests.support.texts import STRANGE

# Markup cannot hold control characters, and private ones and ligatures are replaced on purpose.
LETTERS = st.characters(
    exclude_categories=["Cc", "Cs", "Co", "Cn", "Zs", "Zl", "Zp"], exclude_characters="\ufeffﬀﬁﬂﬃﬄﬅﬆ"
)
WORD = st.text(LETTERS, min_size=1, max_size=12) | st.sampled_from(
    ["10^6", "{b}", "\\par", "<p>", "&amp;", "a_b", "1."]
)
PARAGRAPHS = st.lists(st.lists(WORD, min_size=1, max_size=8).map(" ".join), min_size=1, max_size=5)


def rtf(paragraphs):
    """Return an RTF file, each character beyond ASCII as its number."""

    def escaped(text):
        return "".join(
            f"\\{c}" if c in "\\{}" else c if c.isascii() else "".join(f"\\u{n}?" for n in units(c))
            for c in text
        )

    return r"{\rtf1\ansi " + "".join(f"{escaped(text)}\\par " for text in paragraphs) + "}"


def units(character):
    """Return the numbers of a character in UTF-16, as RTF writes them."""
    data = character.encode("utf-16-le")
    return [int.from_bytes(data[i : i + 2], "little", signed=True) for i in range(0, len(data), 2)]


def nbib(paragraphs):
    return f"PMID- 1\nTI  - Title.\nAB  - {' '.join(paragraphs)}\n"


def tagged(tag, paragraphs):
    return "".join(f"<{tag}>{html.escape(text)}</{tag}>" for text in paragraphs)


MAKE = {
    "a.docx": lambda paragraphs: word(*paragraphs),
    "a.odt": lambda paragraphs: odt(tagged("text:p", paragraphs)),
    "a.rtf": rtf,
    "a.epub": lambda paragraphs: epub({"p.xhtml": tagged("p", paragraphs)}),
    "a.html": lambda paragraphs: f"<html><meta charset=utf-8><body>{tagged('p', paragraphs)}",
    "a.nxml": lambda paragraphs: f"<article><body>{tagged('p', paragraphs)}</body></article>",
    "a.xml": lambda paragraphs: f"<r>{tagged('t', ['A long enough first text.', *paragraphs])}</r>",
    "a.nbib": nbib,
}


@pytest.mark.parametrize("name", MAKE)
@given(paragraphs=PARAGRAPHS)
@example(paragraphs=["".join(c for c in STRANGE if c.isprintable() and c.strip())])
def test_a_document_gives_its_paragraphs_back(read, name, paragraphs):
    data = MAKE[name](["The first paragraph is here.", *paragraphs])
    found, _ = read(name, data)
    text = "\n\n".join(item.text for item in found if isinstance(item, Document))
    if name == "a.xml":  # short texts of unknown markup are left out
        assert text.split("\n\n")[0] == "A long enough first text."
        return
    words = " ".join(["The first paragraph is here.", *paragraphs]).split()
    assert text.replace("Title.", "", 1 if name == "a.nbib" else 0).split() == words
    if name != "a.nbib":
        assert len(text.split("\n\n")) == 1 + len(paragraphs)


@given(texts=PARAGRAPHS)
def test_a_sheet_gives_its_cells_back(read, texts):
    texts = [text.replace("<", "") + "." for text in texts]  # HTML in a cell is read as HTML
    rows = [f'<row r="{n}"><c r="B{n}" t="inlineStr"><is><t>{html.escape(text)}</t></is></c></row>'
            for n, text in enumerate(["text", *texts], 1)]  # fmt: skip
    found, _ = read("a.xlsx", xlsx(S="".join(rows)))
    assert [item.text.split() for item in found] == [text.split() for text in texts]


@given(
    names=st.lists(
        st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=30), unique=True
    )
)
def test_any_names_of_members_are_read_or_dropped(read, names):
    found, _ = read("a.zip", zipped([("a.txt", "Words."), *((f"{name}.txt", "More.") for name in names)]))
    assert found[0] == Document("a.zip/a.txt", "Words.")
    assert all(re.match(r"a\.zip/", item.source) for item in found)
