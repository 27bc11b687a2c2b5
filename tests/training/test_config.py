import pytest

from mlm_demo.training.config import AdaptConfig, epochs, verdict


@pytest.mark.parametrize(
    ("tokens", "read", "said", "told"),
    [
        (1_000, None, "too small", "it is worth a try"),
        (1_000, 0.45, "too small", "This run reads about 45% of it."),
        (1_000, 12.3, "too small", "This run reads it about 12 times."),
        (90_000, None, "enough", ""),
        (90_000, 1.2, "enough", "This run reads it about once."),
        (90_000, 0.5, "more than this run will read", "This run reads about 50% of it."),
    ],
)
def test_a_verdict_goes_by_the_size_and_by_what_the_run_reads(tokens, read, said, told):
    verdict_said, advice = verdict(tokens, read)
    assert verdict_said == said
    assert told in advice


def test_what_is_more_than_any_run_reads_is_told_first():
    assert verdict(9_000_000, 0.5, cut_short="Too long.") == (
        "more than is read",
        "Too long. This run reads about 50% of it.",
    )


def test_epochs_are_by_the_budget():
    assert epochs(AdaptConfig(epochs=3), 100, None) == 3
    assert epochs(AdaptConfig(max_steps=50, batch_size=4), 100, None) == 2
    assert epochs(AdaptConfig(minutes=1), 100, 28.2) == pytest.approx(2)
    assert epochs(AdaptConfig(minutes=1), 100, None) is None
