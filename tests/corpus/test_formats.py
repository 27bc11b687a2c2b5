import gzip
import itertools
import random
import subprocess
import sys

import pytest

from mlm_demo.cli.main import main
from mlm_demo.corpus import formats
from mlm_demo.corpus.documents import Document, Format, ReadLimits, make_documents
from mlm_demo.corpus.formats import FORMATS, describe_formats, read_documents
from mlm_demo.corpus.readers.html import visible_text
from mlm_demo.corpus.readers.zip import names_in_zip, open_member, open_zip
from mlm_demo.errors import CorpusError
from tests.support.packed_files import pdf, word, zipped
from tests.support.paths import ROOT


def test_the_path_names_the_file_by_default(tmp_path):
    (tmp_path / "b.txt").write_text("words")
    assert [d.source for d in read_documents(tmp_path / "b.txt", limits=ReadLimits(), notes=[])] == ["b.txt"]


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.txt", b"", "'a.txt' is empty; leave it out"),
        ("a.txt", b"\xef\xbb\xbf", "'a.txt' holds nothing but a byte order mark"),
        ("a.txt", b"\xff\xfe", "'a.txt' holds nothing but a byte order mark"),
        ("a.txt", b" \n\t\r\n" * 500_000, "'a.txt' holds no text, only white space"),
        ("a.html", b"<html><script>x</script>", "'a.html' holds no text"),
        (
            "photo.txt",
            b"\x89PNG\r\n\x1a\n\0\0\0\r",
            r"'photo.txt' is not text \(it looks like a PNG image\)",
        ),
        ("a.css", b"words", r"'a.css' has an unknown format \(.css\); give one of text, Markdown, CSV"),
        ("a.xyz", b"<a b>c", r"'a.xyz' has an unknown format \(.xyz\); give one of text, Markdown, CSV"),
        (
            "a.xml",
            b"<note number='1'/>",
            "'a.xml' is XML of an unknown kind \\(<note>\\) without text in its elements; save its text as .txt",
        ),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_the_reason(refused, name, data, message):
    refused(name, data, message)


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "it looks like a PNG image"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF\0", "it looks like a JPEG image"),
        (b"\x7fELF\2\1\1\0\0", "it looks like a program"),
        (b"MZ\x90\0\3\0\0\0", "it looks like a program"),
        (b"abcdefghi\1" * 100, "10% of its first characters are control characters"),
        (bytes(range(256)) * 20, r"\d+% of its first characters are control characters"),
    ],
)
def test_a_binary_file_is_refused_with_its_format(refused, data, what):
    refused("notes.txt", data, rf"^'notes.txt' is not text \({what}.*\); give one of text, Markdown")


@pytest.mark.parametrize("name", ["a.doc", "a.docx", "a.txt", "a.xlsx"])
@pytest.mark.parametrize(
    ("stream", "what"),
    [
        ("EncryptedPackage", "is protected by a password; save it without one"),
        ("WordDocument", "is an old Word file; save it as .docx"),
        ("Workbook", "is an old Excel file; save it as .csv"),
        ("x", "is an old Office file, such as .doc, or has a password; save it as .docx"),
    ],
)
def test_a_file_of_old_office_programs_is_refused_by_what_it_holds(refused, name, stream, what):
    data = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000) + stream.encode("utf-16-le") + bytes(60)
    refused(name, data, f"^'{name}' {what}")


def test_a_text_that_begins_like_a_program_is_read(read):
    assert read("a.txt", b"MZ is short for Mark Zbikowski; ID3 and BZh and GIF8 are short too.")[1] == []


@pytest.mark.parametrize(
    ("data", "what"),
    [(gzip.compress(b"One.", mtime=0), "a gzip file"), (zipped([("b.txt", "One.")]), "a zip file"),
     (pdf(["One."]), "a PDF"), (word("One."), "a Word file")],
)  # fmt: skip
def test_content_outweighs_the_ending(read, data, what):
    found, notes = read("a.txt", data)
    assert [d.text for d in found] == ["One."]
    assert notes == [f"a.txt is {what}, and was read as one."]


@pytest.mark.parametrize(
    ("name", "data", "what"),
    [
        ("a.txt.gz", gzip.compress(random.Random(0).randbytes(9_000).hex().encode())[:-3_000], "compressed file"),
        ("a.txt.gz", gzip.compress(b"One.", mtime=0)[:-8] + b"\0" * 8, "compressed file"),
        ("a.txt.gz", b"just words", ".gz file"),
        ("a.zip", zipped([("a.txt", "One.")])[:-10], "zip file"),
        ("a.zip", b"just words", ".zip file"),
        ("a.docx", word("One.")[:-50], "zip file"),
        ("a.docx", zipped([("word/document.xml", "<w:document>")]), "Word file"),
        ("a.docx", b"just words", ".docx file"),
        ("a.pdf", pdf(["One."])[:60], "PDF"),
        ("a.pdf", b"just words", ".pdf file"),
        ("a.xml", b"<PubmedArticleSet><PubmedArticle></PubmedArticleSet>", "XML file"),
    ],
)  # fmt: skip
def test_a_corrupt_file_is_refused(refused, name, data, what):
    refused(name, data, rf"^'{name}' is a corrupt {what} \(.+\); download it or save it again\.$")


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    with pytest.raises(CorpusError, match=r"There is no file 'gone.txt'; check its name"):
        list(read_documents(tmp_path / "gone.txt", limits=ReadLimits(), notes=[]))
    with pytest.raises(CorpusError, match="'texts' is a folder; name the files in it"):
        list(read_documents(tmp_path, name="texts", limits=ReadLimits(), notes=[]))


ENDINGS = [*(ending for known in FORMATS for ending in known.endings), ".gz"]
STARTS = (b"", b"%PDF-1.4\n", b"PK\3\4", b"\x1f\x8b\x08", b"PAR1", b"<html>", b"<article>", b"text,n\n", b"{")


@pytest.mark.parametrize("ending", ENDINGS)
def test_any_file_is_read_or_refused(read, ending):
    chance, refusals, files_read = random.Random(ending), [], 0
    for start, alphabet in itertools.product(STARTS, (range(256), b'abc ,;\n"<>/&{}[]:%\\')):
        try:
            found, _ = read(f"a{ending}", start + bytes(chance.choices(alphabet, k=3000)))
            files_read += any(isinstance(item, Document) for item in found)
        except CorpusError as error:
            refusals.append(str(error))
    assert all(f"'a{ending}" in message for message in refusals)
    assert len(refusals) + files_read == 2 * len(STARTS)


def test_no_two_formats_share_a_name_or_an_ending():
    names = [known.name for known in FORMATS]
    endings = [ending for known in FORMATS for ending in known.endings]
    assert len(set(names)) == len(names)
    assert len(set(endings)) == len(endings)
    assert all(known.sniff for known in FORMATS if known.binary)


def test_each_format_is_listed_in_help_and_refusals(read, capsys):
    with pytest.raises(SystemExit):
        main(["adapt", "--help"])
    listed = " ".join(capsys.readouterr().out.split())
    with pytest.raises(CorpusError) as refusal:
        read("a.css", "words")
    for text in (listed, str(refusal.value)):
        assert describe_formats() in text
        assert all(known.name in text for known in FORMATS)


@pytest.mark.parametrize(
    "name", ["Dr. Smith notes", "rapport.2024", "a.log", "a.dat", "a.rst", "a.sbv", "a.xyz.gz"]
)
def test_a_text_with_an_unknown_ending_is_read_as_text(read, name):
    data = gzip.compress(b"Some words.") if name.endswith("gz") else b"Some words."
    assert read(name, data) == (
        [Document(name, "Some words.")],
        [f"{name} has an unknown format, and was read as text."],
    )


def test_data_and_markup_with_an_unknown_ending_are_recognized(read):
    found, notes = read("a.ipynb", b'{"cells": [{"source": ["Some words ", "of a cell."]}], "n": 4}')
    assert "Some words" in found[0].text
    assert "a.ipynb is a JSON file, and was read as one." in notes
    found, notes = read("a.v2", b"<?xml version='1.0'?><r><t>Some words of a text.</t></r>")
    assert found == [Document("a.v2", "Some words of a text.")]
    assert "a.v2 is an XML file, and was read as one." in notes


@pytest.mark.parametrize(
    ("member", "what"),
    [
        ("ppt/presentation.xml", "a PowerPoint presentation; save it as .pdf"),
        ("mimetype", "a file of another program; save it as .docx or .txt"),
    ],
)
@pytest.mark.parametrize("name", ["a.zip", "a.odt", "a.txt"])
def test_a_zip_of_another_program_is_refused_with_advice(refused, name, member, what):
    refused(name, zipped([(member, "x"), ("a.txt", "text")]), f"^'{name}' is {what}.$")


# A format that is not registered: a zip of HTML pages that looks like PowerPoint's.
DECK = zipped([
    ("ppt/presentation.xml", "<presentation/>"),
    ("one.xhtml", "<html><p>First page.</html>"), ("two.xhtml", "<html><p>Second<br>page.</html>"),
])  # fmt: skip


def is_deck(source):
    return "ppt/presentation.xml" in names_in_zip(source)


def read_deck(source, reading):
    archive = open_zip(source)
    for info in archive.infolist():
        if info.filename.endswith(".xhtml"):
            page = open_member(source, archive, info, f"{source.name}/{info.filename}")
            yield from make_documents(visible_text(page, reading), page.name, reading)


SLIDES = Format("Slides", "a deck of slides", (".pptx",), is_deck, read_deck, binary=True)
PAGES = ["First page.", "Second\npage."]


def test_a_format_is_refused_until_it_is_registered(read, refused, monkeypatch, capsys):
    refused("a.pptx", DECK, "^'a.pptx' is a PowerPoint presentation; save it as .pdf.$")
    assert "Slides" not in describe_formats()
    monkeypatch.setattr(formats, "FORMATS", (SLIDES, *FORMATS))
    found, notes = read("a.pptx", DECK)
    assert found == [
        Document(f"a.pptx/{page}.xhtml", text) for page, text in zip(["one", "two"], PAGES, strict=True)
    ]
    assert notes == []
    refused("a.css", "words", r"unknown format \(.css\); give one of Slides, text, Markdown")
    with pytest.raises(SystemExit):
        main(["adapt", "--help"])
    assert "Slides, text, Markdown" in " ".join(capsys.readouterr().out.split())


def test_a_registered_format_is_recognized_under_other_names_and_in_archives(read, refused, monkeypatch):
    monkeypatch.setattr(formats, "FORMATS", (SLIDES, *FORMATS))
    found, notes = read("deck.txt", DECK)
    assert [document.text for document in found] == PAGES
    assert notes == ["deck.txt is a deck of slides, and was read as one."]
    assert [d.text for d in read("a.pptx.gz", gzip.compress(DECK))[0]] == PAGES
    assert [d.text for d in read("a.zip", zipped([("a.pptx", DECK)]))[0]] == PAGES
    refused("a.pptx", "just words", r"^'a.pptx' is a corrupt .pptx file \(it does not begin like one\)")


def test_the_registry_imports_no_library_of_a_format():
    heavy = ["torch", "numpy", "pandas", "pyarrow", "pypdf", "lxml", "charset_normalizer"]
    code = f"import sys, mlm_demo.corpus.formats; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"
