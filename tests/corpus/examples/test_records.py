import csv
import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlm_demo.corpus.documents import Dropped, ReadLimits
from mlm_demo.corpus.examples.records import Record, read_records
from mlm_demo.errors import CorpusError
from tests.support.example_files import json_lines, table

ROWS = [
    {"Question": "Who?", "sentence": 'He, "she", they\nand it.', "label": "1"},
    {"Question": "What?", "sentence": "Iron;|rose.", "label": "0"},
]
WANTED = [{name.lower(): value for name, value in row.items()} for row in ROWS]


@pytest.fixture
def read(write, limits):
    def read(name, data):
        notes = []
        return list(read_records(write(name, data), limits, notes)), notes

    return read


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.csv", table(ROWS)),
        ("a.csv", table(ROWS, ";")),
        ("a.txt", table(ROWS, "|")),
        ("a.tsv", table(ROWS, "\t")),
        ("a.csv", "\ufeff" + table(ROWS)),
        ("a.jsonl", json_lines(ROWS)),
        ("a.json", json_lines(ROWS)),
        ("a.json", json.dumps(ROWS, indent=1)),
        ("a.json", json.dumps({"data": ROWS})),
        ("a.csv.gz", gzip.compress(table(ROWS).encode())),
        ("a.jsonl.gz", gzip.compress(json_lines(ROWS).encode())),
        ("a.csv", table(ROWS).encode("utf-16")),
    ],
)
def test_every_layout_gives_the_same_rows(read, name, data):
    found, _ = read(name, data)
    assert [record.values for record in found] == WANTED


def test_rows_are_numbered_as_their_file_numbers_them(read):
    found, _ = read("a.csv", table(ROWS))
    assert [record.where for record in found] == ["a.csv, row 2", "a.csv, row 3"]
    found, _ = read("a.jsonl", "\n" + json_lines(ROWS))
    assert [record.where for record in found] == ["a.jsonl, line 2", "a.jsonl, line 3"]
    found, _ = read("a.json", json.dumps({"data": ROWS}))
    assert found[1].where == "a.json, article 2"


def test_quotes_in_a_file_of_tabs_stand_for_themselves(read):
    lines = [
        "index\tquestion\tsentence\tlabel",
        '0\t"Who?\tHe said "no".\tentailment',
        '1\t"Q"\t"a ""b"""\tno',
    ]
    found, _ = read("dev.tsv", "\n".join(lines))
    assert [record.values["question"] for record in found] == ['"Who?', "Q"]
    assert [record.values["sentence"] for record in found] == ['He said "no".', 'a "b"']


def test_bad_rows_are_dropped_by_their_number_and_the_rest_is_read(read):
    found, _ = read("a.csv", "question,sentence,label\nA?,b,1,,\nA?,b\nA?,b,c,1\n,,\nB?,b,0\n")
    assert [(item.source, item.reason) for item in found if isinstance(item, Dropped)] == [
        ("a.csv, row 3", "it has 2 cells, but the header has 3"),
        ("a.csv, row 4", "it has 4 cells, but the header has 3"),
    ]
    assert sum(isinstance(item, Record) for item in found) == 2
    found, _ = read("a.jsonl", '{"question": "A?"}\n{"question"\n3\n"text"\n' + "[" * 100_000 + "\n{}\n")
    assert [item.source for item in found if isinstance(item, Dropped)] == [
        f"a.jsonl, line {n}" for n in (2, 3, 4, 5)
    ]
    assert [item.where for item in found if isinstance(item, Record)] == [
        "a.jsonl, line 1",
        "a.jsonl, line 6",
    ]
    found, _ = read("a.json", '[{"question": "A?"}, 3]')
    assert (found[1].source, found[1].reason) == ("a.json, item 2", "it is not an object")


def test_an_unclosed_quote_swallows_no_other_row(read):
    data = 'question,sentence,label\nA?,"b,1\nB?,"c, d",0\nC?,e "f" g,1\nD?,h,0\n'
    found, notes = read("a.csv", data)
    assert [(item.source, item.reason) for item in found if isinstance(item, Dropped)] == [
        ("a.csv, row 2", "it has 2 cells, but the header has 3")
    ]
    sentences = [item.values["sentence"] for item in found if isinstance(item, Record)]
    assert sentences == ["c, d", 'e "f" g', "h"]
    assert notes == ["a.csv has an unclosed quote in row 2; it was read as a part of the text."]


@pytest.mark.parametrize("sign", ["\u2028", "\x85", "\f"])
def test_a_line_of_json_ends_at_a_line_feed_alone(read, sign):
    found, _ = read("a.json", f'{{"question": "a{sign}b"}}\r\n{{"question": "c"}}\n')
    assert [record.values["question"] for record in found] == [f"a{sign}b", "c"]


def test_an_object_of_objects_is_rows_with_their_names(read):
    found, _ = read("a.json", '{"11": {"QUESTION": "A?"}, "12": {"QUESTION": "B?"}}')
    assert [record.values for record in found] == [
        {"id": "11", "question": "A?"},
        {"id": "12", "question": "B?"},
    ]
    found, _ = read("a.json", '{"question": {"text": "A?"}, "context": {"body": "B"}}')
    assert len(found) == 1


def test_halves_of_surrogate_pairs_are_replaced_and_whole_ones_kept(read):
    found, _ = read("a.jsonl", '{"question": "a\\ud800b", "answers": [{"text": "\\ud83d\\ude00"}]}')
    assert found[0].values == {"question": "a\ufffdb", "answers": [{"text": "\U0001f600"}]}
    found, _ = read("a.json", '[{"que\\udfffstion": "x"}]')
    assert found[0].values == {"que\ufffdstion": "x"}


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.csv", "", "'a.csv' is empty"),
        (
            "a.csv",
            "name,text\nA,b\n",
            "does not name the columns of examples, but has 'name', 'text'; name them",
        ),
        ("a.csv", "just a text", "name them question, sentence and label"),
        ("a.csv", "\n\n", "does not name the columns"),
        ("a.json", '{"data": [', "'a.json' is not JSON .*line 1"),
        ("a.zip", b"PK\3\4" + b"x" * 50, "is a zip file; give examples as CSV"),
        ("a.csv", bytes(range(32)) * 50, "is not text"),
        ("a.csv.gz", gzip.compress(b"question,sentence,label\n" + b"a" * 500)[:-20], "corrupt"),
        ("a.csv", b"question,sentence,label\n" + b"x" * 33_000_000, "Line 2 of 'a.csv' is longer"),
    ],
)
def test_files_that_cannot_be_read_are_refused(read, name, data, message):
    with pytest.raises(CorpusError, match=message):
        read(name, data)


def test_a_missing_file_and_a_folder_are_refused(tmp_path, limits):
    with pytest.raises(CorpusError, match=r"There is no file 'a\.csv'"):
        list(read_records(tmp_path / "a.csv", limits, []))
    with pytest.raises(CorpusError, match="cannot be opened"):
        list(read_records(tmp_path, limits, []))


def test_a_file_that_expands_too_far_is_refused(write):
    path = write("a.csv.gz", gzip.compress(b"question,sentence,label\n" + b"\n" * 1_000_000))
    with pytest.raises(CorpusError, match="more than 100,000 bytes"):
        list(read_records(path, ReadLimits(max_bytes=100_000), []))


CELL = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=10).filter(str.strip)


@given(
    rows=st.lists(st.fixed_dictionaries({"question": CELL, "answer": CELL}), min_size=1, max_size=5),
    delimiter=st.sampled_from(",;\t|"),
)
def test_any_cells_come_back(read, rows, delimiter):
    found, _ = read("a.csv", table(rows, delimiter))
    assert [record.values for record in found] == rows
    assert csv.field_size_limit() > 131_072
