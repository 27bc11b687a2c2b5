"""A layer of BERT and its kin in four matrix products, for a model that only answers.

Query, key and value are one product; GELU is taken while its product is written, where the product can; what follows a
product in bfloat16 stays in bfloat16 until it is added to the float32 sum that goes from layer to layer. The rest is
what transformers computes, without the calls between.
"""

from collections.abc import Callable

import torch
from torch import nn
from torch.nn import functional as F

PARTS_OF_ATTENTION = {"query", "key", "value", "dropout"}  # more than these, and it is another kind


class FusedLayer(nn.Module):
    """What a `BertLayer` computes; its last parts lie where `positions.py` looks for them.

    fast: makes a `ReorderedLinear` or the like of a `Linear`, with `activation` if one follows.
    """

    def __init__(self, layer: nn.Module, fast: Callable[..., nn.Module]):
        super().__init__()
        attention = layer.attention.self
        self.heads = attention.num_attention_heads
        self.query_key_value = fast(_one(attention.query, attention.key, attention.value))
        self.attention = nn.Module()
        self.attention.output = AddedAndNormed(layer.attention.output, fast)
        self.intermediate = fast(layer.intermediate.dense, activation="gelu")
        self.output = AddedAndNormed(layer.output, fast)

    def forward(self, hidden: torch.Tensor, attention_mask: torch.Tensor | None, *_, **__) -> torch.Tensor:
        """(rows, length, hidden size) float32 → the same; attention_mask as torch's attention takes it."""
        rows, length, _ = hidden.shape
        found = self.query_key_value.product(hidden).view(rows, length, 3, self.heads, -1)
        query, key, value = found.permute(2, 0, 3, 1, 4)
        context = F.scaled_dot_product_attention(query, key, value, attn_mask=attention_mask)
        hidden = self.attention.output(context.transpose(1, 2).reshape(rows, length, -1), hidden)
        return self.output(self.intermediate.product(hidden), hidden)


class AddedAndNormed(nn.Module):
    """What a `BertOutput` or `BertSelfOutput` computes: a product, added to what came before it, normed."""

    def __init__(self, output: nn.Module, fast: Callable[..., nn.Module]):
        super().__init__()
        self.dense, self.norm = fast(output.dense), output.LayerNorm

    def forward(self, hidden: torch.Tensor, before: torch.Tensor) -> torch.Tensor:
        """(…, in) of any type and (…, hidden size) float32 → (…, hidden size) float32."""
        return self.norm(before + self.dense.product(hidden))


def is_fusible(module: nn.Module) -> bool:
    """Whether a module is a layer of BERT, RoBERTa, ELECTRA and others built in the same way."""
    try:
        attention = module.attention.self
        outputs = (module.attention.output, module.output)
        return (
            {name for name, _ in attention.named_children()} <= PARTS_OF_ATTENTION
            and not getattr(module, "is_decoder", False)
            and _is_exact_gelu(module.intermediate.intermediate_act_fn)
            and all(type(part) is nn.Linear for part in (attention.query, attention.key, attention.value))
            and all(
                type(part.dense) is nn.Linear and isinstance(part.LayerNorm, nn.LayerNorm) for part in outputs
            )
        )
    except (AttributeError, RuntimeError, TypeError):
        return False


def _is_exact_gelu(activation: Callable[[torch.Tensor], torch.Tensor]) -> bool:
    """Whether a function is GELU itself and none of its approximations, which differ by 1e-4 and more."""
    values = torch.linspace(-20, 20, 81)  # as far as an activation may be cut off (gelu_10)
    return torch.allclose(activation(values), F.gelu(values), rtol=0, atol=1e-6)


def _one(*linears: nn.Linear) -> nn.Linear:
    """Several layers with the same input as one."""
    together = nn.Linear(1, 1)
    together.weight = nn.Parameter(torch.cat([linear.weight for linear in linears]))
    together.bias = nn.Parameter(torch.cat([linear.bias for linear in linears]))
    return together
