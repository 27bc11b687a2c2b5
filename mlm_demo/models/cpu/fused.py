"""An encoder layer of the BERT family in four matrix products, for prediction on the CPU.

Query, key and value share one product, and GELU is fused into its product where the linear layer supports it. Products
in bfloat16 stay bfloat16 until they are added to the float32 residual stream. The results are those of transformers.
"""

from collections.abc import Callable

import torch
from torch import nn
from torch.nn import functional as F

ATTENTION_CHILDREN = {"query", "key", "value", "dropout"}  # any other child means another kind of attention


class FusedLayer(nn.Module):
    """A drop-in replacement for `BertLayer`.

    `attention.output` keeps its name, because `head.py` registers its hook there.
    make_linear: turns a `Linear` into a `ReorderedLinear` or `HalfLinear`, with `activation` if one follows.
    """

    def __init__(self, layer: nn.Module, make_linear: Callable[..., nn.Module]):
        super().__init__()
        attention = layer.attention.self
        self.heads = attention.num_attention_heads
        self.query_key_value = make_linear(_stack(attention.query, attention.key, attention.value))
        self.attention = nn.Module()
        self.attention.output = DenseAddNorm(layer.attention.output, make_linear)
        self.intermediate = make_linear(layer.intermediate.dense, activation="gelu")
        self.output = DenseAddNorm(layer.output, make_linear)

    def forward(self, hidden: torch.Tensor, attention_mask: torch.Tensor | None, *_, **__) -> torch.Tensor:
        """Map (rows, length, hidden size) float32 to the same shape; the mask is that of torch's attention."""
        rows, length, _ = hidden.shape
        projected = self.query_key_value.product(hidden).view(rows, length, 3, self.heads, -1)
        query, key, value = projected.permute(2, 0, 3, 1, 4)
        context = F.scaled_dot_product_attention(query, key, value, attn_mask=attention_mask)
        hidden = self.attention.output(context.transpose(1, 2).reshape(rows, length, -1), hidden)
        return self.output(self.intermediate.product(hidden), hidden)


class DenseAddNorm(nn.Module):
    """A drop-in replacement for `BertOutput` and `BertSelfOutput`: dense layer, residual, layer norm."""

    def __init__(self, output: nn.Module, make_linear: Callable[..., nn.Module]):
        super().__init__()
        self.dense, self.norm = make_linear(output.dense), output.LayerNorm

    def forward(self, hidden: torch.Tensor, residual: torch.Tensor) -> torch.Tensor:
        """Map (…, in) of any type and (…, hidden size) float32 to (…, hidden size) float32."""
        return self.norm(residual + self.dense.product(hidden))


def is_fusible(module: nn.Module) -> bool:
    """Return whether a module is an encoder layer built like that of BERT, RoBERTa or ELECTRA."""
    try:
        attention = module.attention.self
        outputs = (module.attention.output, module.output)
        return (
            {name for name, _ in attention.named_children()} <= ATTENTION_CHILDREN
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
    """Return whether a function is exact GELU; its approximations differ by 1e-4 and more."""
    values = torch.linspace(-20, 20, 81)  # wide enough to notice an activation that is clipped (gelu_10)
    return torch.allclose(activation(values), F.gelu(values), rtol=0, atol=1e-6)


def _stack(*linears: nn.Linear) -> nn.Linear:
    """Combine layers with the same input into one."""
    stacked = nn.Linear(1, 1)
    stacked.weight = nn.Parameter(torch.cat([linear.weight for linear in linears]))
    stacked.bias = nn.Parameter(torch.cat([linear.bias for linear in linears]))
    return stacked
