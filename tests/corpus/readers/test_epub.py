import pytest

from mlm_demo.corpus.documents import Document, Dropped
from tests.support.packed_files import epub, zipped

PAGES = {
    "two.xhtml": "<h1>Two</h1><p>10<sup>6</sup> eels.</p>",
    "one.xhtml": "<p>Herons wait.</p>",
    "nav.xhtml": "Contents",
}


@pytest.mark.parametrize("name", ["a.epub", "book.txt"])
def test_the_pages_of_a_book_are_read_in_its_order(read, name):
    found, notes = read(name, epub(PAGES, spine=["one.xhtml", "two.xhtml", "one.xhtml"]))
    assert found == [
        Document(f"{name}/OEBPS/one.xhtml", "Herons wait."),
        Document(f"{name}/OEBPS/two.xhtml", "Two\n\n10^6 eels."),
    ]
    assert notes == ([] if name == "a.epub" else ["book.txt is an EPUB, and was read as one."])


def test_a_page_that_is_missing_or_leads_out_is_passed_over(read):
    pages = {"../../one.xhtml": "<p>Out.</p>", "two.xhtml": "<p>In.</p>"}
    found, _ = read("a.epub", epub(pages, spine=["../../one.xhtml", "gone.xhtml", "two.xhtml"]))
    assert found == [Document("a.epub/OEBPS/two.xhtml", "In.")]


def test_a_damaged_page_is_dropped_and_named(read):
    data = epub(PAGES, spine=["one.xhtml", "two.xhtml"])
    damaged = bytearray(data)
    at = data.index(b"OEBPS/one.xhtml") + len("OEBPS/one.xhtml")
    damaged[at : at + 20] = b"\xff" * 20
    found, _ = read("a.epub", bytes(damaged))
    assert isinstance(found[0], Dropped)
    assert found[0].source == "a.epub/OEBPS/one.xhtml"
    assert found[1].text.startswith("Two")


def test_a_book_without_pages_is_refused(refused):
    refused("a.epub", epub({}), "'a.epub' is an EPUB without pages; leave it out")
    empty = zipped([("META-INF/container.xml", "<container/>")])
    refused("a.epub", empty, r"'a.epub' is a corrupt EPUB \(it lists no book\); download it")
    refused("a.epub", epub({}, folder='"<&'), "'a.epub' is a corrupt XML file")


def test_a_book_that_expands_too_much_is_refused(refused):
    data = epub({f"{n}.xhtml": "<p>" + "word " * 100_000 for n in range(5)})
    refused("a.epub", data, "holds more than 1,000,000 bytes when unpacked", max_bytes=1_000_000)
