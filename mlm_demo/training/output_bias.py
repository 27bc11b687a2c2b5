"""A start in closed form: before the first step, the output bias moves to the word frequencies of the corpus.

A language model's output layer adds a bias to the logit of each token. If the model predicts a token half as often as
the corpus has it, log 2 on its bias is most of what has to be learned about its frequency, and no gradient is needed:
one pass over a sample of the corpus gives the model's mean prediction q, the corpus gives the counts n, and the bias of
a token rises by strength × log((n + PRIOR × q) / ((N + PRIOR) × q)), with N the sum of the counts. That is one step of
iterative scaling (Darroch & Ratcliff 1972), shrunk towards the model's own mean.
"""

import numpy as np
import torch

from mlm_demo.models.masked_lm import MaskedLM
from mlm_demo.system.distributed import broadcast
from mlm_demo.training.config import PRICE_OF_FORGETTING
from mlm_demo.training.evaluation import MaskedEvalSet, masked_logits
from mlm_demo.training.masking import IGNORED, Masking, mask_blocks, vocabulary_ids
from mlm_demo.training.packing import NO_WORD, Blocks
from mlm_demo.training.result import OutputBias

STRENGTHS = (0.0, 0.125, 0.25, 0.375, 0.5, 0.75, 1.0)
SAMPLE = 64  # blocks that the mean prediction is measured on
PRIOR = 5000.0  # tokens: the weight of the model's own mean prediction beside the counts


@torch.no_grad()
def fit_output_bias(
    mlm: MaskedLM, blocks: Blocks, masking: Masking, domain: MaskedEvalSet, general: MaskedEvalSet | None
) -> OutputBias | None:
    """Move the output bias of mlm, in place, by the best strength.

    That is the one with the lowest domain loss + PRICE_OF_FORGETTING × general loss; general: None if there is nothing
    to forget.

    Return what was done; None, and change nothing, for a model without an output bias.
    """
    bias = mlm.model.get_output_embeddings().bias
    if bias is None:
        return None
    own = blocks.of_documents()
    move = _move(mlm, own, masking).to(bias.device)
    losses = _losses(mlm, domain, move)
    forgetting = PRICE_OF_FORGETTING * _losses(mlm, general, move) if general else 0.0
    best = broadcast(int(np.argmin(losses + forgetting)))
    bias += STRENGTHS[best] * move.to(bias.dtype)
    return OutputBias(STRENGTHS[best], float(losses[0]), float(losses[best]))


def _move(mlm: MaskedLM, blocks: Blocks, masking: Masking) -> torch.Tensor:
    """Return (vocab_size,) how far each token's bias moves at full strength; 0 for special tokens."""
    counts = np.bincount(blocks.ids[blocks.words != NO_WORD], minlength=mlm.vocab_size)
    counts = torch.from_numpy(counts).double()
    mean = _mean_prediction(mlm, blocks, masking)
    move = torch.zeros(mlm.vocab_size)
    ids = torch.from_numpy(vocabulary_ids(mlm))
    seen, expected = counts[ids], mean[ids].clamp_min(1e-12)
    move[ids] = ((seen + PRIOR * expected) / ((counts.sum() + PRIOR) * expected)).log().float()
    return move


def _mean_prediction(mlm: MaskedLM, blocks: Blocks, masking: Masking) -> torch.Tensor:
    """Return (vocab_size,) float64 the mean probability of each token at masked positions of a sample of the blocks."""
    sample = np.random.default_rng(masking.seed).permutation(len(blocks))[:SAMPLE]
    sampled = blocks.select(np.sort(sample))
    masked = mask_blocks(sampled, range(len(sampled)), masking, epoch=0)
    total, count = torch.zeros(mlm.vocab_size, dtype=torch.double), 0
    eval_set = MaskedEvalSet(sampled, masked.ids, masked.labels, np.arange(len(sampled)), unknown_share=0)
    for _, logits in masked_logits(mlm, eval_set):
        total += logits.softmax(-1).sum(0).double().cpu()
        count += len(logits)
    return total / count


def _losses(mlm: MaskedLM, eval_set: MaskedEvalSet, move: torch.Tensor) -> np.ndarray:
    """Return the mean loss on eval_set at each of STRENGTHS, in nats."""
    totals, count = np.zeros(len(STRENGTHS)), int((eval_set.labels != IGNORED).sum())
    for rows, logits in masked_logits(mlm, eval_set):
        labels = eval_set.labels[rows]
        truth = torch.from_numpy(labels[labels != IGNORED]).to(logits.device)
        for i, strength in enumerate(STRENGTHS):
            totals[i] += torch.nn.functional.cross_entropy(
                logits + strength * move, truth, reduction="sum"
            ).item()
    return totals / count
