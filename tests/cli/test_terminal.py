import pytest

from mlm_demo.cli.terminal import accuracy, columns, print_notes
from mlm_demo.corpus.documents import NAMED, Dropped


@pytest.mark.parametrize(("count", "lines"), [(0, 1), (NAMED, 1 + NAMED), (NAMED + 2, 2 + NAMED)])
def test_notes_name_the_first_rows_that_were_left_out(capsys, count, lines):
    print_notes(["a note"], [Dropped(f"row {number}", "it is empty", "") for number in range(count)])
    printed = capsys.readouterr().err.splitlines()
    assert len(printed) == lines
    assert printed[0] == "note: a note"
    if count:
        assert printed[1] == "note: row 0 was left out: it is empty."
    if count > NAMED:
        assert printed[-1] == "note: 2 more rows were left out."


def test_columns_are_aligned():
    assert columns([["a", "1", "x"], ["bbb", "10", ""]], right=1) == ["a     1  x", "bbb  10"]


def test_an_accuracy_has_its_interval():
    assert accuracy({"accuracy": 0.5, "low": 0.25, "high": 0.751}) == " 50.0% (25.0 to 75.1)"
