"""Sentences and texts that several tests read: fixed, drawn from a seed, or drawn by hypothesis."""

import random

from hypothesis import strategies as st

LONG = "The patient was given a low dose of the drug and was followed for a year, without any sign of harm."
VOCABULARY = [f"word{i}" for i in range(3000)]

BREAKS = "\t\n\v\f\r\x85\u2028\u2029"
STRANGE = [*BREAKS, "\r\n", "\n\n", " ", "\u3000", "\ufeff", "\u202e", "\u0301", "\U0001f600", '"', ",", "\\"]
VISIBLE = st.characters(exclude_categories=["Cc", "Cs"])
WORDS = st.lists(
    st.text(VISIBLE, max_size=12) | st.sampled_from(STRANGE) | st.sampled_from('",;|{}<>\\/&#*[]()'),
    max_size=12,
)
# Raw in a file, more than a few control characters would make it binary; JSON and Parquet may hold any.
TEXTS = WORDS.map("".join)
ANY_TEXTS = TEXTS | st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


def paragraph(seed: int, words: int = 40) -> str:
    """Return a sentence of random words."""
    return " ".join(random.Random(seed).choices(VOCABULARY, k=words)) + "."
