"""Property: blocks hold all tokens of their documents, in order, and no others."""

from collections import Counter
from itertools import islice, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlm_demo.models.tokenizer import prefix_and_suffix
from mlm_demo.training import packing
from mlm_demo.training.packing import NO_WORD, one_by_one, pack, tokenize
from tests.support.texts import ANY_TEXTS
from tests.support.tiny_models import tokenizer_of

PARTS = st.sampled_from(
    ["<s>", "</s>", "<mask>", "<pad>", "<unk>", "[SEP]", "[MASK]", "[CLS]", "[UNK]", "\n\n"]
)
PARTS |= ANY_TEXTS | st.sampled_from(
    ["the quick brown fox jumps over it ", "running " * 9, "x" * 60, " " * 60]
)
DOCUMENTS = st.lists(st.lists(PARTS, max_size=5).map("".join), max_size=6)
SIZES = st.integers(10, 40)
FAMILIES = ["BERT", "RoBERTa", "XLM-R"]


@pytest.fixture(autouse=True)
def _cut_early(monkeypatch):
    monkeypatch.setattr(packing, "MAX_PART", 50)
    monkeypatch.setattr(packing, "TEXTS_PER_CALL", 3)


def tokens_of(blocks):
    """Return the text tokens, block after block."""
    return blocks.ids[blocks.words != NO_WORD].tolist()


@pytest.mark.parametrize("family", FAMILIES)
@given(texts=DOCUMENTS, size=SIZES)
def test_blocks_hold_all_tokens_and_no_others(family, texts, size):
    tokenizer = tokenizer_of(family)
    documents = list(tokenize(tokenizer, texts))
    assert len(documents) == len(texts)
    blocks = pack(tokenizer, texts, size)
    tokens = [token for document in documents for token in document.ids.tolist()]
    assert tokens_of(blocks) == tokens
    assert not set(tokens) & (set(tokenizer.all_special_ids) - {tokenizer.unk_token_id})
    # What is beside them: special tokens around each block, a separator between two texts, padding at the end.
    prefix, suffix = prefix_and_suffix(tokenizer)
    beside = Counter([*prefix, *suffix] * len(blocks))
    beside[tokenizer.sep_token_id] += max(0, sum(len(document.ids) > 0 for document in documents) - 1)
    padding = len(blocks) * size - len(tokens) - beside.total()
    assert 0 <= padding < max(1, size - len(prefix) - len(suffix))
    beside[tokenizer.pad_token_id] += padding
    assert Counter(blocks.ids[blocks.words == NO_WORD].tolist()) == beside
    assert blocks.ids.shape == (len(blocks), size)
    assert padding == 0 or (blocks.ids[-1, -padding:] == tokenizer.pad_token_id).all()
    # In a block two tokens share a number if they are of one word of one document, and only then.
    words = iter((i, word) for i, document in enumerate(documents) for word in document.words.tolist())
    for row, owner in zip(blocks.words, blocks.document.tolist(), strict=True):
        numbers = row[row != NO_WORD].tolist()
        own = list(islice(words, len(numbers)))
        assert numbers == sorted(numbers)
        assert [a == b for a, b in pairwise(numbers)] == [a == b for a, b in pairwise(own)]
        assert own[0][0] == owner if own else owner < len(texts)


@given(texts=DOCUMENTS)
def test_tokens_of_bytes_spell_the_text(texts):
    tokenizer = tokenizer_of("RoBERTa")
    for text, document in zip(texts, tokenize(tokenizer, texts), strict=True):
        # A literal such as <mask> gets a space, a blank paragraph goes: white space alone may differ.
        assert "".join(tokenizer.decode(document.ids).split()) == "".join(text.split())
        assert len(document.words) == len(document.ids)
        assert document.words.tolist() == sorted(document.words.tolist())


@pytest.mark.parametrize("family", FAMILIES)
@given(texts=DOCUMENTS, size=SIZES)
def test_blocks_of_one_text_each_hold_its_tokens_and_no_others(family, texts, size):
    tokenizer = tokenizer_of(family)
    blocks = one_by_one(tokenizer, texts, size)
    assert blocks.ids.shape == (len(blocks), size)
    for number, document in enumerate(tokenize(tokenizer, texts)):
        own = blocks.document == number
        assert blocks.ids[own][blocks.words[own] != NO_WORD].tolist() == document.ids.tolist()
    assert set(blocks.document.tolist()) <= set(range(len(texts)))
