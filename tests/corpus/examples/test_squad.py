import pytest

from mlm_demo.corpus.examples.records import Record
from mlm_demo.corpus.examples.squad import answers_of, is_article, offset_of, questions_in


def article(*paragraphs, **fields):
    return Record("a.json, article 2", {"paragraphs": list(paragraphs), **fields})


def test_questions_keep_their_place_and_their_article():
    first = {"context": "Iron rose.", "qas": [{"id": 7, "question": "What?", "answers": [{"text": "Iron"}]}]}
    second = {"context": "It fell.", "qas": [{"question": "How?"}, {"question": "Why?"}]}
    found = list(questions_in(article(first, second, title="Iron")))
    assert [(q.id, q.question, q.context, q.group) for q in found] == [
        ("7", "What?", "Iron rose.", "Iron"),
        ("a.json, article 2, paragraph 2, question 1", "How?", "It fell.", "Iron"),
        ("a.json, article 2, paragraph 2, question 2", "Why?", "It fell.", "Iron"),
    ]
    assert found[0].answers == (("Iron", None),)
    assert found[1].answers == ()


def test_an_article_without_a_title_is_named_by_its_place():
    (found,) = questions_in(article({"context": "x", "qas": [{"question": "What?"}]}))
    assert (found.group, found.title) == ("a.json, article 2", "")


def test_the_plausible_answers_of_unanswerable_questions_are_not_read():
    answers = [{"text": "Iron", "answer_start": 0}]
    row = {"question": "What?", "answers": answers, "plausible_answers": answers, "is_impossible": True}
    (found,) = questions_in(article({"context": "Iron", "qas": [row]}))
    assert found.answers == ()


@pytest.mark.parametrize(
    "paragraph", [None, 3, {}, {"qas": None}, {"context": [], "qas": [3, {"question": {}}]}]
)
def test_what_has_another_type_is_empty(paragraph):
    assert all(not q.question and not q.context for q in questions_in(article(paragraph)))


@pytest.mark.parametrize(
    ("value", "answers"),
    [
        ("iron", (("iron", None),)),
        (["iron", "zinc"], (("iron", None), ("zinc", None))),
        ([{"text": "iron", "answer_start": 4}], (("iron", 4),)),
        ({"text": ["iron", "zinc"], "answer_start": [4, 9]}, (("iron", 4), ("zinc", 9))),
        ({"text": ["iron", "zinc"], "answer_start": [4]}, (("iron", 4), ("zinc", None))),
        ({"text": [], "answer_start": []}, ()),
        ([], ()),
        (None, ()),
        (40, (("40", None),)),
    ],
)
def test_answers_are_read_in_every_form(value, answers):
    assert answers_of(value) == answers


@pytest.mark.parametrize(
    ("value", "offset"),
    [(4, 4), ("4", 4), (4.0, 4), ("4.0", 4), (-1, -1), (None, None), ("x", None), ("", None), (4.5, None),
     (float("inf"), None), (float("nan"), None), ([], None)],
)  # fmt: skip
def test_an_offset_is_a_whole_number_or_none(value, offset):
    assert offset_of(value) == offset


def test_an_article_is_told_by_its_paragraphs():
    assert is_article({"paragraphs": []})
    assert not is_article({"paragraphs": "text", "question": "What?"})
