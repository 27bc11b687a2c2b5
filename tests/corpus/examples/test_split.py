import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlm_demo.corpus.examples.example import AnswerExample, EvidencePool
from mlm_demo.corpus.examples.split import split_examples
from mlm_demo.errors import CorpusError


def example(number, group, question=None):
    return AnswerExample(str(number), question or f"Question {number}?", "text", (), str(group))


def questions(examples):
    return {" ".join(e.question.lower().split()).rstrip("? ") for e in examples}


def groups(examples):
    return {e.group for e in examples}


def test_articles_are_held_out_whole():
    examples = [example(n, n // 5) for n in range(200)]
    training, held_out = split_examples(examples, 0, 0.2)
    assert len(held_out) == 40
    assert not groups(training) & groups(held_out)
    assert sorted(e.id for e in (*training, *held_out)) == sorted(e.id for e in examples)
    assert [int(e.id) for e in training] == sorted(int(e.id) for e in training)


def test_the_split_comes_from_the_seed():
    examples = [example(n, n) for n in range(50)]
    assert split_examples(examples, 0, 0.2) == split_examples(examples, 0, 0.2)
    assert split_examples(examples, 0, 0.2) != split_examples(examples, 1, 0.2)


def test_the_same_question_is_never_in_both_parts():
    # Every article has a question that one other article has too, in other letters.
    examples = [example(n, n // 5, "WHO?" * (n % 10 == 0) or None) for n in range(200)]
    examples = [
        AnswerExample(
            e.id, f"What  is it {i // 10}" if i % 10 == 3 else f"what is it {i // 10}?", "", (), e.group
        )
        if i % 5 == 3
        else e
        for i, e in enumerate(examples)
    ]
    for seed in range(5):
        training, held_out = split_examples(examples, seed, 0.2)
        assert not questions(training) & questions(held_out)
        assert len(held_out) >= 20


def test_one_article_is_split_by_question():
    training, held_out = split_examples([example(n, "one", f"Q{n // 2}?") for n in range(40)], 0, 0.2)
    assert len(held_out) == 8
    assert not questions(training) & questions(held_out)


def test_questions_that_are_asked_of_every_article_are_split_by_question():
    pools = [EvidencePool(str(n), f"Q{n % 5}?", ("s",), (True,), f"paper {n // 5}") for n in range(100)]
    training, held_out = split_examples(pools, 0, 0.2)
    assert len(held_out) == 20
    assert not questions(training) & questions(held_out)


def test_one_question_is_split_by_article():
    pools = [EvidencePool(str(n), "Q?", ("s",), (True,), f"paper {n // 2}") for n in range(40)]
    training, held_out = split_examples(pools, 0, 0.2)
    assert len(held_out) == 8
    assert not groups(training) & groups(held_out)


def test_one_question_on_one_document_cannot_be_split():
    with pytest.raises(CorpusError, match="the same question and the same document"):
        split_examples([example(n, "one", "Q?") for n in range(30)], 0, 0.2)


def test_a_large_article_is_not_held_out():
    examples = [example(n, 0 if n < 150 else n) for n in range(200)]
    for seed in range(10):
        _, held_out = split_examples(examples, seed, 0.1)
        assert "0" not in groups(held_out)
        assert len(held_out) == 20


@given(
    pairs=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=60),
    seed=st.integers(0, 9),
    share=st.sampled_from([0.1, 0.2, 0.5]),
)
def test_nothing_is_lost_and_no_part_is_empty(pairs, seed, share):
    examples = [example(n, group, f"Q{q}?") for n, (group, q) in enumerate(pairs)]
    one = len(groups(examples)) == 1 and len(questions(examples)) == 1
    if one:
        with pytest.raises(CorpusError):
            split_examples(examples, seed, share)
        return
    training, held_out = split_examples(examples, seed, share)
    assert training
    assert held_out
    assert sorted(map(id, (*training, *held_out))) == sorted(map(id, examples))
    if len(questions(examples)) > 1:
        assert not questions(training) & questions(held_out)
