import numpy as np
import pytest
import torch

from mlm_demo.training.dataset import make_blocks
from mlm_demo.training.evaluation import MaskedEvalSet
from mlm_demo.training.masking import IGNORED
from mlm_demo.training.packing import NO_WORD
from mlm_demo.training.pretraining.config import BYTE_LEVEL, WORDPIECE
from mlm_demo.training.pretraining.judge import (
    frequency_sums,
    hidden_word_sums,
    hide_words,
    log_frequencies,
)
from tests.support.pretraining import CORPUS, fresh


@pytest.fixture(params=[WORDPIECE, BYTE_LEVEL])
def judged(request):
    mlm, config = fresh(request.param, vocab_size=300)
    return mlm, make_blocks(mlm, CORPUS.training, [], config)


def test_frequencies_are_those_of_the_blocks(judged):
    mlm, blocks = judged
    found = np.exp(log_frequencies(blocks, mlm))
    assert found.sum() == pytest.approx(1)
    assert found[mlm.mask_id] == 0
    ids = blocks.ids[blocks.words != NO_WORD]
    token = int(np.bincount(ids).argmax())
    ordinary = mlm.vocab_size - len(set(mlm.tokenizer.all_special_ids))
    assert found[token] == pytest.approx(((ids == token).sum() + 1) / (len(ids) + ordinary))


def test_frequencies_alone_lose_the_entropy_of_the_text(judged):
    mlm, blocks = judged
    eval_set = MaskedEvalSet.of(mlm, CORPUS.held_out, block_size=32)
    log_shares = log_frequencies(blocks, mlm)
    sums = frequency_sums(log_shares, eval_set)
    truth = eval_set.labels[eval_set.labels != IGNORED]
    assert sums.loss.sum() == pytest.approx(-log_shares[truth].sum())
    assert sums.hits.sum() == (truth == log_shares.argmax()).sum()
    assert sums.count.sum() == len(truth)


def test_a_hidden_word_shows_its_earlier_tokens_only(judged):
    mlm, _ = judged
    eval_set = MaskedEvalSet.of(mlm, CORPUS.held_out, block_size=32, redraw=True)
    hidden = hide_words(mlm, eval_set, seed=0)
    whole = hidden.rows.blocks
    tokens = 0
    for row in range(len(whole)):
        (at,) = np.flatnonzero(hidden.rows.labels[row] != IGNORED)
        inside = np.flatnonzero(whole.words[row] == whole.words[row, at])
        masked = np.flatnonzero(hidden.rows.ids[row] == mlm.mask_id)
        assert masked.tolist() == [position for position in inside if position >= at]
        tokens += at == inside[0]
    assert tokens == hidden.count.sum() <= 1_000
    words = sum(len(text.replace(".", " .").split()) for text in CORPUS.held_out)
    cut = len(np.unique(hidden.rows.number))  # a word at the end of a block may go on in the next one
    assert words <= hidden.total <= words + cut


def test_bits_of_a_word_do_not_depend_on_how_it_is_split(judged):
    """A model to which all tokens are equally probable pays the same for each token of a word."""
    mlm, blocks = judged
    hidden = hide_words(mlm, MaskedEvalSet.of(mlm, CORPUS.held_out, block_size=32), seed=0)
    with torch.no_grad():
        for weight in mlm.model.parameters():
            weight.zero_()
    model, alone = hidden_word_sums(mlm, hidden, log_frequencies(blocks, mlm))
    assert model.loss.sum() == pytest.approx(len(hidden.rows.blocks) * np.log(mlm.vocab_size), rel=1e-5)
    assert alone.loss.sum() > 0
    assert model.count.sum() == alone.count.sum() == hidden.count.sum()
