import json

import pytest

from mlm_demo.corpus.text import clean, lines, pieces
from mlm_demo.errors import CorpusError


def test_control_characters_are_removed_and_breaks_become_line_ends():
    assert (
        clean("a\0b\x07\x9f\ufeffc\td\r\ne\rf\vg\fh\u2028i\u2029j\x85k") == "abc\td\ne\nf\ng\n\nh\ni\n\nj\nk"
    )


def test_halves_of_surrogate_pairs_are_removed():
    assert clean(json.loads('"a\\ud83d b 😀"')) == "a b 😀"


def test_one_empty_line_separates_paragraphs():
    assert clean("\n \n a\n\n\n \t\nb\n  \nc\nd \n") == "a\n\nb\n\nc\nd"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("aaaa\n\nbb b\ncc", ["aaaa\n\n", "bb b\ncc"]),
        ("aaaa aa\nbb bbb", ["aaaa aa\n", "bb bbb"]),
        ("aaaa aa bb bbb", ["aaaa aa ", "bb bbb"]),
        ("a" * 20, ["a" * 8, "a" * 8, "a" * 4]),
        ("a" * 8, ["a" * 8]),
        ("", []),
    ],
)
@pytest.mark.parametrize("size", [1, 5, 100])
def test_pieces_end_at_the_best_boundary(text, expected, size):
    # With small chunks the boundaries may differ, but not the limit and the text.
    found = list(pieces([text[i : i + size] for i in range(0, len(text), size)], 8))
    assert "".join(found) == text
    assert all(len(piece) <= 8 for piece in found)
    if size == 100:
        assert found == expected


def test_lines_continue_across_chunks_and_end_only_at_line_feeds():
    chunks = ["a", "b\nc\u2028d\x85", "\n\n", "e"]
    assert list(lines(chunks, name="x", limit=10)) == ["ab\n", "c\u2028d\x85\n", "\n", "e"]


def test_the_error_about_a_long_line_has_its_number():
    with pytest.raises(CorpusError, match=r"^Line 2 of 'x.csv' is longer than 10 characters; split it"):
        list(lines(["short\nlong ", "long long"], name="x.csv", limit=10))
