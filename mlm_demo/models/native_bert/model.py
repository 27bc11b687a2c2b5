"""BERT with its masked-language-model head, for answering alone: what transformers' `BertForMaskedLM` computes.

transformers' own takes seconds to import, which is most of the time to a first answer. The modules have its names, so
a checkpoint fits without renaming, and layers are exchanged and cut as in any other (`fast_layers.py`, `positions.py`).
Devlin et al. (2019), arXiv 1810.04805. Dropout is left out: nothing is trained here.
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
# A checkpoint of `BertForPreTraining` has these beside what is needed.
UNUSED = ("bert.pooler.", "bert.embeddings.position_ids", "cls.seq_relationship.", "cls.predictions.decoder.")


class Answer(NamedTuple):
    """What the model gives."""

    logits: torch.Tensor


class BertForMaskedLM(nn.Module):
    """input_ids and attention_mask (rows, length) → logits (rows, length, vocabulary)."""

    def __init__(self, config: dict):
        super().__init__()
        self.config = SimpleNamespace(**config)
        self.bert = _Encoder(self.config)
        self.cls = nn.Module()
        self.cls.predictions = _Head(self.config)

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> Answer:
        return Answer(self.cls.predictions(self.bert(input_ids, attention_mask)))

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
        """The decoder's weights as the embeddings have them, which may cost less memory."""
        return self.get_input_embeddings().weight

    def num_parameters(self) -> int:
        """How many weights; those of the decoder are those of the embeddings."""
        decoder = self.get_output_embeddings().weight
        return sum(weight.numel() for weight in self.parameters() if weight is not decoder)


def read(config: dict, weights: Path, *, mapped: bool) -> BertForMaskedLM:
    """The model of a safetensors file, in float32; raises RuntimeError or KeyError if the file is of another model.

    mapped: the embeddings stay in the file, in the type they have there, since of its largest part a sentence needs
    a few rows. Only for a file that nobody cuts off meanwhile: to read what is gone ends the process.
    """
    with safe_open(weights, "pt") as file:
        names = [name for name in set(file.keys()) if not name.startswith(UNUSED)]
        # A copy each: what lies in the file would keep all of it in memory that was looked at.
        state = {name: file.get_tensor(name).to(torch.float32, copy=True) for name in names}
    state["cls.predictions.decoder.weight"] = state[EMBEDDINGS]
    state["cls.predictions.decoder.bias"] = state.pop("cls.predictions.bias")
    if mapped:
        with safe_open(weights, "pt") as file:
            state[EMBEDDINGS] = file.get_tensor(EMBEDDINGS)
    with torch.device("meta"), _Uninitialised():
        model = BertForMaskedLM(config)
    model.load_state_dict(state, assign=True)
    return model.requires_grad_(False)


class _Uninitialised(TorchFunctionMode):
    """Within this no weights are drawn, which are read in a moment; drawing them of no device imports torch._dynamo."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        if getattr(func, "__module__", None) == "torch.nn.init":
            return None
        return func(*args, **(kwargs or {}))


class _Encoder(nn.Module):
    def __init__(self, config: SimpleNamespace):
        super().__init__()
        self.embeddings = _Embeddings(config)
        self.encoder = nn.Module()
        self.encoder.layer = nn.ModuleList(_Layer(config) for _ in range(config.num_hidden_layers))

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        hidden = self.embeddings(input_ids)
        # No mask where nothing is padding: attention takes its fastest way then.
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

    def forward(self, input_ids: torch.Tensor) -> torch.Tensor:
        types = self.token_type_embeddings.weight[0]  # one text, no pair
        positions = self.position_embeddings.weight[: input_ids.shape[1]]
        return self.LayerNorm(self.word_embeddings(input_ids).float() + types + positions)


class _Layer(nn.Module):
    def __init__(self, config: SimpleNamespace):
        super().__init__()
        self.attention = nn.Module()
        self.attention.self = _Attention(config)
        self.attention.output = _AddedAndNormed(config.hidden_size, config)
        self.intermediate = nn.Module()
        self.intermediate.dense = nn.Linear(config.hidden_size, config.intermediate_size)
        self.intermediate.intermediate_act_fn = nn.GELU()
        self.output = _AddedAndNormed(config.intermediate_size, config)

    def forward(self, hidden: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        hidden = self.attention.output(self.attention.self(hidden, mask), hidden)
        between = self.intermediate
        return self.output(between.intermediate_act_fn(between.dense(hidden)), hidden)


class _Attention(nn.Module):
    def __init__(self, config: SimpleNamespace):
        super().__init__()
        self.num_attention_heads = config.num_attention_heads
        self.query = nn.Linear(config.hidden_size, config.hidden_size)
        self.key = nn.Linear(config.hidden_size, config.hidden_size)
        self.value = nn.Linear(config.hidden_size, config.hidden_size)

    def forward(self, hidden: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        query, key, value = (
            part(hidden).unflatten(-1, (self.num_attention_heads, -1)).transpose(1, 2)
            for part in (self.query, self.key, self.value)
        )
        context = F.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        return context.transpose(1, 2).flatten(2)


class _AddedAndNormed(nn.Module):
    def __init__(self, width: int, config: SimpleNamespace):
        super().__init__()
        self.dense = nn.Linear(width, config.hidden_size)
        self.LayerNorm = nn.LayerNorm(config.hidden_size, config.layer_norm_eps)

    def forward(self, hidden: torch.Tensor, before: torch.Tensor) -> torch.Tensor:
        return self.LayerNorm(before + self.dense(hidden))


class _Head(nn.Module):
    def __init__(self, config: SimpleNamespace):
        super().__init__()
        self.transform = nn.Module()
        self.transform.dense = nn.Linear(config.hidden_size, config.hidden_size)
        self.transform.LayerNorm = nn.LayerNorm(config.hidden_size, config.layer_norm_eps)
        self.decoder = nn.Linear(config.hidden_size, config.vocab_size)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        return self.decoder(self.transform.LayerNorm(F.gelu(self.transform.dense(hidden))))
