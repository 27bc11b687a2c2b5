import json
import tracemalloc

import pandas as pd
import pytest

from mlm_demo.errors import CorpusError
from mlm_demo.formats import Document, ReadLimits, read_documents

LONG = "The patient was given a low dose of the drug and was followed for a year, without any sign of harm."


def reading(tmp_path):
    """A function that writes bytes or text under a name and reads it: what came of it, and the notes."""

    def read(name, data, **options):
        path = tmp_path / "upload-1f3c"
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        notes = []
        limits = ReadLimits(**{k: options.pop(k) for k in list(options) if k.startswith("max_")})
        return list(read_documents(path, name=name, limits=limits, notes=notes, **options)), notes

    return read


def refusing(tmp_path):
    """A function that does the same and expects to be told why it cannot be."""

    def refused(name, data, message, **options):
        with pytest.raises(CorpusError, match=message) as told:
            reading(tmp_path)(name, data, **options)
        assert "\n" not in str(told.value)
        assert "upload-" not in str(told.value)

    return refused


@pytest.fixture
def read(tmp_path):
    return reading(tmp_path)


@pytest.fixture
def refused(tmp_path):
    return refusing(tmp_path)


def test_a_text_file_is_one_document(read):
    assert read("a.txt", "One\0\r\nline.\r\n\r\n\r\nTwo.\n") == (
        [Document("a.txt", "One\nline.\n\nTwo.")],
        [],
    )


def test_the_path_names_the_file_where_no_name_is_given(tmp_path):
    (tmp_path / "b.txt").write_text("words")
    assert [d.source for d in read_documents(tmp_path / "b.txt", limits=ReadLimits(), notes=[])] == ["b.txt"]


def test_a_text_in_an_old_encoding_is_told(read):
    found, notes = read("a.txt", "Le café était fermé à midi.".encode("cp1252"))
    assert (found[0].text, notes) == ("Le café était fermé à midi.", ["a.txt was read as cp1252."])


def test_a_text_of_a_paragraph_a_line_gets_empty_lines(read):
    found, notes = read("a.txt", f"{LONG} 1\n{LONG} 2\n{LONG} 3\n")
    assert found[0].text == f"{LONG} 1\n\n{LONG} 2\n\n{LONG} 3"
    assert notes == ["a.txt has no empty lines, so each of its lines was read as a paragraph."]


def test_a_text_wrapped_by_hand_keeps_its_lines(read):
    text = "A text that somebody wrapped\nby hand at thirty characters,\nas was usual once."
    assert read("a.txt", text) == ([Document("a.txt", text)], [])


def test_a_long_text_comes_in_parts_cut_at_paragraphs(read):
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


def test_marks_of_markdown_go_and_its_text_stays(read):
    text = (
        "# Title #\n\nSee [the *paper*](http://x.org/a) and ![a plot](p.png), **now**.\n\n```py\nx = 1\n```\n"
    )
    text += "\nTitle\n===\n"
    found, _ = read("a.md", text)
    assert found[0].text == "Title\n\nSee the *paper* and a plot, now.\n\nx = 1\n\nTitle"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_separator_of_a_csv_file_is_found(read, delimiter):
    rows = [["id", "Abstract", "note"], ["1", f"{LONG} a", "x"], ["2", f"{LONG} b", "y"]]
    data = "\n".join(delimiter.join(f'"{c}"' if "," in c else c for c in row) for row in rows)
    found, notes = read("a.csv", data)
    assert found == [Document("a.csv, row 2", f"{LONG} a"), Document("a.csv, row 3", f"{LONG} b")]
    assert notes == ["Column 'Abstract' of a.csv was taken as the text."]


def test_a_tsv_file_is_split_at_tabs_alone(read):
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


def test_the_index_that_pandas_writes_is_no_missing_header(read):
    found, _ = read("a.csv", pd.DataFrame({"text": [LONG], "label": [1]}).to_csv())
    assert [d.text for d in found] == [LONG]


def test_the_column_asked_for_is_taken(read):
    assert read("a.csv", "text,other\na,b\n", column="other") == ([Document("a.csv, row 2", "b")], [])


def test_a_column_is_guessed_by_far_the_longest_text(read):
    found, notes = read("a.csv", f"key,remarks\nk1,{LONG.replace(',', '')}\nk2,more words than that\n")
    assert len(found) == 2
    assert notes == ["Column 'remarks' of a.csv was taken as the text."]


def test_rows_without_text_are_counted(read):
    found, notes = read("a.csv", "text,n\na,1\n,2\n  ,3\nb\n")
    assert [d.source for d in found] == ["a.csv, row 2", "a.csv, row 5"]
    assert "2 rows of a.csv hold no text and were left out." in notes


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("left,right\nsome words,more words\n", r"the columns 'left', 'right', and none is plainly the text"),
        ("text,n\na,1\nb,2\nOne, two, three,3\n", r"Row 4 of 'a.csv' has 4 cells, the header 2; put texts"),
        ("1,A text of a row\n2,Another\n", r"first row of 'a.csv' is no header: its cell 1 is '1'; put the names"),
        (" ,,\na,b,c\n,,\n", r"first row of 'a.csv' is no header: its cell 2 is ''"),
        ("text,\na,b\n", r"first row of 'a.csv' is no header: its cell 2 is ''"),
        ("text,n\n", "'a.csv' holds no text"),
        ("text,n\n,1\n", "'a.csv' holds no text"),
        ('text,n\n"a,1\n' + "words,2\n" * 5_000_000, r"Row 2 of 'a.csv' is no CSV .*limit.*; is a quote left open"),
    ],
    ids=["two", "ragged", "number", "blank", "unnamed", "header", "cells", "quote"],
)  # fmt: skip
def test_what_is_wrong_with_a_csv_file_is_told(refused, data, message):
    refused("a.csv", data, message)


def test_an_unknown_column_is_told_with_those_there(refused):
    message = "'{}' has no column 'txt'; it has 'text', 'n'"
    refused("a.csv", "text,n\na,1\n", message.format("a.csv"), column="txt")
    refused("a.jsonl", '{"text": "a", "n": 1}', message.format("a.jsonl"), column="txt")


def test_lines_of_json_are_documents(read):
    rows = [{"id": i, "text": f"No. {i} é\u2028"} for i in range(250)] + [{"id": 9}, {"text": ["a", "b"]}]
    found, notes = read("a.ndjson", "\n".join(json.dumps(r, ensure_ascii=False) for r in rows) + "\n\n")
    assert found[1] == Document("a.ndjson, line 2", "No. 1 é")
    assert (len(found), found[-1].text) == (251, "a\n\nb")
    assert notes == [
        "Column 'text' of a.ndjson was taken as the text.",
        "1 rows of a.ndjson hold no text and were left out.",
    ]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            '{"text": "b"',
            r"Line 151 of 'a.jsonl' is not JSON \(Expecting.*\): '{\"text\": \"b\"'; correct it",
        ),
        ("[1, 2]", r"Line 151 of 'a.jsonl' is neither an object nor a text: '\[1, 2\]'; put one object"),
        ("[" * 100_000, "Line 151 of 'a.jsonl' is not JSON .*nested too deep"),
        ("9" * 5_000, "Line 151 of 'a.jsonl' is not JSON .*a number too long"),
    ],
    ids=["cut", "list", "deep", "number"],
)
def test_a_bad_line_of_json_is_numbered(refused, line, message):
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


def test_other_json_is_told(refused):
    refused("a.json", "[1, 2]", "'a.json' is JSON, but not a list of texts or objects; save it as .jsonl")
    refused("a.json", "[1, ", r"'a.json' is not JSON \(Expecting value\)")


def test_a_parquet_file_is_read_by_its_column(read, tmp_path):
    texts = [f"{LONG} {i}" for i in range(250)]
    pd.DataFrame({"n": range(250), "kind": "k", "remarks": texts}).to_parquet(tmp_path / "p")
    found, notes = read("a.parquet", (tmp_path / "p").read_bytes())
    assert found == [Document(f"a.parquet, row {i}", text) for i, text in enumerate(texts, 1)]
    assert notes == ["Column 'remarks' of a.parquet was taken as the text."]
    assert read("a.parquet", (tmp_path / "p").read_bytes(), column="kind")[0][0].text == "k"


def test_what_is_wrong_with_a_parquet_file_is_told(refused, tmp_path):
    pd.DataFrame({"n": [1], "m": [2]}).to_parquet(tmp_path / "p")
    data = (tmp_path / "p").read_bytes()
    refused("a.parquet", data, "'a.parquet' has no column of text, only 'n', 'm'")
    refused("a.parquet", data[:-9], r"'a.parquet' is a broken Parquet file \(.*\); get or save it anew")
    refused(
        "a.parquet", "just words", r"'a.parquet' is a broken .parquet file \(it does not begin as one does\)"
    )


HTML = """<!doctype html><html><head><title>T</title><style>p {}</style></head><body><nav>Menu</nav>
<header>Top</header><h1>Head &amp; line</h1><p>One <b>bold</b>
 word.<br>New line &eacute;<script>var p = "<p>no"</script><p hidden>Not seen<p style="display: none">Nor this
<ul><li>first<li>second</ul><table><tr><td>a</td><td>b</td></tr></table><footer>End</footer></body></html>"""


@pytest.mark.parametrize("name", ["a.html", "a.htm", "a.txt"])
def test_the_visible_text_of_a_page_is_read(read, name):
    found, notes = read(name, HTML)
    assert found == [Document(name, "Head & line\n\nOne bold word.\nNew line é\n\nfirst\n\nsecond\n\na b")]
    assert notes == (["a.txt is an HTML page, and was read as one."] if name == "a.txt" else [])


def test_the_encoding_that_a_page_declares_counts(read):
    page = '<html><meta charset="windows-1251"><p>Это\n<p>да</html>'
    assert read("a.html", page.encode("cp1251"))[0][0].text == "Это\n\nда"


def test_a_page_nested_deep_or_left_open_is_read(read):
    deep = "<html>" + "<div>" * 20_000 + "deep" + "</div>" * 10_000 + "<p>after<!--"
    assert read("a.html", deep)[0][0].text == "deep\n\nafter"


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.txt", b"", "'a.txt' is empty; leave it out"),
        ("a.txt", b"\xef\xbb\xbf", "'a.txt' holds nothing but a byte order mark"),
        ("a.txt", b"\xff\xfe", "'a.txt' holds nothing but a byte order mark"),
        ("a.txt", b" \n\t\r\n" * 500_000, "'a.txt' holds no text, only white space"),
        ("a.html", b"<html><script>x</script>", "'a.html' holds no text"),
        (
            "photo.txt",
            b"\x89PNG\r\n\x1a\n\0\0\0\r",
            r"'photo.txt' is not text \(it looks like a PNG picture\)",
        ),
        ("a.xyz", b"words", r"'a.xyz' has an unknown format \(.xyz\); give one of text, Markdown, CSV"),
        (
            "a.xml",
            b"<note>words</note>",
            "'a.xml' is XML, but neither PubMed's nor JATS; save its text as .txt",
        ),
    ],
)
def test_a_file_that_cannot_be_read_is_told_why(refused, name, data, message):
    refused(name, data, message)


def test_a_missing_file_and_a_folder_are_told(tmp_path):
    with pytest.raises(CorpusError, match=r"There is no file 'gone.txt'; check its name"):
        list(read_documents(tmp_path / "gone.txt", limits=ReadLimits(), notes=[]))
    with pytest.raises(CorpusError, match="'texts' is a folder; name the files in it"):
        list(read_documents(tmp_path, name="texts", limits=ReadLimits(), notes=[]))


def test_a_file_larger_than_allowed_is_refused(refused):
    refused("a.txt", "word " * 500_000, "'a.txt' holds more than 2,000,000 bytes", max_bytes=2_000_000)
