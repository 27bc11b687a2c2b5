import gzip
import io
import tarfile

import pytest

from mlm_demo.corpus.documents import Document, Dropped
from tests.support.packed_files import pdf, tarred, zipped

ARTICLE = "<article><body><p>Herons wait.</p></body></article>"
LONG_NAME = f"{'folder/' * 30}a.txt"


@pytest.mark.parametrize("name", ["a.tar", "a.tar.gz", "a.tgz"])
def test_the_files_in_a_tar_archive_are_read(read, name):
    data = tarred(
        [("a.txt", "One."), ("b/c.md", "# Two"), ("._a.txt", "x"), ("e.txt.gz", gzip.compress(b"Three."))]
    )
    found, notes = read(name, data if name == "a.tar" else gzip.compress(data))
    assert [(item.source, item.text) for item in found] == [
        (f"{name}/a.txt", "One."), (f"{name}/b/c.md", "Two"), (f"{name}/e.txt.gz", "Three."),
    ]  # fmt: skip
    assert notes == []


@pytest.mark.parametrize("format", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT, tarfile.USTAR_FORMAT])
def test_a_long_name_is_read(read, format):
    name = LONG_NAME if format != tarfile.USTAR_FORMAT else "folder/" * 20 + "a.txt"
    found, _ = read("a.tar", tarred([(name, "One."), ("b.txt", "Two.")], format=format))
    assert [item.source for item in found] == [f"a.tar/{name}", "a.tar/b.txt"]


def test_an_article_of_pubmed_central_is_read_from_its_xml_alone(read):
    members = [
        ("PMC1/a.pdf", pdf(["Herons wait."])),
        ("PMC1/a.nxml", ARTICLE),
        ("PMC2/b.pdf", pdf(["Eels."])),
    ]
    found, _ = read("a.tar.gz", gzip.compress(tarred(members)))
    assert found == [
        Dropped("a.tar.gz/PMC1/a.pdf", "its text is in the XML beside it"),
        Document("a.tar.gz/PMC1/a.nxml", "Herons wait."),
        Document("a.tar.gz/PMC2/b.pdf", "Eels."),
    ]


def test_what_cannot_be_read_is_dropped_and_named(read):
    archives = [("a.zip", zipped([("x.txt", "x")])), ("b.tar.gz", gzip.compress(tarred([("x.txt", "x")])))]
    found, _ = read(
        "a.tar", tarred([*archives, ("../x.txt", "x"), ("/x.txt", "x"), ("c.txt", ""), ("d.txt", "Good.")])
    )
    nested, out = "an archive in an archive is not opened", "its name leads out of the archive"
    assert [getattr(item, "reason", "read") for item in found] == [
        nested, nested, out, out, "'a.tar/c.txt' is empty; leave it out.", "read",
    ]  # fmt: skip


def test_links_and_special_files_are_not_followed(read):
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        for name, kind in (("l.txt", tarfile.SYMTYPE), ("f.txt", tarfile.FIFOTYPE), ("d", tarfile.DIRTYPE)):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info)
        info = tarfile.TarInfo("a.txt")
        info.size = 4
        archive.addfile(info, io.BytesIO(b"One."))
    found, _ = read("a.tar", data.getvalue())
    assert found == [Dropped("a.tar/l.txt", "it is a link"), Document("a.tar/a.txt", "One.")]


def test_the_files_before_a_cut_are_read(read, refused):
    data = tarred([("a.txt", "One."), ("b.txt", "Two." * 2000)])
    found, _ = read("a.tar", data[:4000])
    assert found[0] == Document("a.tar/a.txt", "One.")
    assert isinstance(found[-1], Dropped)
    refused("a.tar", data[:514], "'a.tar' holds no file that can be read")


def test_the_size_and_the_count_of_members_are_limited(refused):
    texts = [(f"{i}.txt", "word " * 100_000) for i in range(5)]
    refused("a.tar", tarred(texts), "holds more than 2,000,000 bytes when unpacked", max_bytes=2_000_000)
    refused("a.tar", tarred(texts), "'a.tar' holds too many files; the limit is 2", max_members=2)
    bomb = [("a.txt.gz", gzip.compress(b"a" * 50_000_000))]
    refused("a.tar", tarred(bomb), "expands to more than 200 times its size")


def test_a_header_cannot_ask_for_much_memory(refused):
    data = bytearray(tarred([("n" * 200, "One.")], format=tarfile.GNU_FORMAT))
    data[124:136] = b"77777777777\0"
    refused("a.tar", bytes(data), "'a.tar' holds no file that can be read .*a name is too long")
