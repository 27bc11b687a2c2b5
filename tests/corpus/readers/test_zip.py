import errno
import gzip
import random
import struct
import zipfile

import pytest

from mlm_demo.corpus.documents import Document, Dropped
from tests.support.packed_files import pdf, word, zipped


def test_zip_members_are_named_and_unreadable_ones_dropped(read):
    link = zipfile.ZipInfo("link.txt")
    link.external_attr = 0o120777 << 16
    found, notes = read("papers.zip", zipped([
        ("folder/", ""), ("folder/a.csv", "text,n\nwords,1\n"), ("__MACOSX/folder/._a.csv", "x"), (".DS_Store", "x"),
        ("b.md", "# Title"), ("c.pdf", pdf(["Page."])), ("d.docx", word("Word.")), ("p.png", b"\x89PNG\r\n\x1a\n\0"),
        ("e.zip", zipped([("x.txt", "x")])), ("f.txt.gz", gzip.compress(b"x")), ("../x.txt", "x"), ("/etc/x.txt", "x"),
        ("..\\y.txt", "x"), ("C:\\z.txt", "x"), (link, "/etc/passwd"), ("g.txt", ""), ("h.jsonl", '"ok"\n{bad\n'),
        ("i.css", "First\nSecond"), ("j/Thumbs.db", b"\xd0\xcf"), ("j/desktop.ini", "[x]"), ("j/~$d.docx", "\5Ann"),
    ]))  # fmt: skip
    assert [d for d in found if isinstance(d, Document)] == [
        Document("papers.zip/folder/a.csv, row 2", "words"),
        Document("papers.zip/b.md", "Title"),
        Document("papers.zip/c.pdf", "Page."),
        Document("papers.zip/d.docx", "Word."),
        Document("papers.zip/f.txt.gz", "x"),
        Document("papers.zip/h.jsonl, line 1", "ok"),
    ]
    assert "Column 'text' of papers.zip/folder/a.csv was read as the text." in notes
    reasons = {d.source.removeprefix("papers.zip/"): d.reason for d in found if isinstance(d, Dropped)}
    assert reasons.pop("p.png").startswith("'papers.zip/p.png' is not text (it looks like a PNG")
    assert reasons.pop("g.txt") == "'papers.zip/g.txt' is empty; leave it out."
    assert reasons.pop("h.jsonl, line 2").startswith("it is not JSON (")
    assert reasons.pop("i.css").startswith("'papers.zip/i.css' has an unknown format (.css)")
    assert [d.first_line for d in found if d.source.endswith((".css", ".png"))] == ["", "First"]
    out = "its name leads out of the archive"
    assert reasons == {
        "e.zip": "an archive in an archive is not opened",
        "../x.txt": out, "/etc/x.txt": out, "..\\y.txt": out, "C:\\z.txt": out, "link.txt": "it is a symbolic link",
    }  # fmt: skip


def test_an_encrypted_or_corrupt_member_is_dropped(read):
    data = zipped([("a.txt", "locked"), ("b.txt", "good"), ("c.txt", "broken")], zipfile.ZIP_STORED)
    local, central = data.index(b"PK\3\4"), data.index(b"PK\1\2")
    data = bytearray(data)
    data[local + 6] |= 1  # the flag of encryption, in both headers
    data[central + 8] |= 1
    data[data.index(b"broken")] ^= 1
    found, _ = read("a.zip", bytes(data))
    assert found[:2] == [
        Dropped("a.zip/a.txt", "it is protected by a password"),
        Document("a.zip/b.txt", "good"),
    ]
    assert found[2].source == "a.zip/c.txt"
    assert "Bad CRC-32" in found[2].reason


def test_control_characters_in_the_name_of_a_member_are_escaped(read):
    found, notes = read("a.zip", zipped([("b\n\x1b[31m.csv", "text,n\none,1\n")]))
    assert found == [Document(r"a.zip/b\n\x1b[31m.csv, row 2", "one")]
    assert notes == [r"Column 'text' of a.zip/b\n\x1b[31m.csv was read as the text."]


def test_a_member_without_a_name_is_dropped(read):
    data = zipped([("?", "One."), ("b.txt", "Two.")], zipfile.ZIP_STORED)
    local, central = data.index(b"PK\3\4"), data.index(b"PK\1\2")
    data = bytearray(data)
    data[local + 26] = data[central + 28] = 0  # the length of the name; a comment of one byte takes its place
    data[local + 28] = data[central + 32] = 1
    found, _ = read("a.zip", bytes(data))
    assert found == [Dropped("a.zip/", "it has no name"), Document("a.zip/b.txt", "Two.")]


def test_a_zip_without_any_readable_file_is_refused(refused):
    refused("a.zip", zipped([]), r"'a.zip' holds no file that can be read \(it is empty\)")
    refused(
        "a.zip",
        zipped([("a.css", "x")]),
        r"'a.zip' holds no file that can be read \('a.zip/a.css' has an unknown",
    )


def test_the_total_size_and_count_of_members_are_limited(refused):
    texts = [(f"{i}.txt", random.Random(i).randbytes(500_000).hex()) for i in range(3)]
    refused("a.zip", zipped(texts), "holds more than 2,500,000 bytes when unpacked", max_bytes=2_500_000)
    refused("a.zip", zipped(texts), "'a.zip' holds 3 files; the limit is 2. Split it", max_members=2)


@pytest.mark.parametrize("announced", [1, 50_000])
def test_a_huge_list_of_members_is_refused_before_it_is_read(refused, monkeypatch, announced):
    one = zipped([("a", "text")])
    start, end = one.index(b"PK\1\2"), one.index(b"PK\5\6")
    entries = one[start:end] * 50_000
    record = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, announced, announced, len(entries), start, 0)
    monkeypatch.setattr(zipfile.ZipInfo, "__init__", lambda *_, **__: pytest.fail("it was listed"))
    message = "'a.zip' holds too many files; the limit is 20. Split it."
    refused("a.zip", one[:start] + entries + record, message, max_members=20)


def test_a_disk_error_in_a_zip_drops_no_member_silently(refused, monkeypatch):
    def failing(self, size=-1):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(zipfile.ZipExtFile, "read", failing)
    data = zipped([("a.txt", "One."), ("b.txt", "Two.")])
    refused(
        "a.zip",
        data,
        r"'a.zip/a.txt' could not be read because of a disk error \(Input/output error\); try again",
    )


def test_the_documents_before_the_damage_in_a_member_are_read_and_the_rest_is_named(read):
    rows = "".join(f'{{"text": "{random.Random(i).randbytes(400).hex()} word"}}\n' for i in range(400))
    cut = gzip.compress(rows.encode())[:-2000]
    found, _ = read("a.zip", zipped([("a.jsonl.gz", cut), ("b.txt", "Words.")]), max_ratio=10_000)
    *documents, dropped, last = found
    assert len(documents) > 100
    assert dropped.source == "a.zip/a.jsonl.gz"
    assert dropped.reason.startswith(f"only its first {len(documents)} documents could be read: ")
    assert last == Document("a.zip/b.txt", "Words.")
