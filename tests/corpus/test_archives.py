import errno
import gzip
import io
import itertools
import random
import struct
import zipfile

import pypdf
import pytest

from mlm_demo.corpus.archives import Budget, Input
from mlm_demo.corpus.broken_files import broken
from mlm_demo.corpus.formats import Document, Dropped
from mlm_demo.errors import CorpusError
from tests.support.packed_files import pdf, word, zipped


@pytest.mark.parametrize(
    ("name", "data", "text"),
    [
        ("a.txt.gz", b"One.\n\nTwo.", "One.\n\nTwo."),
        ("a.gz", b"One.", "One."),
        ("a.md.gz", b"# One", "One"),
        ("a.pdf.gz", pdf(["One."]), "One."),
        ("a.docx.gz", word("One."), "One."),
    ],
)
def test_a_gzip_file_is_what_is_in_it(read, name, data, text):
    assert read(name, gzip.compress(data, mtime=0)) == ([Document(name, text)], [])


def test_the_rows_of_a_packed_table_are_named(read):
    found, _ = read("a.csv.gz", gzip.compress(b"text,n\na,1\n", mtime=0))
    assert found == [Document("a.csv.gz, row 2", "a")]


@pytest.mark.parametrize(
    ("data", "what"),
    [(gzip.compress(b"One.", mtime=0), "a gzip file"), (zipped([("b.txt", "One.")]), "a zip file"),
     (pdf(["One."]), "a PDF"), (word("One."), "a Word file")],
)  # fmt: skip
def test_a_file_named_as_text_is_read_as_what_it_is(read, data, what):
    found, notes = read("a.txt", data)
    assert [d.text for d in found] == ["One."]
    assert notes == [f"a.txt is {what}, and was read as one."]


def test_what_a_library_quotes_of_a_broken_file_is_written_out():
    assert "(type: \\x1b[31m);" in str(
        broken("a.parquet", "Parquet file", ValueError("type: \x1b[31m\nat 3"))
    )


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
def test_a_broken_file_is_told(refused, name, data, what):
    refused(name, data, rf"^'{name}' is a broken {what} \(.+\); get or save it anew\.$")


def test_the_members_of_a_zip_are_named_and_what_cannot_be_read_is_left_out(read):
    link = zipfile.ZipInfo("link.txt")
    link.external_attr = 0o120777 << 16
    found, notes = read("papers.zip", zipped([
        ("folder/", ""), ("folder/a.csv", "text,n\nwords,1\n"), ("__MACOSX/folder/._a.csv", "x"), (".DS_Store", "x"),
        ("b.md", "# Title"), ("c.pdf", pdf(["Page."])), ("d.docx", word("Word.")), ("p.png", b"\x89PNG\r\n\x1a\n\0"),
        ("e.zip", zipped([("x.txt", "x")])), ("f.txt.gz", gzip.compress(b"x")), ("../x.txt", "x"), ("/etc/x.txt", "x"),
        ("..\\y.txt", "x"), ("C:\\z.txt", "x"), (link, "/etc/passwd"), ("g.txt", ""), ("h.jsonl", '"ok"\n{bad\n'),
        ("i.xyz", "First\nSecond"),
    ]))  # fmt: skip
    assert [d for d in found if isinstance(d, Document)] == [
        Document("papers.zip/folder/a.csv, row 2", "words"),
        Document("papers.zip/b.md", "Title"),
        Document("papers.zip/c.pdf", "Page."),
        Document("papers.zip/d.docx", "Word."),
    ]
    assert "Column 'text' of papers.zip/folder/a.csv was taken as the text." in notes
    reasons = {d.source.removeprefix("papers.zip/"): d.reason for d in found if isinstance(d, Dropped)}
    assert reasons.pop("p.png").startswith("'papers.zip/p.png' is not text (it looks like a PNG")
    assert reasons.pop("g.txt") == "'papers.zip/g.txt' is empty; leave it out."
    assert reasons.pop("h.jsonl").startswith("Line 2 of 'papers.zip/h.jsonl' is not JSON")
    assert reasons.pop("i.xyz").startswith("'papers.zip/i.xyz' has an unknown format (.xyz)")
    assert [d.first_line for d in found if d.source.endswith((".xyz", ".png"))] == ["", "First"]
    out = "its name leads out of the archive"
    assert reasons == {
        "e.zip": "an archive in an archive is not opened", "f.txt.gz": "an archive in an archive is not opened",
        "../x.txt": out, "/etc/x.txt": out, "..\\y.txt": out, "C:\\z.txt": out, "link.txt": "it is a symbolic link",
    }  # fmt: skip


def test_a_locked_or_broken_member_is_left_out(read):
    data = zipped([("a.txt", "locked"), ("b.txt", "good"), ("c.txt", "broken")], zipfile.ZIP_STORED)
    local, central = data.index(b"PK\3\4"), data.index(b"PK\1\2")
    data = bytearray(data)
    data[local + 6] |= 1  # the flag of a password, in both places that have it
    data[central + 8] |= 1
    data[data.index(b"broken")] ^= 1
    found, _ = read("a.zip", bytes(data))
    assert found[:2] == [
        Dropped("a.zip/a.txt", "it is locked with a password"),
        Document("a.zip/b.txt", "good"),
    ]
    assert found[2].source == "a.zip/c.txt"
    assert "Bad CRC-32" in found[2].reason


def test_a_name_with_line_ends_or_escape_codes_is_written_out(read):
    found, notes = read("a.zip", zipped([("b\n\x1b[31m.csv", "text,n\none,1\n")]))
    assert found == [Document(r"a.zip/b\n\x1b[31m.csv, row 2", "one")]
    assert notes == [r"Column 'text' of a.zip/b\n\x1b[31m.csv was taken as the text."]


def test_a_member_without_a_name_is_left_out(read):
    data = zipped([("?", "One."), ("b.txt", "Two.")], zipfile.ZIP_STORED)
    local, central = data.index(b"PK\3\4"), data.index(b"PK\1\2")
    data = bytearray(data)
    data[local + 26] = data[central + 28] = (
        0  # the length of the name, whose place a comment of one byte takes
    )
    data[local + 28] = data[central + 32] = 1
    found, _ = read("a.zip", bytes(data))
    assert found == [Dropped("a.zip/", "it has no name"), Document("a.zip/b.txt", "Two.")]


def test_a_zip_of_which_nothing_can_be_read_is_told(refused):
    refused("a.zip", zipped([]), r"'a.zip' holds no file that can be read \(it is empty\)")
    refused(
        "a.zip",
        zipped([("a.xyz", "x")]),
        r"'a.zip' holds no file that can be read \('a.zip/a.xyz' has an unknown",
    )
    refused("a.xlsx", zipped([("xl/workbook.xml", "x")]), r"'a.xlsx' is an Excel workbook; save it as .csv")


@pytest.mark.parametrize("name", ["a.zip", "a.txt.gz", "a.docx"])
def test_what_expands_far_beyond_its_size_is_refused_early(refused, name):
    full = b"a" * 50_000_000
    small = {
        "a.zip": lambda: zipped([("a.txt", full)], zipfile.ZIP_BZIP2),
        "a.txt.gz": lambda: gzip.compress(full, mtime=0),
        "a.docx": lambda: zipped([("word/document.xml", b"<w>" + b"<p><r><t>a</t></r></p>" * 600_000)]),
    }[name]()
    assert len(small) < (10_000 if name == "a.zip" else 200_000)
    refused(name, small, r"'a\..*' expands to more than 200 times its size")


def test_a_zip_is_bounded_in_all(refused):
    texts = [(f"{i}.txt", random.Random(i).randbytes(500_000).hex()) for i in range(3)]
    refused("a.zip", zipped(texts), "holds more than 2,500,000 bytes when unpacked", max_bytes=2_500_000)
    refused("a.zip", zipped(texts), "'a.zip' holds 3 files; 2 are the most that are read", max_members=2)


@pytest.mark.parametrize("said", [1, 50_000])
def test_a_list_of_members_without_end_is_not_read_first(refused, monkeypatch, said):
    one = zipped([("a", "text")])
    start, end = one.index(b"PK\1\2"), one.index(b"PK\5\6")
    entries = one[start:end] * 50_000
    record = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, said, said, len(entries), start, 0)
    monkeypatch.setattr(zipfile.ZipInfo, "__init__", lambda *_, **__: pytest.fail("it was listed"))
    message = "'a.zip' holds too many files; 20 are the most that are read. Split it."
    refused("a.zip", one[:start] + entries + record, message, max_members=20)


def test_the_pages_of_a_pdf_are_one_document_and_divided_words_are_joined(read):
    found, _ = read("a.pdf", pdf(["The treat-", "ment of X-", "Rays was"], ["tried."], [], ["End."]))
    assert found == [
        Document("a.pdf", "The treatment of X-\nRays was\ntried.\n\nEnd."),
        Dropped("a.pdf, page 3", "the page holds no text; it may be a picture"),
    ]


def test_a_pdf_without_text_is_told(refused):
    refused(
        "a.pdf",
        pdf([], []),
        "'a.pdf' holds no text on its 2 pages, so it may be a scan; run a text recognition",
    )


@pytest.mark.parametrize("password", ["secret", ""])
def test_a_locked_pdf_is_told_and_one_that_opens_is_read(read, refused, password):
    writer, data = pypdf.PdfWriter(io.BytesIO(pdf(["One."]))), io.BytesIO()
    writer.encrypt(password, "owner", algorithm="RC4-128")
    writer.write(data)
    if password:
        refused("a.pdf", data.getvalue(), "^'a.pdf' is locked with a password; save it without one")
    else:
        assert read("a.pdf", data.getvalue())[0] == [Document("a.pdf", "One.")]


SUFFIXES = ["txt", "md", "csv", "tsv", "jsonl", "json", "html", "xml", "pdf", "docx", "parquet", "zip", "gz"]
STARTS = (b"", b"%PDF-1.4\n", b"PK\3\4", b"\x1f\x8b\x08", b"PAR1", b"<html>", b"<article>", b"text,n\n", b"{")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_whatever_a_file_holds_it_is_read_or_told(read, suffix):
    chance, told, whole = random.Random(suffix), [], 0
    for start, alphabet in itertools.product(STARTS, (range(256), b'abc ,;\n"<>/&{}[]:%\\')):
        try:
            found, _ = read(f"a.{suffix}", start + bytes(chance.choices(alphabet, k=3000)))
            whole += any(isinstance(item, Document) for item in found)
        except CorpusError as error:
            told.append(str(error))
    assert all(f"'a.{suffix}" in message for message in told)
    assert len(told) + whole == 2 * len(STARTS)


def test_a_disk_that_fails_is_not_the_fault_of_the_file():
    class Failing(io.BytesIO):
        def read(self, size=-1):
            if self.tell():
                raise OSError(errno.EIO, "Input/output error")
            return super().read(min(size, 40))

    packed = Failing(gzip.compress(random.Random(0).randbytes(200_000)))
    with pytest.raises(CorpusError, match=r"'a.gz' could not be read \(Input/output error\), which is not"):
        Input("a.gz", gzip.GzipFile(fileobj=packed), Budget(10**9, 100))


def test_a_disk_that_fails_within_a_zip_leaves_nothing_out_in_silence(refused, monkeypatch):
    def failing(self, size=-1):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(zipfile.ZipExtFile, "read", failing)
    data = zipped([("a.txt", "One."), ("b.txt", "Two.")])
    refused("a.zip", data, r"'a.zip/a.txt' could not be read \(Input/output error\), which is not")
