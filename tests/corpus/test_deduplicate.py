from mlm_demo.corpus.deduplicate import Deduplicator

TEXT = (
    "The patient was treated with insulin every day for three weeks and went home in good health after that."
)


def test_an_exact_duplicate_is_not_new_whatever_its_case_and_spacing():
    deduplicator = Deduplicator()
    assert deduplicator.is_new(TEXT)
    assert not deduplicator.is_new(TEXT.upper().replace(" ", "  "))
    assert (deduplicator.exact, deduplicator.near) == (1, 0)


def test_a_near_duplicate_is_not_new():
    deduplicator = Deduplicator()
    long = " ".join(f"{TEXT} Sentence number {i} is about day {i * 7}." for i in range(6))
    assert deduplicator.is_new(long)
    assert not deduplicator.is_new(long.replace("good health", "fair health", 1))
    assert (deduplicator.exact, deduplicator.near) == (0, 1)


def test_a_different_text_is_new():
    deduplicator = Deduplicator()
    assert deduplicator.is_new(TEXT)
    assert deduplicator.is_new(
        "A quite different paragraph about the weather at sea and the ships that sail on it."
    )


def test_short_paragraphs_may_repeat():
    deduplicator = Deduplicator()
    assert deduplicator.is_new("Chapter one")
    assert deduplicator.is_new("Chapter one")
