import json

import pandas as pd
import pytest

from mlm_demo.corpus.documents import Document
from tests.support.texts import LONG


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_separator_of_a_csv_file_is_detected(read, delimiter):
    rows = [["id", "Abstract", "note"], ["1", f"{LONG} a", "x"], ["2", f"{LONG} b", "y"]]
    data = "\n".join(delimiter.join(f'"{c}"' if "," in c else c for c in row) for row in rows)
    found, notes = read("a.csv", data)
    assert found == [Document("a.csv, row 2", f"{LONG} a"), Document("a.csv, row 3", f"{LONG} b")]
    assert notes == ["Column 'Abstract' of a.csv was read as the text."]


def test_a_tsv_file_is_split_only_at_tabs(read):
    assert read("a.tsv", "text\tn\nOne, two, three\t1\n")[0] == [Document("a.tsv, row 2", "One, two, three")]


def test_a_cell_may_hold_lines_commas_and_a_whole_paper(read):
    paper = f'He said ""so"",\n\n{LONG * 5000}'
    found, _ = read("a.csv", f'k,text\n1,"{paper}"\n2,short\n')
    assert found == [
        Document("a.csv, row 2", paper.replace('""', '"')),
        Document("a.csv, row 3", "short"),
    ]


def test_one_column_needs_no_name_and_no_quotes(read):
    found, notes = read("a.csv", "remarks\nFirst, one; two\nSecond\n\n")
    assert [d.text for d in found] == ["First, one; two", "Second"]
    assert notes == []


def test_the_index_that_pandas_writes_is_accepted(read):
    found, _ = read("a.csv", pd.DataFrame({"text": [LONG], "label": [1]}).to_csv())
    assert [d.text for d in found] == [LONG]


def test_the_requested_column_is_read(read):
    assert read("a.csv", "text,other\na,b\n", column="other") == ([Document("a.csv, row 2", "b")], [])


def test_the_column_with_by_far_the_longest_text_is_guessed(read):
    found, notes = read("a.csv", f"key,remarks\nk1,{LONG.replace(',', '')}\nk2,more words than that\n")
    assert len(found) == 2
    assert notes == ["Column 'remarks' of a.csv was read as the text."]


def test_rows_without_text_are_counted(read):
    found, notes = read("a.csv", "text,n\na,1\n,2\n  ,3\nb\n")
    assert [d.source for d in found] == ["a.csv, row 2", "a.csv, row 5"]
    assert "Skipped 2 rows of a.csv without text." in notes


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("left,right\nsome words,more words\n", "the columns 'left', 'right', and none is clearly the text; choose"),
        ("text,n\na,1\nb,2\nOne, two, three,3\n", r"Row 4 of 'a.csv' has 4 cells, but the header has 2; put texts"),
        ("1,A text of a row\n2,Another\n", r"first row of 'a.csv' is not a header: its cell 1 is '1'; put the names"),
        (" ,,\na,b,c\n,,\n", r"first row of 'a.csv' is not a header: its cell 2 is ''"),
        ("text,\na,b\n", r"first row of 'a.csv' is not a header: its cell 2 is ''"),
        ("text,n\n", "'a.csv' holds no text"),
        ("text,n\n,1\n", "'a.csv' holds no text"),
        ('text,n\n"a,1\n' + "words,2\n" * 5_000_000, "Row 2 of 'a.csv' is not valid CSV .*limit.*; check for an"),
    ],
    ids=["two", "ragged", "number", "blank", "unnamed", "header", "cells", "quote"],
)  # fmt: skip
def test_a_bad_csv_file_is_refused_with_the_reason(refused, data, message):
    refused("a.csv", data, message)


def test_an_unclosed_quote_before_long_lines_is_reported(refused, monkeypatch):
    monkeypatch.setattr("mlm_demo.corpus.readers.tables.MAX_LINE", 1000)
    lines = f"{LONG},1\n" * 12
    refused(
        "a.csv",
        f'text,n\na,1\n"{lines}',
        r"Row 3 of 'a.csv' is not valid CSV .*limit.*; check for an unclosed quote",
    )


def test_the_refusal_of_an_unknown_column_lists_the_columns(refused):
    message = "'{}' has no column 'txt'; it has 'text', 'n'"
    refused("a.csv", "text,n\na,1\n", message.format("a.csv"), column="txt")
    refused("a.jsonl", '{"text": "a", "n": 1}', message.format("a.jsonl"), column="txt")


def test_json_lines_are_documents(read):
    rows = [{"id": i, "text": f"No. {i} é\u2028"} for i in range(250)] + [{"id": 9}, {"text": ["a", "b"]}]
    found, notes = read("a.ndjson", "\n".join(json.dumps(r, ensure_ascii=False) for r in rows) + "\n\n")
    assert found[1] == Document("a.ndjson, line 2", "No. 1 é")
    assert (len(found), found[-1].text) == (251, "a\n\nb")
    assert notes == [
        "Column 'text' of a.ndjson was read as the text.",
        "Skipped 1 row of a.ndjson without text.",
    ]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            '{"text": "b"',
            r"Line 151 of 'a.jsonl' is not JSON \(Expecting.*\): '{\"text\": \"b\"'; correct it",
        ),
        ("[1, 2]", r"Line 151 of 'a.jsonl' is neither an object nor a string: '\[1, 2\]'; put one object"),
        ("[" * 100_000, "Line 151 of 'a.jsonl' is not JSON .*nested too deeply"),
        ("9" * 5_000, "Line 151 of 'a.jsonl' is not JSON .*a number is too long"),
    ],
    ids=["cut", "list", "deep", "number"],
)
def test_the_error_about_a_bad_json_line_has_its_number(refused, line, message):
    refused("a.jsonl", '{"text": "a"}\n' * 150 + line + "\n", message)


@pytest.mark.parametrize(
    ("value", "texts"),
    [
        (["One.", "Two."], ["One.", "Two."]),
        ([{"body": "A"}, {"body": "B"}], ["A", "B"]),
        ({"text": "X"}, ["X"]),
    ],
)
def test_json_is_a_list_or_one_object(read, value, texts):
    found, _ = read("a.json", json.dumps(value))
    assert found == [Document(f"a.json, item {i}", text) for i, text in enumerate(texts, 1)]


def test_other_json_is_refused(refused):
    refused("a.json", "[1, 2]", "'a.json' is JSON, but not a list of strings or objects; save it as .jsonl")
    refused("a.json", "[1, ", r"'a.json' is not JSON \(Expecting value\)")


def test_a_parquet_file_is_read_from_one_column(read, tmp_path):
    texts = [f"{LONG} {i}" for i in range(250)]
    pd.DataFrame({"n": range(250), "kind": "k", "remarks": texts}).to_parquet(tmp_path / "p")
    found, notes = read("a.parquet", (tmp_path / "p").read_bytes())
    assert found == [Document(f"a.parquet, row {i}", text) for i, text in enumerate(texts, 1)]
    assert notes == ["Column 'remarks' of a.parquet was read as the text."]
    assert read("a.parquet", (tmp_path / "p").read_bytes(), column="kind")[0][0].text == "k"


def test_a_bad_parquet_file_is_refused_with_the_reason(refused, tmp_path):
    pd.DataFrame({"n": [1], "m": [2]}).to_parquet(tmp_path / "p")
    data = (tmp_path / "p").read_bytes()
    refused("a.parquet", data, "'a.parquet' has no text column, only 'n', 'm'; add one")
    refused(
        "a.parquet", data[:-9], r"'a.parquet' is a corrupt Parquet file \(.*\); download it or save it again"
    )
    refused(
        "a.parquet", "just words", r"'a.parquet' is a corrupt .parquet file \(it does not begin like one\)"
    )
