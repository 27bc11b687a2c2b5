from mlm_demo.corpus.deduplicate import Duplicates

TEXT = (
    "The patient was treated with insulin every day for three weeks and went home in good health after that."
)


def test_an_exact_copy_is_not_new_whatever_its_case_and_spacing():
    seen = Duplicates()
    assert seen.is_new(TEXT)
    assert not seen.is_new(TEXT.upper().replace(" ", "  "))
    assert (seen.exact, seen.near) == (1, 0)


def test_a_near_copy_is_not_new():
    seen = Duplicates()
    long = " ".join(f"{TEXT} Sentence number {i} is about day {i * 7}." for i in range(6))
    assert seen.is_new(long)
    assert not seen.is_new(long.replace("good health", "fair health", 1))
    assert (seen.exact, seen.near) == (0, 1)


def test_another_text_is_new():
    seen = Duplicates()
    assert seen.is_new(TEXT)
    assert seen.is_new("A quite different paragraph about the weather at sea and the ships that sail on it.")


def test_short_ones_may_repeat():
    seen = Duplicates()
    assert seen.is_new("Chapter one")
    assert seen.is_new("Chapter one")
