import pytest

from mlm_demo.training.signs import damage_text, repeated_text, shared_text, warnings_of

NONE = dict.fromkeys(("unknown_share", "glued_share", "repeated_share", "odd_share", "shared_share"), 0.0)


def test_the_signs_are_a_phrase_each():
    report = {**NONE, "unknown_share": 0.031, "odd_share": 0.002, "shared_share": 0.25}
    assert damage_text(report) == (
        "3.1% of the tokens unknown to the model, 0.2% of the characters without a meaning"
    )
    assert (
        repeated_text({**report, "repeated_share": 0.194})
        == "19.4% of the words, in passages that came before"
    )
    assert shared_text(report) == "25.0% of the held-out words, in passages of ten words or more"
    assert shared_text({**report, "on_both_sides": 1}).endswith("; one document has sections in both")
    assert shared_text({**report, "on_both_sides": 10}).endswith("; 10 documents have sections in both")


def test_a_report_of_an_older_version_has_none():
    assert damage_text({}) == damage_text({**NONE, "glued_share": 0.0004}) == "none"
    assert repeated_text({}) == shared_text({}) == "none"


@pytest.mark.parametrize(
    ("name", "low", "high", "message"),
    [
        (
            "unknown_share",
            0.009,
            0.05,
            "5.0% of the tokens are unknown to the model; choose one of the language",
        ),
        ("glued_share", 0.009, 0.02, "2.0% of the words look glued together, such as 'foxSigns'; look how"),
        ("repeated_share", 0.19, 0.4, "40% of the words are in passages that came before."),
        ("odd_share", 0.0009, 0.01, "1.0% of the characters are control characters or have no meaning"),
        (
            "shared_share",
            0.04,
            0.3,
            "30% of the held-out words are in passages that the training text has too",
        ),
    ],
)
def test_a_high_share_is_a_warning(name, low, high, message):
    assert warnings_of({**NONE, name: low}, ["foxSigns"]) == []
    (warning,) = warnings_of({**NONE, name: high}, ["foxSigns"])
    assert warning.startswith(message)
