from mlm_demo.corpus.pairs.pair import Pair
from mlm_demo.corpus.sentence_file import Line
from mlm_demo.web.batch.part import CHARACTERS_TOGETHER, TOGETHER, chunks


def test_chunks_are_bounded_and_keep_the_order():
    items = [Line(str(i), "a" * (50 if i % 7 else 5_000)) for i in range(60)]
    cut = list(chunks(items))
    assert [item for chunk in cut for item in chunk] == items
    for chunk in cut:
        assert len(chunk) == 1 or sum(len(item.text) for item in chunk) <= CHARACTERS_TOGETHER
        assert len(chunk) <= TOGETHER


def test_both_sentences_of_a_pair_count():
    pairs = [Pair("a", "a" * 600, "b" * 600)] * 3
    assert list(map(len, chunks(pairs))) == [1, 1, 1]
