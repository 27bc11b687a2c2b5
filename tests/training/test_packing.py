import time

import numpy as np
import pytest

from mlm_demo.errors import TrainingError
from mlm_demo.training.packing import NO_WORD, one_by_one, pack, tokenize
from tests.support.tiny_models import ARCHITECTURES, SENTENCES, tokenizer_of


def text_ids(tokenizer, texts):
    return [list(d.ids) for d in tokenize(tokenizer, texts)]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_packing_loses_and_invents_nothing(architecture):
    tokenizer = tokenizer_of(architecture)
    blocks = pack(tokenizer, SENTENCES * 3, 24)
    kept = [int(i) for i, w in zip(blocks.ids.ravel(), blocks.words.ravel(), strict=True) if w != NO_WORD]
    assert kept == [i for ids in text_ids(tokenizer, SENTENCES * 3) for i in ids]
    assert blocks.tokens == len(kept)
    assert (blocks.ids[:-1] != blocks.pad_id).all()  # only the last block is padded


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_block_is_what_the_tokenizer_gives_the_model(architecture):
    tokenizer = tokenizer_of(architecture)
    text = SENTENCES[0]
    (row,) = pack(tokenizer, [text], 64).ids
    expected = tokenizer(text).input_ids
    assert row[: len(expected)].tolist() == expected


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("breaks", ["\n\n", "\n", "\n\n\n", " \n\n ", "\r\n\r\n", "\n\n  - "])
def test_a_text_in_parts_has_the_tokens_of_the_whole(architecture, breaks):
    """Those of blank lines too, which byte-level and some unigram vocabularies have."""
    tokenizer = tokenizer_of(architecture)
    for times in (1, 60):  # one part, and several
        text = breaks.join(SENTENCES * times)
        (document,) = tokenize(tokenizer, [text])
        assert document.ids.tolist() == tokenizer(text, add_special_tokens=False, verbose=False).input_ids


def test_blank_lines_are_tokens_of_a_byte_level_vocabulary():
    tokenizer = tokenizer_of("RoBERTa")
    (document,) = tokenize(tokenizer, ["the fox\n\nthe dog"])
    assert tokenizer.convert_ids_to_tokens(document.ids.tolist()).count("Ċ") == 2


def test_documents_are_separated_and_blocks_know_their_document():
    tokenizer = tokenizer_of("BERT")
    blocks = pack(tokenizer, SENTENCES, 16)
    assert (blocks.ids == tokenizer.sep_token_id).sum() == len(blocks) + len(SENTENCES) - 1
    assert blocks.document[0] == 0
    assert (np.diff(blocks.document) >= 0).all()


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_words_are_those_of_the_tokenizer(architecture):
    tokenizer = tokenizer_of(architecture)
    (document,) = tokenize(tokenizer, ["running and jumping, hepatitis"])
    expected = tokenizer("running and jumping, hepatitis", add_special_tokens=False).word_ids()
    assert document.words.tolist() == expected
    assert max(expected) > 2


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_special_tokens_in_a_text_are_text(architecture):
    tokenizer = tokenizer_of(architecture)
    text = "the " + " ".join(tokenizer.all_special_tokens) + " [MASK] <mask> dog"
    special = set(tokenizer.all_special_ids) - {tokenizer.unk_token_id}
    (document,) = tokenize(tokenizer, [text])
    assert special & set(document.ids.tolist()) == set()


def test_one_by_one_never_mixes_two_texts():
    tokenizer = tokenizer_of("BERT")
    blocks = one_by_one(tokenizer, SENTENCES, 16)
    for number, ids in enumerate(text_ids(tokenizer, SENTENCES)):
        rows = blocks.document == number
        assert blocks.ids[rows][blocks.words[rows] != NO_WORD].tolist() == ids


def test_a_huge_line_is_tokenized_in_parts_in_time():
    tokenizer = tokenizer_of("BERT")
    start = time.monotonic()
    (document,) = tokenize(tokenizer, ["the quick brown fox " * 100_000])
    assert len(document.ids) == len(text_ids(tokenizer, ["the quick brown fox"])[0]) * 100_000
    assert time.monotonic() - start < 60  # a hang, not a speed, is what is looked for
    (document,) = tokenize(tokenizer, ["x" * 50_000])
    assert len(document.ids) >= 3


def test_no_text_gives_no_block():
    assert len(pack(tokenizer_of("BERT"), [], 16)) == 0
    assert len(pack(tokenizer_of("BERT"), ["", " \n\n "], 16)) == 0


def test_a_block_size_too_small_raises():
    with pytest.raises(TrainingError, match="The block size is 8; it must be at least 10"):
        pack(tokenizer_of("BERT"), ["a"], 8)
