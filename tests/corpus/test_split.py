import pytest

from mlm_demo.corpus import split as splitting
from mlm_demo.corpus.split import split
from tests.support.texts import paragraph


@pytest.mark.parametrize("count", [2, 3, 5, 19, 20, 500])
def test_neither_part_is_empty(count):
    training, held_out = split([paragraph(i) for i in range(count)], seed=0)
    assert training
    assert held_out
    assert sum(len(t.split()) for t in held_out) <= splitting.HELD_OUT_WORDS * 1.5


def test_a_few_long_texts_do_not_dominate_the_held_out_part(monkeypatch):
    monkeypatch.setattr(splitting, "HELD_OUT_WORDS", 3_000)
    long = ["\n\n".join(paragraph(i * 100 + n) for n in range(100)) for i in range(60)]
    short = [paragraph(10_000 + i) for i in range(4_000)]
    training, held_out = split([*long, *short], seed=0)
    words = [len(text.split()) for text in held_out]
    assert max(words) <= sum(words) / 40
    assert 0.9 <= sum(words) / 3_000 <= 1.6
    assert not {text.split("\n\n")[-1] for text in held_out} & {text.split("\n\n")[-1] for text in training}


def test_long_texts_are_held_out_whole_if_all_texts_are_long():
    texts = ["\n\n".join(paragraph(i * 100 + n) for n in range(20)) for i in range(20)]
    _, held_out = split(texts, seed=0)
    assert len(held_out) == 2
    assert set(held_out) <= set(texts)
