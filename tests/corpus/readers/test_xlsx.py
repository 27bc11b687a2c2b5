import pytest

from mlm_demo.corpus.documents import Document, Dropped
from tests.support.packed_files import xlsx, zipped
from tests.support.texts import LONG


def row(number, *cells):
    return f'<row r="{number}">{"".join(cells)}</row>'


def inline(place, text):
    return f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>'


def number(place, value):
    return f'<c r="{place}"><v>{value}</v></c>'


TABLE = (
    row(1, inline("A1", "id"), inline("B1", "text"), inline("C1", "n"))
    + row(2, number("A2", 1), inline("B2", LONG), number("C2", 3))
    + row(5, number("A5", 2), inline("B5", "Another, with &quot;quotes&quot;\nand a line."))
)


@pytest.mark.parametrize("name", ["a.xlsx", "a.csv"])
def test_the_rows_of_a_sheet_are_read_like_those_of_a_csv_file(read, name):
    found, notes = read(name, xlsx(Notes=TABLE))
    assert found == [
        Document(f"{name}, sheet Notes, row 2", LONG),
        Document(f"{name}, sheet Notes, row 5", 'Another, with "quotes"\nand a line.'),
    ]
    assert (f"{name} is an Excel workbook, and was read as one." in notes) == (name == "a.csv")


def test_cells_share_texts_and_may_be_left_out(read):
    strings = "<si><t>note</t></si><si><r><t>The heron </t></r><r><t>waits in the reeds.</t></r></si>"
    strings += "<si><t>京都</t><rPh><t>キョウト</t></rPh></si>"
    cells = [
        f'<c r="{place}" t="s"><v>{value}</v></c>'
        for place, value in (("C1", 0), ("C2", 1), ("C3", 2), ("C4", 99))
    ]
    rows = "".join(row(n, cell) for n, cell in enumerate(cells, 1)) + row(
        5, '<c r="C5" t="e"><v>#N/A</v></c>'
    )
    found, _ = read("a.xlsx", xlsx(strings, S=rows), column="note")
    assert [d.text for d in found] == ["The heron waits in the reeds.", "京都"]


def test_every_sheet_is_a_table_of_its_own(read):
    other = row(1, inline("A1", "comment")) + row(2, inline("A2", "Words of the other sheet."))
    empty = row(1, inline("A1", "n")) + row(2, number("A2", 1))
    found, _ = read("a.xlsx", xlsx(One=TABLE, Two=other, Three=""))
    assert [item.text for item in found][-1] == "Words of the other sheet."
    found, _ = read("a.xlsx", xlsx(One=TABLE, Numbers=empty), column="text")
    assert [type(item) for item in found] == [Document, Document, Dropped]
    assert found[-1].source == "a.xlsx, sheet Numbers"


def test_a_workbook_that_cannot_be_read_is_refused(refused):
    refused("a.xlsx", xlsx(), "'a.xlsx' is an Excel workbook without sheets; save it as .csv")
    refused("a.xlsx", xlsx(One=""), "'a.xlsx' holds no text")
    refused("a.xlsx", xlsx(One="<row>"), "is a corrupt XML file")
    refused("a.xlsx", zipped([("xl/workbook.xml", "x")]), "'a.xlsx' is a corrupt XML file")
    refused("a.xlsx", xlsx(One=TABLE), "has no column 'gone'", column="gone")


def test_a_workbook_made_to_fill_the_memory_is_refused(refused, monkeypatch):
    wide = "".join(row(n, number(f"XFD{n}", 1), inline(f"ALL{n}", "x")) for n in range(1, 4000))
    refused("a.xlsx", xlsx(One=wide), "holds more than 1,000,000 bytes", max_bytes=1_000_000)
    monkeypatch.setattr("mlm_demo.corpus.readers.xlsx.MAX_STRINGS", 10)
    refused("a.xlsx", xlsx("<si><t>a</t></si>" * 11, One=TABLE), "holds more text than an Excel workbook may")
