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
        ("text,n\n", "'a.csv' holds no text"),
        ("text,n\n,1\n", "'a.csv' holds no text"),
        (" ,,\na,b,c\n,,\n", "'a.csv' holds no text"),
        ("text,n\na,b,c\n", "'a.csv' has no row that can be read; row 2: it has 3 cells, and the header 2; put texts"),
    ],
    ids=["two", "header", "cells", "blank", "ragged"],
)  # fmt: skip
def test_a_bad_csv_file_is_refused_with_the_reason(refused, data, message):
    refused("a.csv", data, message)


def test_the_refusal_of_an_unknown_column_lists_the_columns(refused):
    refused("a.csv", "text,n\na,1\n", "'a.csv' has no column 'txt'; it has 'text', 'n'", column="txt")


GOOD = [f"Row number {i} of the good ones." for i in range(150)]


@pytest.mark.parametrize("place", [0, 1, 75, 149, 150])
@pytest.mark.parametrize(
    ("bad", "cells"),
    [("x,One, two, three", 4), ('x,"a","b","c"', 4), ("x,a,,b", 4), ("x,a,b", 3), ('1,"a",b c', 3)],
)
def test_a_ragged_row_is_left_out_with_its_number(read, bad, cells, place):
    rows = [f"{i},{text}" for i, text in enumerate(GOOD)]
    found, _ = read("a.csv", "\n".join(["id,text", *rows[:place], bad, *rows[place:]]))
    *documents, dropped = found
    assert [document.text for document in documents] == GOOD
    assert dropped.source == f"a.csv, row {place + 2}"
    assert dropped.reason.startswith(f"it has {cells} cells, and the header 2; put texts that contain")


def rows_of(*texts, tail=""):
    return "id,text,n\n" + "".join(f"{i},{text},7\n" for i, text in enumerate(texts)) + tail


@pytest.mark.parametrize(
    ("data", "texts"),
    [
        (rows_of("a b", '"open', "c d", "e f"), ["a b", "open,7", "c d", "e f"]),
        (rows_of('"He shouted ""stop', "c d", '12" pipe'), ['He shouted "stop,7', "c d", '12" pipe']),
        (rows_of("a b", '"open', '"x, y"', "e f"), ["a b", "open,7", "x, y", "e f"]),
        (rows_of("a b", '"open', "c d", '"x, y"', "e f"), ["a b", "open,7", "c d", "x, y", "e f"]),
        (rows_of('"open', '"open too', "c d"), ["open,7", "open too,7", "c d"]),
        (rows_of("a b", '"open at the end'), ["a b", "open at the end,7"]),
        (rows_of("a b", *(["c d"] * 50), tail='60,"cut'), ["a b", *["c d"] * 50, "cut"]),
        (rows_of('a "quoted" word', '5" nails', '"b" c'), ['a "quoted" word', '5" nails', "b c"]),
        (rows_of('"line one\nline two, with ""quotes""\n\nline four"', "c"), [
            'line one\nline two, with "quotes"\n\nline four', "c"]),
        (rows_of('"line one\nhe said "so" and left\nline three"', "c d"), [
            'line one\nhe said "so" and left\nline three', "c d"]),
    ],
    ids=["open", "inches", "before-quoted", "two-later", "two", "last", "cut", "inside", "lines", "stray"],
)  # fmt: skip
def test_the_rows_after_an_unclosed_quote_are_read(read, data, texts):
    found, _ = read("a.csv", data)
    assert [getattr(item, "text", item) for item in found] == texts


def test_an_unclosed_quote_is_named(read):
    _, notes = read("a.csv", rows_of("a b", '"open', *["c d"] * 9))
    assert "a.csv has an unclosed quote in row 3; it was read as a part of the text." in notes


def test_an_unclosed_quote_swallows_no_huge_file(read):
    found, _ = read("a.csv", 'text,n\n"a,1\n' + "words here,2\n" * 200_000)
    assert len(found) == 200_001


def test_an_unclosed_quote_in_one_column_ends_at_its_line(read, monkeypatch):
    monkeypatch.setattr("mlm_demo.corpus.readers.csv.MOST_LINES", 20)
    found, _ = read("a.csv", 'remarks\n"open\n' + "some words\n" * 60)
    assert len(found) == 61


@pytest.mark.parametrize(
    ("data", "texts"),
    [
        ("sep=;\nid;text\n1;a b\n", ["a b"]),
        ('"sep=;"\nid;text\n1;a b\n', ["a b"]),
        ("SEP=,\r\nid,text\r\n1,a b\r\n", ["a b"]),
        ("sep=\t\nid\ttext\n1\ta, b; c\n", ["a, b; c"]),
        ("sep=TAB\nid\ttext\n1\ta b\n", ["a b"]),
        ("Reports of 2020\nid,text,label\n1,a b,x\n2,c d,y\n", ["a b", "c d"]),
        ("Reports of 2020,,\n,,\nid,text,label\n1,a b,x\n2,c d,y\n", ["a b", "c d"]),
        ("Reports\nmade in May\n\nid;text\n1;a b\n2;c d\n", ["a b", "c d"]),
        ("text,label,,\na b,x,,\nc d,y,,\n", ["a b", "c d"]),
        ("text,\na b,x\n", ["a b"]),
        (",text,label\n0,a b,x\n", ["a b"]),
        (",0,1\n0,7,some words of text\n1,8,more\n", ["some words of text", "more"]),
        ("0,1\n7,some words of text\n8,more\n", ["some words of text", "more"]),
        ('id,text\n1,"He said \\"so\\", and left."\n2,"c"\n', ['He said "so", and left.', "c"]),
        ('id,text\n1,"C:\\dir\\"\n2,"c"\n', ["C:\\dir\\", "c"]),
        ('id,text\n1,"In \\""a\\"" b"\n2,"A ""b"", c"\n', ['In \\"a\\" b', 'A "b", c']),
        ('id,text\n1,"A pipe of 5\\""\n2,"c, d"\n', ['A pipe of 5"', "c, d"]),
        ('id, text\n1, "a, b"\n2, "c, d"\n', ["a, b", "c, d"]),
        ('"text" "n"\n', None),
        ('"text","n"\n"1","a b",3\n"2","c d",4\n"3","e f",5\n', ["a b", "c d", "e f"]),
        ("text,text\na b c,d e f\n", ["a b c"]),
    ],
)  # fmt: skip
def test_tables_as_programs_write_them_are_read(read, refused, data, texts):
    if texts is None:
        return refused("a.csv", data, "holds no text")
    found, _ = read("a.csv", data)
    assert [getattr(item, "text", item) for item in found] == texts


@pytest.mark.parametrize(
    ("data", "texts"),
    [
        ("The first sentence of all.\nThe second one.\n", ["The first sentence of all.", "The second one."]),
        ("He came, saw.\nShe left, too, and soon.\n", ["He came, saw.", "She left, too, and soon."]),
        ("The pump was broken, so we left.\nAnd it rained.\n", ["The pump was broken, so we left.", "And it rained."]),
        ("1,A text of a row\n2,Another\n", ["A text of a row", "Another"]),
        ("a17\tThe patient is well today.\nb2\tShe is not.\n", ["The patient is well today.", "She is not."]),
        ("no fever and no cough today\nfever and cough\n", ["no fever and no cough today", "fever and cough"]),
        ('"The first, with commas, is here."\n"So, too, the second."\n', [
            "The first, with commas, is here.", "So, too, the second."]),
        ("3.5;The first of two rows.\n4.5;The second of them.\n", [
            "The first of two rows.", "The second of them."]),
        ("One row alone, that is all.\n", ["One row alone, that is all."]),
        ("First sentence here\nSecond one too\nAnd the third\n", [
            "First sentence here", "Second one too", "And the third"]),
        ("x,1,The one is a sentence.\ny,2,So is this.\n", ["The one is a sentence.", "So is this."]),
    ],
)  # fmt: skip
def test_without_a_header_the_first_row_is_read(read, data, texts):
    found, notes = read("a.csv", data)
    assert [getattr(item, "text", item) for item in found] == texts
    assert "a.csv has no header, so its first row was read too." in notes


@pytest.mark.parametrize(
    "header",
    [
        "text,n",
        "Note text,2020",
        "How do you feel today?,n",
        "Free text of the report,n",
        "ID,Report",
        "first,second",
    ],
)
def test_a_header_is_no_text(read, header):
    found, notes = read("a.csv", f"{header}\n" + f'"{LONG}",1\n"{LONG} b",2\n')
    assert [document.text for document in found] == [LONG, f"{LONG} b"]
    assert not any("header" in note for note in notes)
