"""BERT with its masked-language-model head, for prediction only; equal to transformers' `BertForMaskedLM`.

The transformers class takes seconds to import, most of the time to a first answer. The modules here have the same
names, so weights load without renaming, and `cpu.optimize` and `head` work as with any other model. There is no
dropout, because nothing is trained here. Devlin et al. (2019), arXiv 1810.04805.
"""

from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import torch
from safetensors import safe_open
from torch import nn
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

EMBEDDINGS = "bert.embeddings.word_embeddings.weight"
# Weights of `BertForPreTraining` that the masked-LM head does not need.
UNUSED = ("bert.pooler.", "bert.embeddings.position_ids", "cls.seq_relationship.", "cls.predictions.decoder.")


class Output(NamedTuple):
    """The output of a forward pass."""

    logits: torch.Tensor


class BertForMaskedLM(nn.Module):
    """Map input_ids and attention_mask (rows, length) to logits (rows, length, vocabulary)."""

    def __init__(self, config: dict):
        super().__init__()
        self.config = SimpleNamespace(**config)
        self.bert = Encoder(self.config)
        self.cls = nn.Module()
        self.cls.predictions = _Head(self.config)

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> Output:
        return Output(self.cls.predictions(self.bert(input_ids, attention_mask)))

    @property
    def base_model(self) -> nn.Module:
        return self.bert

    @property
    def device(self) -> torch.device:
        return self.get_input_embeddings().weight.device

    def get_input_embeddings(self) -> nn.Embedding:
        return self.bert.embeddings.word_embeddings

    def get_output_embeddings(self) -> nn.Module:
        return self.cls.predictions.decoder

    @property
    def decoder_rows(self) -> torch.Tensor:
        """The decoder's weights as stored in the embeddings, which may take less memory."""
        return self.get_input_embeddings().weight

    def num_parameters(self) -> int:
        """Return the number of parameters; the decoder shares its weights with the embeddings."""
        decoder = self.get_output_embeddings().weight
        return sum(weight.numel() for weight in self.parameters() if weight is not decoder)


def read_model(config: dict, weights: Path, *, mapped: bool) -> BertForMaskedLM:
    """Read a model from a safetensors file in float32; raise RuntimeError or KeyError if the weights do not fit.

    mapped: see `mapped_embeddings`.
    """
    state = read_weights(weights, UNUSED)
    state["cls.predictions.decoder.weight"] = state[EMBEDDINGS]
    state["cls.predictions.decoder.bias"] = state.pop("cls.predictions.bias")
    if mapped:
        state[EMBEDDINGS] = mapped_embeddings(weights)
    with torch.device("meta"), SkipInit():
        model = BertForMaskedLM(config)
    model.load_state_dict(state, assign=True)
    return model.requires_grad_(False)


def read_weights(weights: Path, unused: tuple[str, ...]) -> dict[str, torch.Tensor]:
    """Read the weights of a safetensors file in float32, but for those whose names start with one of `unused`."""
    with safe_open(weights, "pt") as file:
        names = [name for name in set(file.keys()) if not name.startswith(unused)]
        # Copies, because a view would keep the pages of the mapped file in memory.
        return {name: file.get_tensor(name).to(torch.float32, copy=True) for name in names}


def mapped_embeddings(weights: Path) -> torch.Tensor:
    """Return the embeddings, the largest weights, memory-mapped and in the file's type: a text needs few of its rows.

    Nobody should read all of them, which would load the pages of the file. Use it only for files that nothing
    truncates: reading past the end kills the process.
    """
    with safe_open(weights, "pt") as file:
        return file.get_tensor(EMBEDDINGS)


class SkipInit(TorchFunctionMode):
    """Within this context weights stay uninitialized, since they are read next.

    Initializing them on the meta device would import torch._dynamo.
    """

    def __torch_function__(self, func, types, args=(), kwargs=None):
        if getattr(func, "__module__", None) == "torch.nn.init":
            return None
        return func(*args, **(kwargs or {}))


class Encoder(nn.Module):
    """Map input_ids, attention_mask and token_type_ids (rows, length) to (rows, length, hidden size)."""

    def __init__(self, config: SimpleNamespace):
        super().__init__()
        self.embeddings = _Embeddings(config)
        self.encoder = nn.Module()
        self.encoder.layer = nn.ModuleList(_Layer(config) for _ in range(config.num_hidden_layers))

    def forward(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        token_type_ids: torch.Tensor | None = None,
    ) -> torch.Tensor:
        hidden = self.embeddings(input_ids, token_type_ids)
        # Without padding no mask is needed, and attention uses its fastest kernel.
        mask = None if bool(attention_mask.all()) else attention_mask[:, None, None, :].bool()
        for layer in self.encoder.layer:
            hidden = layer(hidden, mask)
        return hidden


class _Embeddings(nn.Module):
    def __init__(self, config: SimpleNamespace):
        super().__init__()
        self.word_embeddings = nn.Embedding(config.vocab_size, config.hidden_size)
        self.position_embeddings = nn.Embedding(config.max_position_embeddings, config.hidden_size)
        self.token_type_embeddings = nn.Embedding(config.type_vocab_size, config.hidden_size)
        self.LayerNorm = nn.LayerNorm(config.hidden_size, config.layer_norm_eps)

    def forward(self, input_ids: torch.Tensor, token_type_ids: torch.Tensor | None) -> torch.Tensor:
        table = self.token_type_embeddings.weight
        types = (
            table[0] if token_type_ids is None else table[token_type_ids]
        )  # None: a single text, not a pair
        positions = self.position_embeddings.weight[: input_ids.shape[1]]
        return self.LayerNorm(self.word_embeddings(input_ids).float() + types + positions)


class _Layer(nn.Module):
    def __init__(self, config: SimpleNamespace):
        super().__init__()
        self.attention = nn.Module()
        self.attention.self = _Attention(config)
        self.attention.output = _DenseAddNorm(config.hidden_size, config)
        self.intermediate = nn.Module()
        self.intermediate.dense = nn.Linear(config.hidden_size, config.intermediate_size)
        self.intermediate.intermediate_act_fn = nn.GELU()
        self.output = _DenseAddNorm(config.intermediate_size, config)

    def forward(self, hidden: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        hidden = self.attention.output(self.attention.self(hidden, mask), hidden)
        intermediate = self.intermediate
        return self.output(intermediate.intermediate_act_fn(intermediate.dense(hidden)), hidden)


class _Attention(nn.Module):
    def __init__(self, config: SimpleNamespace):
        super().__init__()
        self.num_attention_heads = config.num_attention_heads
        self.query = nn.Linear(config.hidden_size, config.hidden_size)
        self.key = nn.Linear(config.hidden_size, config.hidden_size)
        self.value = nn.Linear(config.hidden_size, config.hidden_size)

    def forward(self, hidden: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        query, key, value = (
            project(hidden).unflatten(-1, (self.num_attention_heads, -1)).transpose(1, 2)
            for project in (self.query, self.key, self.value)
        )
        context = F.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        return context.transpose(1, 2).flatten(2)


class _DenseAddNorm(nn.Module):
    def __init__(self, input_size: int, config: SimpleNamespace):
        super().__init__()
        self.dense = nn.Linear(input_size, config.hidden_size)
        self.LayerNorm = nn.LayerNorm(config.hidden_size, config.layer_norm_eps)

    def forward(self, hidden: torch.Tensor, residual: torch.Tensor) -> torch.Tensor:
        return self.LayerNorm(residual + self.dense(hidden))


class _Head(nn.Module):
    def __init__(self, config: SimpleNamespace):
        super().__init__()
        self.transform = nn.Module()
        self.transform.dense = nn.Linear(config.hidden_size, config.hidden_size)
        self.transform.LayerNorm = nn.LayerNorm(config.hidden_size, config.layer_norm_eps)
        self.decoder = nn.Linear(config.hidden_size, config.vocab_size)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        return self.decoder(self.transform.LayerNorm(F.gelu(self.transform.dense(hidden))))
