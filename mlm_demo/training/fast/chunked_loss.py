"""The loss of hidden tokens, without ever holding a score for every token of the vocabulary at once.

Scores of a batch are its largest tensor by far (800 hidden tokens x 30,522 x 4 bytes: 98 MB, three times over). Here
they are computed some rows at a time, turned into the gradient at once, and dropped: the same loss, the same
gradients, less memory, and what is worked on stays in the processor's cache.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch.nn.functional import cross_entropy

from mlm_demo.models.masked_lm import MaskedLM
from mlm_demo.system.distributed import world_size
from mlm_demo.training.fast.projection import Projection, ProjectionOfAGPU
from mlm_demo.training.masking import IGNORED

# Bytes of scores held at once: about a cache on the processor; on a GPU some 8,800 tokens of BERT's vocabulary, which
# take half as much again in bfloat16.
BYTES_AT_ONCE = {"cpu": 16 << 20, "cuda": 1 << 30}


class VocabularyLoss:
    """The loss of a model's head; `rounded` as in precision.py."""

    def __init__(self, mlm: MaskedLM, rounded: bool):
        self.rounded = rounded
        self.layer = mlm.model.get_output_embeddings()
        # Between processes torch looks for unused weights in the pass, and would take this layer's bias for one.
        self.in_parts = world_size() == 1 and _is_last(mlm, self.layer)

    @contextmanager
    def asked(self) -> Iterator[None]:
        """Within this context the model gives what `sum_of_losses` wants in place of its logits."""
        if not self.in_parts:
            yield
            return
        self.layer.forward = lambda hidden: hidden
        try:
            yield
        finally:
            del self.layer.forward

    def sum_of_losses(self, given: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """(tokens, …) from a pass within `asked`, (tokens,) true ids or IGNORED → the sum of the losses in nats."""
        if not self.in_parts:
            return cross_entropy(given.float(), labels, reduction="sum", ignore_index=IGNORED)
        weight, bias = self.layer.weight, self.layer.bias
        if bias is None:
            bias = given.new_zeros(len(weight))
        return _CrossEntropyInParts.apply(given, weight, bias, labels, self.rounded, self.slopes)

    def slopes(
        self, scores: torch.Tensor, truth: torch.Tensor, known: torch.Tensor, dtype: torch.dtype
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """scores (tokens, vocabulary), truth and known (tokens, 1) → the sum of the losses of those known, and its
        gradient for the scores, in dtype. The scores are lost."""
        norm = scores.logsumexp(-1, keepdim=True)
        at_truth = scores.gather(1, truth)
        total = (norm - at_truth).where(known, 0).sum()
        # Probabilities, less one at the true token; nothing at all where there is none.
        norm = norm.where(known, torch.inf)
        # In place, but where that would have a compiler write the scores back.
        less = torch.sub(scores, norm) if torch.compiler.is_compiling() else scores.sub_(norm)
        slope = less.exp_().to(dtype)
        less_one = (at_truth - norm).exp() - known.to(scores.dtype)
        return total, slope.scatter_(1, truth, less_one.to(dtype))


def _is_last(mlm: MaskedLM, layer: torch.nn.Module) -> bool:
    """Whether the head ends with this layer and does nothing to its result, by trying it."""
    if not isinstance(layer, torch.nn.Linear):
        return False
    ids = torch.tensor([mlm.with_special_tokens([mlm.mask_id] * 3)], device=mlm.device)
    with torch.inference_mode():
        logits = mlm.model(input_ids=ids).logits
        layer.forward = lambda hidden: hidden
        try:
            hidden = mlm.model(input_ids=ids).logits
        finally:
            del layer.forward
        return hidden.shape[-1] == layer.in_features and torch.allclose(layer(hidden), logits, atol=1e-4)


class _CrossEntropyInParts(torch.autograd.Function):
    """hidden (tokens, size), weight (vocabulary, size), bias (vocabulary,), labels (tokens,) → the sum of losses.

    The gradients are made on the way forward, where the scores are at hand; there is no second derivative.
    """

    @staticmethod
    def forward(ctx, hidden, weight, bias, labels, rounded, slopes):
        kind = ProjectionOfAGPU if rounded and weight.is_cuda else Projection
        projection = kind(weight, bias, rounded)
        exact = hidden.detach().float()
        for_hidden, total = torch.empty_like(exact), exact.new_zeros(())
        rows = max(16, BYTES_AT_ONCE.get(weight.device.type, 16 << 20) // (4 * len(weight)))
        for first in range(0, len(labels), rows):
            part, truth = exact[first : first + rows], labels[first : first + rows, None]
            known = truth != IGNORED
            loss, slope = slopes(projection.scores(part), truth.where(known, 0), known, projection.dtype)
            total += loss
            for_hidden[first : first + rows] = projection.back(slope, part)
        ctx.gradients, ctx.dtype = (for_hidden, *projection.gradients()), hidden.dtype
        return total

    @staticmethod
    def backward(ctx, slope):
        # In place: the one for the weights is as large as the vocabulary, and is asked for once.
        for_hidden, for_weight, for_bias = (gradient.mul_(slope) for gradient in ctx.gradients)
        ctx.gradients = None
        return for_hidden.to(ctx.dtype), for_weight, for_bias, None, None, None
