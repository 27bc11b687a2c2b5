from urllib.parse import parse_qsl

import pytest

from mlm_demo.models.catalogue import Catalogue
from mlm_demo.web.score.links import FIRST_MODELS, FIRST_SENTENCE, Asked, read_link, write_link


def read(link, limit=100):
    return read_link(dict(parse_qsl(link.removeprefix("?"))), Catalogue(folders=False), max_characters=limit)


@pytest.mark.parametrize(
    "asked",
    [
        Asked(),
        Asked("100 % & more? #1 'é' + <b>", "", ("biomedical",), "original"),
        Asked("a\nb", "The second & last", ("general", "biomedical", "distilbert/distilroberta-base")),
    ],
)
def test_a_link_is_read_as_it_was_written(asked):
    assert read(write_link(asked)) == (asked, [])


def test_what_a_link_has_wrong_is_named_and_ignored():
    asked, notices = read("?score=" + "a" * 101 + "&scored_by=no+body,general&method=fast")
    assert asked == Asked(FIRST_SENTENCE, "", ("general",))
    assert [
        any(word in notice for notice in notices) for word in ("101 characters", "'no body'", "method='fast'")
    ] == [True, True, True]
    asked, notices = read("?score=a&scored_by=general,biomedical,distilbert/distilroberta-base,a/b")
    assert len(asked.models) == 3
    assert "names 4 models" in notices[0]
    assert read("?score=a&scored_by=no+body")[0].models == FIRST_MODELS
