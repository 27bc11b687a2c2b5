import tracemalloc

import pytest

from mlm_demo.corpus.documents import Document, ReadLimits
from mlm_demo.corpus.formats import read_documents
from tests.support.texts import LONG


def test_a_text_file_is_one_document(read):
    assert read("a.txt", "One\0\r\nline.\r\n\r\n\r\nTwo.\n") == (
        [Document("a.txt", "One\nline.\n\nTwo.")],
        [],
    )


def test_an_old_encoding_is_noted(read):
    found, notes = read("a.txt", "Le café était fermé à midi.".encode("cp1252"))
    assert (found[0].text, notes) == ("Le café était fermé à midi.", ["a.txt was read as cp1252."])


def test_empty_lines_are_added_to_a_text_with_one_paragraph_per_line(read):
    found, notes = read("a.txt", f"{LONG} 1\n{LONG} 2\n{LONG} 3\n")
    assert found[0].text == f"{LONG} 1\n\n{LONG} 2\n\n{LONG} 3"
    assert notes == ["a.txt has no empty lines, so each line was read as a paragraph."]


def test_a_text_wrapped_by_hand_keeps_its_lines(read):
    text = "A text that somebody wrapped\nby hand at thirty characters,\nas was usual once."
    assert read("a.txt", text) == ([Document("a.txt", text)], [])


def test_a_long_text_is_cut_into_parts_between_paragraphs(read):
    paragraphs = [f"{LONG} {i}" for i in range(50)]
    found, _ = read("a.txt", "\n\n".join(paragraphs), max_document_characters=1000)
    assert [d.source for d in found[:2]] == ["a.txt, part 1", "a.txt, part 2"]
    assert [p for d in found for p in d.text.split("\n\n")] == paragraphs
    assert all(len(d.text) <= 1000 for d in found)


@pytest.mark.parametrize("unit", ["word ", "x"])
def test_one_line_of_60_mb_is_read_in_bounded_memory_and_time(tmp_path, unit):
    path = tmp_path / "line.txt"
    path.write_text(unit * (60_000_000 // len(unit)))
    tracemalloc.start()
    try:
        size = longest = 0
        for document in read_documents(path, limits=ReadLimits(), notes=[]):
            size += len(document.text.replace(" ", ""))
            longest = max(longest, len(document.text))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert size == (48_000_000 if unit == "word " else 60_000_000)
    assert longest <= 1_000_000
    assert peak < 20_000_000
