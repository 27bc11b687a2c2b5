import numpy as np
import pytest
import torch
from transformers import DataCollatorForLanguageModeling

from mlm_demo.training.masking import IGNORED, Masking, mask_blocks, random_ids
from mlm_demo.training.packing import NO_WORD, pack
from tests.support.nightly import some
from tests.support.tiny_models import SENTENCES, tokenizer_of


def blocks_and_masking(architecture="BERT", **options):
    tokenizer = tokenizer_of(architecture)
    blocks = pack(tokenizer, [*SENTENCES, "gastritis, nephrology and hepatobiliary laparoscopy"] * 60, 128)
    ids = random_ids(len(tokenizer), tokenizer.all_special_ids)
    return tokenizer, blocks, Masking(tokenizer.mask_token_id, ids, **options)


@pytest.mark.parametrize("whole_word", [False, True])
@pytest.mark.parametrize("architecture", ["BERT", "RoBERTa", "XLM-R"])
@pytest.mark.parametrize("probability", some([0.15, 0.3], 1))
def test_the_shares_follow_bert(architecture, whole_word, probability):
    tokenizer, blocks, masking = blocks_and_masking(
        architecture, probability=probability, whole_word=whole_word
    )
    everything = range(len(blocks))
    masked = [mask_blocks(blocks, everything, masking, epoch) for epoch in range(40)]
    labels, ids = np.concatenate([h.labels for h in masked]), np.concatenate([h.ids for h in masked])
    original = np.tile(blocks.ids, (40, 1))
    chosen = labels != IGNORED
    assert chosen.sum() / (blocks.tokens * 40) == pytest.approx(probability, abs=0.02)
    assert (ids[chosen] == tokenizer.mask_token_id).mean() == pytest.approx(0.8, abs=0.02)
    assert (ids[chosen] == original[chosen]).mean() == pytest.approx(0.1, abs=0.02)
    assert (labels[chosen] == original[chosen]).all()
    assert (ids[~chosen] == original[~chosen]).all()
    assert not (chosen & (np.tile(blocks.words, (40, 1)) == NO_WORD)).any()


def test_the_shares_equal_those_of_the_stock_collator():
    tokenizer, blocks, masking = blocks_and_masking()
    torch.manual_seed(0)
    stock = DataCollatorForLanguageModeling(tokenizer, mlm_probability=0.15)(
        [{"input_ids": row} for row in blocks.ids]
    )
    ours = mask_blocks(blocks, range(len(blocks)), masking, 0)
    theirs = (stock["labels"] != IGNORED).float().mean().item()
    assert (ours.labels != IGNORED).mean() == pytest.approx(theirs, abs=0.02)


@pytest.mark.parametrize("architecture", ["BERT", "RoBERTa", "XLM-R"])
def test_whole_words_are_masked_whole(architecture):
    _, blocks, masking = blocks_and_masking(architecture, whole_word=True)
    masked = mask_blocks(blocks, range(len(blocks)), masking, 0)
    some = 0
    for words, labels in zip(blocks.words, masked.labels, strict=True):
        chosen = labels != IGNORED
        for word in set(words[chosen]):
            assert chosen[words == word].all()
            some += (words == word).sum() > 1
    assert some > 10  # words of several pieces were among them


def test_every_block_has_a_masked_token():
    _, blocks, masking = blocks_and_masking(probability=1e-9)
    masked = mask_blocks(blocks, range(len(blocks)), masking, 0)
    assert ((masked.labels != IGNORED).sum(axis=1) == 1).all()


def test_masks_depend_on_seed_epoch_and_block_alone():
    _, blocks, masking = blocks_and_masking()
    whole = mask_blocks(blocks, [3, 4, 5], masking, 2)
    alone = mask_blocks(blocks, [5], masking, 2)
    assert (whole.ids[2] == alone.ids[0]).all()
    assert (mask_blocks(blocks, [5], masking, 3).labels != alone.labels).any()
    assert (blocks.ids == blocks_and_masking()[1].ids).all()  # the blocks themselves are not touched


def test_random_tokens_are_never_special():
    tokenizer = tokenizer_of("BERT")
    assert not set(random_ids(len(tokenizer), tokenizer.all_special_ids)) & set(tokenizer.all_special_ids)
