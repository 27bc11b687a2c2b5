from urllib.parse import parse_qsl

import pytest

from mlm_demo.models.catalogue import Catalogue
from mlm_demo.web.contrast.links import (
    FIRST_MODEL,
    FIRST_SENTENCE,
    Asked,
    is_contrast_link,
    read_link,
    write_link,
)


def read(link, limit=100):
    return read_link(dict(parse_qsl(link.removeprefix("?"))), Catalogue(folders=False), max_characters=limit)


@pytest.mark.parametrize(
    "asked",
    [
        Asked(),
        Asked("100 % & more? #1 'é' + <mask>", "", "general", "biomedical"),
        Asked("a\n<mask>", "The second & <mask>", "distilbert/distilroberta-base", "general"),
    ],
)
def test_a_link_is_read_as_it_was_written(asked):
    link = write_link(asked)
    assert is_contrast_link(dict(parse_qsl(link.removeprefix("?"))))
    assert read(link) == (asked, [])


def test_what_a_link_has_wrong_is_named_and_ignored():
    asked, notices = read("?contrast=" + "a" * 101 + "&asked=no+body,general,biomedical")
    assert asked == Asked(FIRST_SENTENCE, "", FIRST_MODEL, "general")
    assert [
        any(word in notice for notice in notices)
        for word in ("101 characters", "'no body'", "names 3 models")
    ] == [True, True, True]


def test_an_empty_second_sentence_or_model_is_the_first():
    assert Asked("a", " ", "general", "").texts == ("a", "a")
    assert Asked("a", "b", "general", "").models == ("general", "general")
    assert Asked("a", "b", "general", "biomedical").models == ("general", "biomedical")
