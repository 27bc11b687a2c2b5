from mlm_demo.corpus.examples.answer_pools import pools_of_answers
from mlm_demo.corpus.examples.example import Answer, AnswerExample

PARAGRAPHS = [
    "Iron rose. It was safe.",
    "Zinc fell. It was old. ---",
    "Gold stood.",
    "Lead left. It was safe.",
]


def example(paragraph, text, group="a"):
    context = PARAGRAPHS[paragraph]
    answers = (Answer(context.index(text), text),) if text else ()
    return AnswerExample(f"{group}{paragraph}{text}", "What?", context, answers, group)


def labels(pools):
    return [dict(zip(pool.sentences, pool.labels, strict=True)) for pool in pools]


def test_the_sentence_with_the_answer_stands_against_its_paragraph_and_the_neighbors():
    pools = list(
        pools_of_answers([example(n, word) for n, word in enumerate(["Iron", "old", "Gold", "Lead"])])
    )
    assert labels(pools)[:3] == [
        {"Iron rose.": True, "It was safe.": False, "Zinc fell.": False, "It was old.": False},
        {
            "Zinc fell.": False,
            "It was old.": True,
            "Iron rose.": False,
            "It was safe.": False,
            "Gold stood.": False,
        },
        {
            "Gold stood.": True,
            "Zinc fell.": False,
            "It was old.": False,
            "Lead left.": False,
            "It was safe.": False,
        },
    ]
    assert (pools[0].id, pools[0].question, pools[0].group) == ("a0Iron", "What?", "a")


def test_paragraphs_of_other_articles_are_no_neighbors():
    pools = pools_of_answers([example(0, "Iron", "a"), example(1, "old", "b")])
    assert [len(pool.sentences) for pool in pools] == [2, 2]


def test_an_answer_over_two_sentences_makes_both_evidence():
    (pool,) = pools_of_answers([example(0, "rose. It")])
    assert pool.labels == (True, True)


def test_a_question_without_an_answer_has_no_evidence():
    (pool,) = pools_of_answers([example(0, "")])
    assert pool.labels == (False, False)
