import bz2
import errno
import gzip
import io
import lzma
import random
import zipfile

import pytest

from mlm_demo.corpus.documents import Document, Dropped
from mlm_demo.corpus.input import Budget, Input, broken_file
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
def test_a_gzip_file_is_read_as_its_content(read, name, data, text):
    assert read(name, gzip.compress(data, mtime=0)) == ([Document(name, text)], [])


@pytest.mark.parametrize(
    ("name", "pack"),
    [
        ("a.txt.bz2", bz2.compress),
        ("a.bz2", bz2.compress),
        ("a.txt.xz", lzma.compress),
        ("a.xz", lzma.compress),
    ],
)
def test_other_compressions_are_read_as_their_content(read, refused, name, pack):
    assert read(name, pack(b"One.") + pack(b" Two.")) == ([Document(name, "One. Two.")], [])
    found, notes = read("a.txt", pack(b"One."))
    assert [d.text for d in found] == ["One."]
    assert notes == [f"a.txt is {'a bzip2' if 'bz2' in name else 'an xz'} file, and was read as one."]
    refused(
        name, b"just words", rf"is a corrupt .{name.rpartition('.')[2]} file \(it does not begin like one\)"
    )
    packed = pack(random.Random(0).randbytes(9_000).hex().encode())
    refused(name, packed[:-3_000], rf"^'{name}' is a corrupt compressed file")
    assert read(name, pack(pack(b"One.")))[0] == [Dropped(name, "an archive in an archive is not opened")]


def test_a_dictionary_that_needs_much_memory_is_refused(refused):
    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": 200_000_000, "preset": 0}]
    data = lzma.compress(b"One.", filters=filters)
    refused("a.xz", data, "'a.xz' is a corrupt compressed file .*[Mm]emory")


def test_documents_name_the_rows_of_a_gzipped_table(read):
    found, _ = read("a.csv.gz", gzip.compress(b"text,n\na,1\n", mtime=0))
    assert found == [Document("a.csv.gz, row 2", "a")]


def test_control_characters_in_the_message_of_a_library_are_escaped():
    assert "(type: \\x1b[31m);" in str(
        broken_file("a.parquet", "Parquet file", ValueError("type: \x1b[31m\nat 3"))
    )


@pytest.mark.parametrize("name", ["a.zip", "a.txt.gz", "a.docx", "a.txt.bz2", "a.txt.xz"])
def test_a_decompression_bomb_is_refused(refused, name):
    full = b"a" * 50_000_000
    small = {
        "a.zip": lambda: zipped([("a.txt", full)], zipfile.ZIP_BZIP2),
        "a.txt.gz": lambda: gzip.compress(full, mtime=0),
        "a.txt.bz2": lambda: bz2.compress(full),
        "a.txt.xz": lambda: lzma.compress(full),
        "a.docx": lambda: zipped(
            [("word/document.xml", b"<w>" + (b"<p><r><t>" + b"a" * 900 + b"</t></r></p>") * 16_000)]
        ),
    }[name]()
    assert len(small) < (10_000 if name == "a.zip" else 200_000)
    refused(name, small, r"'a\..*' expands to more than 200 times its size")


def test_a_file_larger_than_allowed_is_refused(refused):
    refused("a.txt", "word " * 500_000, "'a.txt' holds more than 2,000,000 bytes", max_bytes=2_000_000)


def test_a_disk_error_is_not_reported_as_a_corrupt_file():
    class Failing(io.BytesIO):
        def read(self, size=-1):
            if self.tell():
                raise OSError(errno.EIO, "Input/output error")
            return super().read(min(size, 40))

    packed = Failing(gzip.compress(random.Random(0).randbytes(200_000)))
    with pytest.raises(
        CorpusError,
        match=r"'a.gz' could not be read because of a disk error \(Input/output error\); try again",
    ):
        Input("a.gz", gzip.GzipFile(fileobj=packed), Budget(10**9, 100, 10))
