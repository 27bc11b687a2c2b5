import json

import pytest

from mlm_demo.corpus import papers
from mlm_demo.corpus.papers import paper_of, read_papers
from mlm_demo.errors import CorpusError


def test_each_document_is_a_paper_with_its_sentences(tmp_path):
    (tmp_path / "a.txt").write_text("Bees and light\n\nBees dance. They find nectar.")
    (tmp_path / "b.jsonl").write_text("\n".join(json.dumps({"text": f"Text {n} is short."}) for n in (1, 2)))
    found, notes = read_papers([tmp_path / "a.txt", tmp_path / "b.jsonl"])
    assert [paper.document for paper in found] == ["a.txt", "b.jsonl, line 1", "b.jsonl, line 2"]
    assert [paper.title for paper in found] == ["Bees and light", "b.jsonl, line 1", "b.jsonl, line 2"]
    assert [found[0].text[start:end] for start, end in found[0].sentences] == [
        "Bees dance.",
        "They find nectar.",
    ]
    assert notes == []


@pytest.mark.parametrize(
    "text",
    [
        "One line alone.",
        "A line\nand its end.\n\nMore.",
        "x" * 201 + "\n\nMore.",
        "A title\n\n",
        "",
        " \n\n ",
    ],
)
def test_a_text_without_a_title_is_called_by_its_document(text):
    assert paper_of(text, "a.txt").title == "a.txt"


def test_a_markdown_heading_is_a_title_without_its_marks():
    paper = paper_of("## Bees\n\nBees dance.", "a.md")
    assert (paper.title, paper.sentences) == ("Bees", [(9, 20)])


def test_a_file_that_cannot_be_read_is_a_note_and_the_others_are_read(tmp_path):
    (tmp_path / "a.txt").write_text("Bees dance.")
    (tmp_path / "b.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    found, notes = read_papers([tmp_path / "b.png", tmp_path / "none.txt", tmp_path / "a.txt"])
    assert [paper.document for paper in found] == ["a.txt"]
    assert len(notes) == 2
    assert "PNG" in notes[0]
    assert "There is no file 'none.txt'" in notes[1]


def test_files_without_any_paper_are_an_error(tmp_path):
    with pytest.raises(CorpusError, match=r"There is no file 'none\.txt'"):
        read_papers([tmp_path / "none.txt", tmp_path / "other.txt"])


def test_what_is_beyond_the_limit_is_not_read_and_a_note_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(papers, "MAX_CHARACTERS", 30)
    for name in "abc":
        (tmp_path / f"{name}.txt").write_text("Bees dance here.")
    found, notes = read_papers([tmp_path / f"{name}.txt" for name in "abc"])
    assert len(found) == 1
    assert notes == ["Only the first 1 papers were read: together the papers may have 30 characters."]
