import pytest

from mlm_demo.corpus.examples.example import MIN_EXAMPLES, Examples
from mlm_demo.errors import CorpusError


def test_too_few_examples_are_refused_with_how_many_are_needed():
    with pytest.raises(CorpusError, match=rf"5 examples.*{MIN_EXAMPLES} are needed.*Add 15 more\.$"):
        Examples().check_count(5, "")
    with pytest.raises(CorpusError, match=r"1 example, which"):
        Examples().check_count(1, "")
    Examples().check_count(MIN_EXAMPLES, "")


def test_an_error_names_the_rows_that_were_dropped():
    found = Examples()
    for row in range(2, 7):
        found.drop(f"a.csv, row {row}", "its question is empty", "x" * 100)
    with pytest.raises(CorpusError, match=r"'a.csv, row 2' \(its question is empty\).*row 4.*and 2 more\.$"):
        found.check_count(0, "Give a table.")
    assert found.dropped[0].first_line == "x" * 80
