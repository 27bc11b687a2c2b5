from urllib.parse import parse_qsl

import pytest

from mlm_demo.models.catalogue import Catalogue
from mlm_demo.web.fill.links import (
    FIRST_SENTENCE,
    FIRST_TOP_K,
    OPENING_SENTENCE,
    Question,
    has_full_axis,
    page_address,
    read_link,
    write_link,
)

QUESTION = Question(
    "A & B is the <mask>? 100 % «é» 日本", "biomedical", ("general", "a/b"), 12, "x, y", True, "exact", True
)


def read(query, **limits):
    return read_link(query, Catalogue(), **{"max_characters": 100, **limits})


@pytest.mark.parametrize("question", [QUESTION, Question(model="general")])
def test_a_written_link_is_read_back(question):
    assert read(dict(parse_qsl(write_link(question)[1:]))) == (question, [])


def test_a_number_that_is_deleted_is_left_out():
    assert write_link(Question(model="general", top_k="")) == write_link(Question(model="general")).replace(
        "&k=8", ""
    )


@pytest.mark.parametrize(
    ("model", "other"),
    [("general", "biomedical"), ("biomedical", "general"), ("distilroberta-base", "general")],
)
def test_no_link_opens_with_two_models(model, other):
    assert read({"tab": "learn"}, model=model) == (Question(OPENING_SENTENCE, model, (other,)), [])


def test_a_link_without_a_sentence_asks_the_first_question():
    question, notices = read({"k": "8"})
    assert (question.text, question.model, question.top_k) == (FIRST_SENTENCE, "general", FIRST_TOP_K)
    assert (question.compare, notices) == ((), [])


@pytest.mark.parametrize(
    ("query", "notice"),
    [
        ({"k": "0"}, "The link's k='0' is not a whole number above 0 and was ignored."),
        ({"k": "-3"}, "The link's k='-3' is not a whole number"),
        ({"k": "1.5"}, "The link's k='1.5' is not a whole number"),
        ({"k": "9" * 30}, "is not a whole number"),
        ({"model": "no model"}, "The link's model='no model' was ignored. 'no model' does not name a model"),
        ({"model": "/no/such"}, "The link's model='/no/such' was ignored. There is no folder"),
        ({"compare": "${x}"}, "The link's compare='${x}' was ignored."),
        ({"compare": "a/b,c/d,e/f"}, "The link compares with 3 models; the first 2 were used."),
        ({"text": "x" * 101}, "The link's text has 101 characters, more than 100, and was ignored."),
        (
            {"precision": "half"},
            "The link's precision='half' is not one of auto, exact, int8 and was ignored.",
        ),
        ({"axis": "log"}, "The link's axis='log' is not full and was ignored."),
        ({"joint": "yes"}, "The link's joint='yes' is not 0 or 1 and was ignored."),
    ],
)
def test_a_bad_value_is_ignored_with_a_notice(query, notice):
    question, notices = read({"targets": "kept", **query})
    assert len(notices) == 1
    assert notice in notices[0]
    assert question.targets == "kept"
    assert question.model == "general"


def test_unknown_parameters_are_left_alone():
    assert read({"__theme": "dark", "utm_source": "x"})[1] == []


def test_links_from_a_space_lead_to_its_own_host():
    assert page_address({"SPACE_HOST": "me-demo.hf.space"}) == "https://me-demo.hf.space/"
    assert page_address({}) == ""


def test_a_link_says_whether_its_axis_is_full():
    assert has_full_axis("https://me-demo.hf.space/" + write_link(QUESTION))
    assert not has_full_axis(write_link(Question("axis=full", "axis=full")))
    assert not has_full_axis("")
