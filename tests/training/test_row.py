import pytest

from mlm_demo.training.row import Row, Value


@pytest.mark.parametrize(
    ("change", "lower_is_better", "verdict"),
    [
        (Value(-0.5, -0.6, -0.4), True, "better"),
        (Value(0.5, 0.4, 0.6), True, "worse"),
        (Value(0.5, 0.4, 0.6), False, "better"),
        (Value(-0.5, -0.6, -0.4), False, "worse"),
        (Value(-0.5, -1.1, 0.1), True, "unclear"),
        (Value(-0.5), True, ""),
        (None, True, ""),
    ],
)
def test_a_change_is_better_or_worse_only_beyond_its_interval(change, lower_is_better, verdict):
    assert Row("loss", Value(1.0), Value(0.5), change, lower_is_better).verdict == verdict


def test_values_are_text_with_interval_unit_and_sign():
    row = Row(
        "accuracy", Value(51.0, 50.0, 52.0, "%", 1), Value(25, unit="%", digits=0), Value(0.5, 0.4, 0.6)
    )
    assert row.cells() == ("accuracy", "51.0% (50.0 to 52.0)", "25%", "+0.50 (+0.40 to +0.60)")
