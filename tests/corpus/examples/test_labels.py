import pytest

from mlm_demo.corpus.examples.labels import is_number, parse_label


@pytest.mark.parametrize("value", [1, 1.0, True, "1", "true", "Yes", " relevant ", "ENTAILMENT", "✓"])
def test_labels_that_say_relevant(value):
    assert parse_label(value) is True


@pytest.mark.parametrize(
    "value", [0, 0.0, False, "0", "FALSE", "no", "Not_Entailment", "not entailment", "irrelevant", "✗", -1]
)
def test_labels_that_say_not_relevant(value):
    assert parse_label(value) is False


@pytest.mark.parametrize("value", ["maybe", "", None, 2, "0.5", [], "nan"])
def test_labels_that_are_unknown(value):
    assert parse_label(value) is None


def test_numbers_are_told_from_words():
    assert is_number("0")
    assert is_number(1)
    assert not is_number(True)
    assert not is_number("yes")
