import pytest

from mlm_demo.corpus.readers.columns import choose_columns, count_words, text_of
from mlm_demo.errors import CorpusError, MoreNeededError
from tests.support.texts import LONG

SHORT = "No fracture was seen."


def chosen(rows, requested=None):
    """Return the name of the chosen columns, the texts of the rows, and the notes."""
    notes = []
    columns, table = choose_columns(rows, requested, "a.csv", notes)
    return table.column, [text_of(row, columns) for row in rows], notes


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ({"document": "f1.txt", "note": SHORT}, "note"),
        ({"content": "radiology", "report": SHORT}, "report"),
        ({"sentence": "0", "token_text": SHORT}, "token_text"),
        ({"text": "doc0", "note_text": SHORT}, "note_text"),
        ({"text": "https://example.org/a/b/c?d=e", "remarks": SHORT}, "remarks"),
        ({"body": "left knee", "finding_details": LONG}, "finding_details"),
        ({"abstract": "", "remarks": SHORT}, "remarks"),
        ({"text": LONG, "summary": SHORT}, "text"),
        ({"text": LONG, "summary": f"{LONG} So."}, "text"),
        ({"TEXT": LONG, "id": "7"}, "TEXT"),
        ({"title": "Eels in the marsh", "abstract": LONG}, "title + abstract"),
        ({"Title": "Eels in the marsh", "Abstract": LONG, "Authors": "A. Bee, C. Dee"}, "Title + Abstract"),
        ({"TI": "Eels in the marsh", "AB": LONG, "PY": "2020"}, "TI + AB"),
        ({"title": "", "abstract": LONG}, "abstract"),
        ({"title": "Eels in the marsh", "text": LONG}, "text"),
        ({"abstract": SHORT, "body": LONG}, "body"),
        ({"id": "1", "内容": "船在黎明时分到达了港口，渔民们等待了一整夜。", "标签": "船"}, "内容"),
        ({"remarks": LONG}, "remarks"),
    ],
)
def test_the_column_with_the_most_words_is_the_text_whatever_the_names(row, column):
    assert chosen([row] * 3)[0] == column


def test_title_and_abstract_are_two_paragraphs(read):
    _, texts, notes = chosen([{"title": "Eels in the marsh", "abstract": LONG}])
    assert texts == [f"Eels in the marsh\n\n{LONG}"]
    assert notes == ["Columns 'title' and 'abstract' of a.csv were read as the text."]


def test_two_columns_of_text_are_told():
    column, _, notes = chosen([{"findings": LONG, "impression": f"{SHORT} {SHORT}"}])
    assert column == "findings"
    assert notes == [
        "Columns 'findings' and 'impression' of a.csv both hold text; the first, which has more words, was read."
    ]


def test_columns_can_be_joined():
    column, texts, notes = chosen([{"findings": LONG, "n": 1, "impression": SHORT}], "impression + findings")
    assert (column, texts, notes) == ("impression + findings", [f"{SHORT}\n\n{LONG}"], [])
    assert chosen([{"a + b": LONG, "c": "x"}], "a + b")[1] == [LONG]


def test_a_table_without_text_and_an_unknown_column_are_refused():
    rows = [{"left": "some words", "right": "more words"}]
    with pytest.raises(
        MoreNeededError, match="has the columns 'left', 'right', and none is clearly the text; choose"
    ) as unclear:
        chosen(rows)
    with pytest.raises(MoreNeededError, match=r"'a\.csv' has no column 'c'; it has 'left', 'right'") as wrong:
        chosen(rows, "c")
    assert unclear.value.columns == wrong.value.columns == ("left", "right"), "for the page to offer"


def test_the_table_of_a_report_has_columns_and_the_beginnings_of_three_rows():
    rows = [{"id": str(i), "text": f"Row\n{i} " + "word " * 100 * (i % 2)} for i in range(9)]
    _, table = choose_columns([{"id": "0", "text": " "}, *rows], None, "a.csv", [])
    assert (table.file, table.column, table.columns) == ("a.csv", "text", ("text", "id"))
    assert [len(row) for row in table.rows] == [5, 201, 5]
    assert table.rows[1].startswith("Row 1 word word")


@pytest.mark.parametrize(
    ("text", "count"),
    [("", 0), ("12 3.4", 0), ("one two-three 4", 2), ("/a/b.txt", 1), ("船在黎明", 3), ("été", 1)],
)
def test_words_are_counted(text, count):
    assert count_words(text) == count


def test_an_error_names_nested_columns_in_full():
    path = "Record.Section.Information.Value.StringWithMarkup.Text"
    row = 1
    for part in reversed(path.split(".")):
        row = {part: row}
    with pytest.raises(CorpusError, match=f"'{path}'"):
        chosen([row, row], "missing")
