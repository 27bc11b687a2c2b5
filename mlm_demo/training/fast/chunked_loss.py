"""The loss of masked tokens, computed in chunks so that the logits of a whole batch never exist at once.

The logits of a batch are by far its largest tensor (800 masked tokens x 30,522 x 4 bytes: 98 MB, three times over).
`ChunkedLoss` computes them for a few rows at a time, turns them into their gradient at once and drops them. The loss
and the gradients are the same, memory use is lower, and on a CPU the logits stay in the cache.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch.nn.functional import cross_entropy, pad

from mlm_demo.models.masked_lm import MaskedLM
from mlm_demo.system.distributed import world_size
from mlm_demo.training.fast.precision import bfloat16_matmul
from mlm_demo.training.masking import IGNORED

# Bytes of logits held at once: about a CPU cache; on a GPU some 8,800 tokens of BERT's vocabulary, which take half as
# much again in bfloat16.
CHUNK_BYTES = {"cpu": 16 << 20, "cuda": 1 << 30}
ALIGNMENT = (
    8  # tensor cores need sides divisible by 8 in bfloat16; with 30,522 products run at a third of the speed
)
FAR_BELOW = -1e30  # the logit of padding rows: their probability is 0


class ChunkedLoss:
    """The loss of a model's output layer; `bfloat16` as in precision.py."""

    def __init__(self, mlm: MaskedLM, bfloat16: bool):
        self.bfloat16 = bfloat16
        self.layer = mlm.model.get_output_embeddings()
        # With several processes torch looks for parameters unused in the forward pass, and would report this bias.
        self.chunked = world_size() == 1 and _is_last(mlm, self.layer)

    @contextmanager
    def projection_deferred(self) -> Iterator[None]:
        """Within this context the model returns what `sum_of_losses` takes: hidden states in place of logits."""
        if not self.chunked:
            yield
            return
        with _identity(self.layer):
            yield

    def sum_of_losses(self, outputs: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Sum the losses in nats.

        outputs: (tokens, …) from a forward pass within `projection_deferred`; labels: (tokens,) true ids or IGNORED.
        """
        if not self.chunked:
            return cross_entropy(outputs.float(), labels, reduction="sum", ignore_index=IGNORED)
        weight, bias = self.layer.weight, self.layer.bias
        if bias is None:
            bias = outputs.new_zeros(len(weight))
        return _ChunkedCrossEntropy.apply(
            outputs, weight, bias, labels, self.bfloat16, self.loss_and_gradient
        )

    def loss_and_gradient(
        self, logits: torch.Tensor, truth: torch.Tensor, known: torch.Tensor, dtype: torch.dtype
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Sum the losses of the known tokens and compute the gradient of the logits, in dtype; overwrites the logits.

        logits: (tokens, vocabulary); truth and known: (tokens, 1). A method of its own because it gets compiled.
        """
        norm = logits.logsumexp(-1, keepdim=True)
        at_truth = logits.gather(1, truth)
        total = (norm - at_truth).where(known, 0).sum()
        # Probabilities, minus one at the true token; zero in the rows without one.
        norm = norm.where(known, torch.inf)
        # In place, except where that would make a compiler write the logits back.
        shifted = torch.sub(logits, norm) if torch.compiler.is_compiling() else logits.sub_(norm)
        gradient = shifted.exp_().to(dtype)
        at_truth_gradient = (at_truth - norm).exp() - known.to(logits.dtype)
        return total, gradient.scatter_(1, truth, at_truth_gradient.to(dtype))


@contextmanager
def _identity(layer: torch.nn.Module) -> Iterator[None]:
    """Within this context a layer returns its input."""
    layer.forward = lambda hidden: hidden
    try:
        yield
    finally:
        del layer.forward


def _is_last(mlm: MaskedLM, layer: torch.nn.Module) -> bool:
    """Try out whether the head ends with this layer and leaves its result as it is."""
    if not isinstance(layer, torch.nn.Linear):
        return False
    ids = torch.tensor([mlm.with_special_tokens([mlm.mask_id] * 3)], device=mlm.device)
    with torch.inference_mode():
        logits = mlm.model(input_ids=ids).logits
        try:
            with _identity(layer):
                hidden = mlm.model(input_ids=ids).logits
        except RuntimeError:  # the head adds a bias of the vocabulary's size to the result
            return False
        return hidden.shape[-1] == layer.in_features and torch.allclose(layer(hidden), logits, atol=1e-4)


class _ChunkedCrossEntropy(torch.autograd.Function):
    """hidden (tokens, size), weight (vocabulary, size), bias (vocabulary,), labels (tokens,) → the sum of losses.

    The forward pass computes the gradients, since it has the logits; there is no second derivative.
    """

    @staticmethod
    def forward(
        ctx,
        hidden: torch.Tensor,
        weight: torch.Tensor,
        bias: torch.Tensor,
        labels: torch.Tensor,
        bfloat16: bool,
        loss_and_gradient: Callable,
    ) -> torch.Tensor:
        kind = GpuProjection if bfloat16 and weight.is_cuda else Projection
        projection = kind(weight, bias, bfloat16)
        exact = hidden.detach().float()
        grad_hidden, total = torch.empty_like(exact), exact.new_zeros(())
        rows = max(16, CHUNK_BYTES.get(weight.device.type, 16 << 20) // (4 * len(weight)))
        for first in range(0, len(labels), rows):
            chunk, truth = exact[first : first + rows], labels[first : first + rows, None]
            known = truth != IGNORED
            loss, gradient = loss_and_gradient(
                projection.logits(chunk), truth.where(known, 0), known, projection.dtype
            )
            total += loss
            grad_hidden[first : first + rows] = projection.backward(gradient, chunk)
        ctx.gradients, ctx.dtype = (grad_hidden, *projection.gradients()), hidden.dtype
        return total

    @staticmethod
    def backward(ctx, grad_total: torch.Tensor) -> tuple:
        # In place: the weights' gradient is as large as the vocabulary, and backward runs once.
        grad_hidden, grad_weight, grad_bias = (gradient.mul_(grad_total) for gradient in ctx.gradients)
        ctx.gradients = None
        return grad_hidden.to(ctx.dtype), grad_weight, grad_bias, None, None, None


class Projection:
    """The projection of hidden states onto the vocabulary and its backward pass, in float32 products.

    Call `logits` and `backward` for one chunk after the other, then `gradients`. `bfloat16` as in precision.py.
    """

    dtype = torch.float32  # in which `backward` takes the gradient of the logits

    def __init__(self, weight: torch.Tensor, bias: torch.Tensor, bfloat16: bool):
        """weight: (vocabulary, size); bias: (vocabulary,)."""
        self.weight, self.bias, self.bfloat16 = weight, bias, bfloat16
        self.grad_weight, self.grad_bias = torch.zeros_like(weight), torch.zeros_like(bias)

    def logits(self, hidden: torch.Tensor) -> torch.Tensor:
        """(tokens, size) float32 → (tokens, vocabulary)."""
        with bfloat16_matmul(self.bfloat16):
            return torch.addmm(self.bias, hidden, self.weight.t())

    def backward(self, grad_logits: torch.Tensor, hidden: torch.Tensor) -> torch.Tensor:
        """Return the gradient of the hidden states; add to those of weight and bias."""
        with bfloat16_matmul(self.bfloat16):
            self.grad_weight.addmm_(grad_logits.t(), hidden)
            self.grad_bias += grad_logits.sum(0)
            return grad_logits @ self.weight

    def gradients(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the gradients of weight and bias."""
        return self.grad_weight, self.grad_bias


class GpuProjection:
    """The same as Projection, in products of bfloat16 factors with float32 sums.

    The bias is a column of the weights with a factor of 1, so that it and its gradient need no pass over the logits.
    Rows and columns are padded to ALIGNMENT.
    """

    dtype = torch.bfloat16

    def __init__(self, weight: torch.Tensor, bias: torch.Tensor, _bfloat16: bool):
        self.vocabulary, self.size = weight.shape
        rows, columns = (-(-side // ALIGNMENT) * ALIGNMENT for side in (self.vocabulary, self.size + 1))
        self.table = weight.new_zeros(rows, columns, dtype=self.dtype)
        self.table[: self.vocabulary, : self.size] = weight
        self.table[: self.vocabulary, self.size] = bias
        self.table[self.vocabulary :, self.size] = FAR_BELOW
        self.grad_table: torch.Tensor | None = None

    def logits(self, hidden: torch.Tensor) -> torch.Tensor:
        """(tokens, size) → (tokens, vocabulary and padding rows) float32."""
        return torch.mm(self._with_one(hidden), self.table.t(), out_dtype=torch.float32)

    def backward(self, grad_logits: torch.Tensor, hidden: torch.Tensor) -> torch.Tensor:
        """Return the gradient of the hidden states; add to that of the table."""
        added = torch.mm(grad_logits.t(), self._with_one(hidden), out_dtype=torch.float32)
        self.grad_table = added if self.grad_table is None else self.grad_table.add_(added)
        return torch.mm(grad_logits, self.table, out_dtype=torch.float32)[:, : self.size]

    def gradients(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the gradients of weight and bias."""
        del self.table  # as large as the copies to come
        gradient = self.grad_table[: self.vocabulary]
        return gradient[:, : self.size].contiguous(), gradient[:, self.size].contiguous()

    def _with_one(self, hidden: torch.Tensor) -> torch.Tensor:
        padded = pad(hidden.to(self.dtype), (0, self.table.shape[1] - self.size))
        padded[:, self.size] = 1
        return padded
