import random
from itertools import pairwise

from mlm_demo.inference.extract.passages import passages


def test_a_paper_that_fits_is_one_passage():
    assert passages([5, 5, 5], range(3), 15) == [range(3)]


def test_passages_share_a_sentence():
    assert passages([10] * 7, range(7), 30) == [range(3), range(2, 5), range(4, 7)]


def test_a_sentence_that_is_too_long_is_a_passage_by_itself():
    assert passages([10, 500, 10], range(3), 30) == [range(1), range(1, 2), range(2, 3)]


def test_a_long_sentence_is_not_shared_if_the_next_would_not_fit():
    assert passages([5, 25, 20, 5], range(4), 30) == [range(2), range(2, 4)]


def test_only_the_wanted_sentences_are_read_and_only_neighbors_together():
    assert passages([10] * 13, [3, 4, 5, 9, 11, 12], 100) == [range(3, 6), range(9, 10), range(11, 13)]
    assert passages([10] * 3, [], 100) == []


def test_passages_fit_and_hold_every_sentence_with_its_neighbors():
    chance = random.Random(0)
    for _ in range(200):
        tokens = [chance.randint(1, 40) for _ in range(chance.randint(1, 30))]
        found = passages(tokens, range(len(tokens)), room=80)
        assert {number for passage in found for number in passage} == set(range(len(tokens)))
        for passage in found:
            size = sum(tokens[number] for number in passage)
            assert size <= 80
            assert passage.stop == len(tokens) or size + tokens[passage.stop] > 80
        for first, second in pairwise(found):
            assert second.start == first.stop - 1
