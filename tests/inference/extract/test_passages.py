import random

from mlm_demo.inference.extract.passages import passages, runs


def test_a_paper_that_fits_is_one_passage():
    assert passages([5, 5, 5], [2, 0, 1], 15) == [range(3)]


def test_a_passage_lies_around_its_sentence():
    assert passages([10] * 9, [4], 30) == [range(3, 6)]
    assert passages([10] * 9, [0], 30) == [range(3)]
    assert passages([10] * 9, [8], 35) == [range(6, 9)]


def test_a_sentence_that_a_passage_has_needs_none_of_its_own():
    assert passages([10] * 9, [4, 5, 8], 30) == [range(3, 6), range(6, 9)]


def test_a_sentence_that_is_too_long_is_a_passage_by_itself():
    assert passages([10, 500, 10], [1, 0], 30) == [range(1, 2), range(1)]


def test_passages_fit_and_cannot_grow():
    chance = random.Random(0)
    for _ in range(200):
        tokens = [chance.randint(1, 40) for _ in range(chance.randint(1, 30))]
        best = chance.sample(range(len(tokens)), min(3, len(tokens)))
        found = passages(tokens, best, room=80)
        assert all(any(number in passage for passage in found) for number in best)
        for passage in found:
            size = sum(tokens[number] for number in passage)
            assert size <= 80
            for neighbor in (passage.start - 1, passage.stop):
                assert not 0 <= neighbor < len(tokens) or size + tokens[neighbor] > 80


def test_runs_join_neighbors():
    assert runs([]) == []
    assert runs([3, 4, 5, 9, 11, 12]) == [range(3, 6), range(9, 10), range(11, 13)]
