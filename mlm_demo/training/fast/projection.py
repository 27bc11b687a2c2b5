"""The projection onto the vocabulary, forwards and back: the scores of hidden states, and what their gradient brings.

Both kinds are used in the same way: `scores` and `back` for one part of the tokens after the other, then `gradients`.
"""

import torch
from torch.nn.functional import pad

from mlm_demo.training.fast.precision import rounded_products

ALIGNED = (
    8  # what a GPU's matrix units want of a side in bfloat16: 30,522 is not, and products are a third as fast
)
FAR_BELOW = -1e30  # the score of the rows that are added: their probability is 0


class Projection:
    """Float32 products; `rounded` as in precision.py."""

    dtype = torch.float32  # that the gradient of the scores is wanted in

    def __init__(self, weight: torch.Tensor, bias: torch.Tensor, rounded: bool):
        """weight (vocabulary, size), bias (vocabulary,)."""
        self.weight, self.bias, self.rounded = weight, bias, rounded
        self.for_weight, self.for_bias = torch.zeros_like(weight), torch.zeros_like(bias)

    def scores(self, hidden: torch.Tensor) -> torch.Tensor:
        """(tokens, size) float32 → (tokens, vocabulary)."""
        with rounded_products(self.rounded):
            return torch.addmm(self.bias, hidden, self.weight.t())

    def back(self, slope: torch.Tensor, hidden: torch.Tensor) -> torch.Tensor:
        """The gradient of the scores of hidden states → that of the states; those of weight and bias are added up."""
        with rounded_products(self.rounded):
            self.for_weight.addmm_(slope.t(), hidden)
            self.for_bias += slope.sum(0)
            return slope @ self.weight

    def gradients(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Of weight and bias."""
        return self.for_weight, self.for_bias


class ProjectionOfAGPU:
    """Products of bfloat16 factors with float32 sums. The bias is a column of the weights, its factor 1, so that it
    and its gradient cost no pass over the scores; rows and columns are filled up to what the device wants."""

    dtype = torch.bfloat16

    def __init__(self, weight: torch.Tensor, bias: torch.Tensor, _rounded: bool):
        """As Projection's."""
        self.vocabulary, self.size = weight.shape
        rows, columns = (-(-side // ALIGNED) * ALIGNED for side in (self.vocabulary, self.size + 1))
        self.table = weight.new_zeros(rows, columns, dtype=self.dtype)
        self.table[: self.vocabulary, : self.size] = weight
        self.table[: self.vocabulary, self.size] = bias
        self.table[self.vocabulary :, self.size] = FAR_BELOW
        self.for_table: torch.Tensor | None = None

    def scores(self, hidden: torch.Tensor) -> torch.Tensor:
        """(tokens, size) → (tokens, vocabulary and the rows added to it) float32."""
        return torch.mm(self._with_one(hidden), self.table.t(), out_dtype=torch.float32)

    def back(self, slope: torch.Tensor, hidden: torch.Tensor) -> torch.Tensor:
        """As Projection's."""
        found = torch.mm(slope.t(), self._with_one(hidden), out_dtype=torch.float32)
        self.for_table = found if self.for_table is None else self.for_table.add_(found)
        return torch.mm(slope, self.table, out_dtype=torch.float32)[:, : self.size]

    def gradients(self) -> tuple[torch.Tensor, torch.Tensor]:
        """As Projection's."""
        del self.table  # as large as the copies to come
        found = self.for_table[: self.vocabulary]
        return found[:, : self.size].contiguous(), found[:, self.size].contiguous()

    def _with_one(self, hidden: torch.Tensor) -> torch.Tensor:
        filled = pad(hidden.to(self.dtype), (0, self.table.shape[1] - self.size))
        filled[:, self.size] = 1
        return filled
