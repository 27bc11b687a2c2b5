"""A start in closed form: what can be known of tokens and positions before the first step.

Random embeddings keep a masked language model for thousands of steps at the loss of word frequencies, because its
attention has nothing to hold on to. So tokens begin with the singular vectors of their positive pointwise mutual
information: tokens with the same neighbors are alike (Levy, Goldberg and Dagan 2015, aclanthology.org/Q15-1016).
Positions begin with sinusoids, whose product depends on the distance alone (Vaswani and others 2017, arXiv 1706.03762).
Both are ordinary weights, which training changes.
"""

import math

import numpy as np
import torch
from scipy import sparse

from mlm_demo.models.masked_lm import MaskedLM
from mlm_demo.training.packing import NO_WORD, Blocks

WINDOW = 5  # tokens to each side; one at distance d counts 1/d
SMOOTHING = 0.75  # exponent of the frequencies of neighbors, which keeps rare ones from dominating
MOST_TOKENS = 5_000_000  # of the corpus: more of it changes the vectors little
PASSES = 4  # of the randomized decomposition


@torch.no_grad()
def start_in_closed_form(mlm: MaskedLM, blocks: Blocks, seed: int) -> None:
    """Set the token and position embeddings of a model with random weights, in place, at the scale that they have."""
    tokens = mlm.model.get_input_embeddings().weight
    scale = mlm.model.config.initializer_range
    vectors = token_vectors(blocks, *tokens.shape, seed)
    seen = vectors.any(1)  # special tokens, and those that the corpus lacks, stay as they are
    tokens[torch.from_numpy(seen)] = torch.from_numpy(scale * vectors[seen]).to(tokens)
    positions = mlm.model.base_model.embeddings.position_embeddings
    first = 0 if positions.padding_idx is None else positions.padding_idx + 1
    count, size = positions.weight.shape
    # A sinusoid has the mean square 1/2.
    positions.weight[first:] = (scale * math.sqrt(2) * sinusoids(count - first, size)).to(positions.weight)


def sinusoids(count: int, size: int) -> torch.Tensor:
    """Return (count, size), the sine and cosine of each position at size / 2 frequencies."""
    frequencies = torch.exp(torch.arange(0, size, 2) * (-math.log(10_000) / size))
    angles = torch.arange(count)[:, None] * frequencies
    return torch.stack([angles.sin(), angles.cos()], dim=2).reshape(count, -1)[:, :size]


def token_vectors(blocks: Blocks, vocab_size: int, size: int, seed: int) -> np.ndarray:
    """Return (vocab_size, size), float32 with mean 0 and variance 1 over the tokens seen; 0 for the others."""
    information = mutual_information(_neighbors(blocks, vocab_size))
    vectors = np.zeros((vocab_size, size), np.float32)
    seen = np.flatnonzero(np.diff(information.indptr))
    if not len(seen):
        return vectors
    rank = min(size, len(seen))
    part = information[seen][:, seen].tocoo()
    matrix = torch.sparse_coo_tensor(
        np.stack([part.row, part.col]), part.data, part.shape, check_invariants=False
    ).coalesce()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        left, values, _ = torch.svd_lowrank(matrix, q=min(rank + 16, len(seen)), niter=PASSES)
    found = (left[:, :rank] * values[:rank].sqrt()).numpy()
    found -= found.mean(0)
    vectors[seen, :rank] = found / max(found.std(), 1e-12)
    return vectors


def mutual_information(counts: sparse.csr_array) -> sparse.csr_array:
    """Return the positive pointwise mutual information of a symmetric matrix of counts, in nats."""
    counts = counts.tocoo()
    total = np.asarray(counts.sum(1)).ravel()
    share = total**SMOOTHING / max((total**SMOOTHING).sum(), 1e-12)
    values = np.log(counts.data / (total[counts.row] * share[counts.col]))
    kept = values > 0
    return sparse.csr_array((values[kept], (counts.row[kept], counts.col[kept])), counts.shape)


def _neighbors(blocks: Blocks, vocab_size: int) -> sparse.csr_array:
    """Return (vocab_size, vocab_size), how often two tokens are near each other, near ones counting more."""
    every = math.ceil(blocks.ids.size / MOST_TOKENS) or 1
    ids, is_text = blocks.ids[::every], blocks.words[::every] != NO_WORD
    counts = sparse.csr_array((vocab_size, vocab_size), dtype=np.float32)
    for distance in range(1, WINDOW + 1):
        both = is_text[:, :-distance] & is_text[:, distance:]
        pairs = ids[:, :-distance][both], ids[:, distance:][both]
        near = np.full(both.sum(), 1 / distance, np.float32)
        counts += sparse.csr_array((near, pairs), counts.shape)
    return counts + counts.T
