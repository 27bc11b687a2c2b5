from urllib.parse import parse_qsl

import pytest

from mlm_demo.web.extract.links import Asked, lines, read_link, write_link


@pytest.mark.parametrize(
    "asked",
    [
        Asked("How long?\nWhat dose? & why"),
        Asked("How long?", "extract", -1.5),
        Asked("How long?", "/models/a b", 0.0),
    ],
)
def test_a_link_is_read_as_it_was_written(asked):
    assert read_link(dict(parse_qsl(write_link(asked)[1:]))) == (asked, [])


def test_a_link_for_another_tab_is_none():
    assert read_link({"text": "A <mask>.", "model": "general"}) is None


def test_bad_values_are_ignored_with_a_notice():
    asked, notices = read_link({"questions": "x" * 4_001, "threshold": "nan"})
    assert asked == Asked()
    assert "4,001 characters" in notices[0]
    assert "threshold='nan' is not a number" in notices[1]


def test_each_line_is_a_question():
    assert lines(" How long? \n\n What dose?\r\n") == ["How long?", "What dose?"]
    assert lines(None) == []
