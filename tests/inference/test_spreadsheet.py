import pytest

from mlm_demo.inference.spreadsheet import to_csv


def test_rows_become_lines_below_one_header():
    assert to_csv([{"a": 1, "b": 'say "x"'}, {"a": None}], ["a", "b"]) == 'a,b\n1,"say ""x"""\n,\n'


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx"])
def test_no_text_becomes_a_formula(text):
    header, cell = to_csv([{"word": text}], ["word"]).split("\n", 1)
    assert (header, cell.rstrip("\n").strip('"')) == ("word", f"'{text}")


def test_numbers_stay_numbers():
    assert to_csv([{"score": -1.5}], ["score"]) == "score\n-1.5\n"
