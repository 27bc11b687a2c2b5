import numpy as np
import pytest
import torch

from mlm_demo.training.dataset import make_blocks
from mlm_demo.training.packing import NO_WORD
from mlm_demo.training.pretraining.config import BYTE_LEVEL, WORDPIECE
from mlm_demo.training.pretraining.start import (
    SMOOTHING,
    WINDOW,
    mutual_information,
    sinusoids,
    start_in_closed_form,
    token_vectors,
)
from mlm_demo.training.pretraining.start import _neighbors as neighbors
from tests.support.pretraining import CORPUS, NAMES, PLACES, fresh


@pytest.fixture(scope="module", params=[WORDPIECE, BYTE_LEVEL])
def model(request):
    mlm, config = fresh(request.param, vocab_size=500)
    return mlm, make_blocks(mlm, CORPUS.training, [], config)


def counted_directly(blocks, size):
    counts = np.zeros((size, size))
    for ids, words in zip(blocks.ids, blocks.words, strict=True):
        for here in range(len(ids)):
            for there in range(max(0, here - WINDOW), min(len(ids), here + WINDOW + 1)):
                if here != there and words[here] != NO_WORD and words[there] != NO_WORD:
                    counts[ids[here], ids[there]] += 1 / abs(here - there)
    return counts


def test_counts_and_information_equal_those_of_two_loops(model):
    mlm, blocks = model
    counts = counted_directly(blocks, mlm.vocab_size)
    assert np.allclose(neighbors(blocks, mlm.vocab_size).toarray(), counts, rtol=1e-4)
    shares = counts.sum(1) ** SMOOTHING
    shares /= shares.sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = np.log(counts / counts.sum(1, keepdims=True) / shares)
    expected[~(expected > 0)] = 0
    found = mutual_information(neighbors(blocks, mlm.vocab_size)).toarray()
    assert np.allclose(found, expected, atol=1e-4)


def test_tokens_with_the_same_neighbors_are_alike():
    mlm, config = fresh()
    vectors = token_vectors(make_blocks(mlm, CORPUS.training, [], config), mlm.vocab_size, 32, seed=0)

    def similarity(one, other):
        pair = [vectors[mlm.tokenizer.convert_tokens_to_ids(word.lower())] for word in (one, other)]
        return pair[0] @ pair[1] / np.linalg.norm(pair[0]) / np.linalg.norm(pair[1])

    alike = [similarity(one, other) for group in (NAMES, PLACES) for one in group for other in group]
    apart = [similarity(name, place) for name in NAMES for place in PLACES]
    assert np.mean(alike) > np.mean(apart) + 0.3


def test_the_product_of_two_positions_depends_on_their_distance():
    products = sinusoids(64, 32) @ sinusoids(64, 32).T
    for distance in (0, 1, 7):
        diagonal = products.diagonal(distance)
        assert torch.allclose(diagonal, diagonal[0].expand_as(diagonal), atol=1e-4)
    assert products[5, 5] > products[5, 6] > products[5, 8]


def test_the_weights_keep_their_scale_and_those_without_a_start_stay(model):
    mlm, blocks = model
    tokens = mlm.model.get_input_embeddings().weight
    positions = mlm.model.base_model.embeddings.position_embeddings
    before = tokens.clone(), positions.weight.clone()
    start_in_closed_form(mlm, blocks, seed=0)
    first = {tokens.clone(), positions.weight.clone()}
    for weight, old in ((tokens, before[0]), (positions.weight, before[1])):
        assert weight.std().item() == pytest.approx(old.std().item(), rel=0.2)
        assert not torch.equal(weight, old)
    special = mlm.tokenizer.all_special_ids
    assert torch.equal(tokens[special], before[0][special])
    if positions.padding_idx is not None:
        assert torch.equal(positions.weight[positions.padding_idx], before[1][positions.padding_idx])
    start_in_closed_form(mlm, blocks, seed=0)
    assert all(any(torch.equal(weight, old) for old in first) for weight in (tokens, positions.weight))
    assert mlm.model.get_output_embeddings().weight is tokens, "they are still tied"


def test_a_corpus_of_one_word_leaves_no_numbers_that_are_none():
    mlm, config = fresh()
    vectors = token_vectors(make_blocks(mlm, ["anna"], [], config), mlm.vocab_size, 32, seed=0)
    assert np.isfinite(vectors).all()
