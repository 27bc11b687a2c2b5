import io
from datetime import date
from types import SimpleNamespace

import pytest

from mlm_demo.corpus.documents import Dropped, ReadLimits
from mlm_demo.corpus.sentence_file import Line, is_sentence_file, read_sentences
from mlm_demo.errors import CorpusError


def read(path, data):
    path.write_bytes(data)
    notes = []
    return list(read_sentences(str(path), ReadLimits(), notes)), notes


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pairs.txt", True), ("a/b.csv", True), ("x.jsonl.gz", True), ("-", True),
        ("The cat sat.", False), ("Open the file pairs.txt", False), ("Paris.", False), ("", False), ("a\0.txt", False),
        (f"Open {'a' * 300}.txt", False),
    ],
)  # fmt: skip
def test_what_names_a_file(text, expected):
    assert is_sentence_file(text) is expected


def test_a_name_with_spaces_is_a_file_if_it_is_there(tmp_path):
    path = tmp_path / "my own pairs.txt"
    assert not is_sentence_file(str(path))
    path.write_text("x")
    assert is_sentence_file(str(path))


def test_a_text_is_read_line_by_line(tmp_path):
    found, _ = read(tmp_path / "a.txt", "One \u2013 here.\r\n\n  Two.\n".encode())
    assert found == [Line("a.txt, line 1", "One \u2013 here."), Line("a.txt, line 3", "Two.")]


def test_latin_1_is_read_and_said(tmp_path):
    found, notes = read(tmp_path / "a.txt", "Le caf\u00e9 est ferm\u00e9.".encode("latin-1"))
    assert found[0].text == "Le caf\u00e9 est ferm\u00e9."
    assert notes


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.csv", b"id,sentence\n1,The cat sat.\n2,\n3,A dog ran.\n"),
        ("a.tsv", b"text\tkind\nThe cat sat.\tx\nA dog ran.\ty\n"),
        ("a.jsonl", b'{"words": "The cat sat.", "n": "1"}\n{"words": "A dog ran."}\n'),
    ],
)
def test_the_column_with_the_sentences_is_read(tmp_path, name, data):
    found, notes = read(tmp_path / name, data)
    assert [line.text for line in found] == ["The cat sat.", "A dog ran."]
    assert all(line.where.startswith(name) for line in found)
    assert any("was read" in note for note in notes)


def test_without_a_column_of_text_the_message_says_how_to_name_it(tmp_path):
    with pytest.raises(CorpusError) as raised:
        read(tmp_path / "a.csv", b"left,right\none two,three four\nfive six,seven eight\n")
    assert str(raised.value) == (
        "'a.csv' has the columns 'left', 'right', and none is clearly the text; name the column with the sentences "
        "sentence."
    )


def test_a_broken_row_is_named_and_the_rest_read(tmp_path):
    found, _ = read(tmp_path / "a.jsonl", b'{"text": "One."}\n{"text": \n{"text": "Two."}\n')
    assert [item.text for item in found if isinstance(item, Line)] == ["One.", "Two."]
    (dropped,) = [item for item in found if isinstance(item, Dropped)]
    assert "line 2" in dropped.source


def test_standard_input(monkeypatch):
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(b"One.\nTwo.\n")))
    assert [line.where for line in read_sentences("-", ReadLimits(), [])] == [
        "standard input, line 1",
        "standard input, line 2",
    ]


@pytest.mark.parametrize("name", ["a.txt", "a.csv", "a.jsonl"])
def test_a_file_that_is_not_there(tmp_path, name):
    with pytest.raises(CorpusError, match="There is no file"):
        list(read_sentences(str(tmp_path / name), ReadLimits(), []))


@pytest.mark.parametrize(("name", "data"), [("a.txt", b"\n \n"), ("a.csv", b"sentence\n")])
def test_a_file_without_a_sentence(tmp_path, name, data):
    with pytest.raises(CorpusError, match=r"holds no (sentence|text)"):
        read(tmp_path / name, data)


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        (
            "a.csv",
            b"id,sentence,kind\n1,The cat sat.,x\n2,A dog ran.\n",
            [{"id": "1", "kind": "x"}, {"id": "2"}],
        ),
        (
            "a.jsonl",
            b'{"sentence": "The cat sat.", "n": 1, "tags": ["a"]}\n{"sentence": "A dog ran.", "n": null}\n',
            [{"n": "1", "tags": '["a"]'}, {"n": ""}],
        ),
        ("a.json", b'["The cat sat.", "A dog ran."]', [{}, {}]),
    ],
)
def test_the_other_columns_are_kept(tmp_path, name, data, expected):
    found, _ = read(tmp_path / name, data)
    assert [line.cells for line in found] == expected


def test_other_columns_of_a_parquet_file_are_text(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = {
        "sentence": ["The cat sat.", "A dog ran."], "day": [date(2026, 1, 2), None], "item": [1, 2],
        "tags": [[1, 2], [3]], "picture": [b"a", b"b"],
    }  # fmt: skip
    pq.write_table(pa.table(columns), tmp_path / "a.parquet")
    found = list(read_sentences(str(tmp_path / "a.parquet"), ReadLimits(), []))
    assert [line.text for line in found] == ["The cat sat.", "A dog ran."]
    assert [line.cells for line in found] == [
        {"day": "2026-01-02", "item": "1", "tags": "[1, 2]"}, {"day": "", "item": "2", "tags": "[3]"},
    ]  # fmt: skip
