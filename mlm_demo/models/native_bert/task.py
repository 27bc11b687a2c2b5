"""BERT with the head of a downstream task, for prediction only; equal to the transformers classes of the same names."""

from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import torch
from torch import nn

from mlm_demo.models.native_bert.model import (
    EMBEDDINGS,
    Encoder,
    Output,
    SkipInit,
    mapped_embeddings,
    read_weights,
)
from mlm_demo.models.tasks import ANSWERS, EVIDENCE


class SpanOutput(NamedTuple):
    """The output of a forward pass of question answering."""

    start_logits: torch.Tensor
    end_logits: torch.Tensor


class _TaskModel(nn.Module):
    """The encoder, and what the rest of this project asks of a model."""

    task: str
    labels: int  # how many the config names
    unused = ("bert.embeddings.position_ids",)

    def __init__(self, config: dict):
        super().__init__()
        self.config = SimpleNamespace(**config)
        self.bert = Encoder(self.config)

    @property
    def base_model(self) -> nn.Module:
        return self.bert

    @property
    def device(self) -> torch.device:
        return self.bert.embeddings.word_embeddings.weight.device


class BertForSequenceClassification(_TaskModel):
    """Map a batch of pairs (rows, length) to relevance logits (rows, 1)."""

    task, labels = EVIDENCE, 1

    def __init__(self, config: dict):
        super().__init__(config)
        self.bert.pooler = nn.Module()
        self.bert.pooler.dense = nn.Linear(self.config.hidden_size, self.config.hidden_size)
        self.classifier = nn.Linear(self.config.hidden_size, 1)

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, token_type_ids: torch.Tensor
    ) -> Output:
        first = self.bert(input_ids, attention_mask, token_type_ids)[:, 0]
        return Output(self.classifier(torch.tanh(self.bert.pooler.dense(first))))


class BertForQuestionAnswering(_TaskModel):
    """Map a batch of pairs (rows, length) to start and end logits (rows, length)."""

    task, labels = ANSWERS, 2
    unused = (*_TaskModel.unused, "bert.pooler.")

    def __init__(self, config: dict):
        super().__init__(config)
        self.qa_outputs = nn.Linear(self.config.hidden_size, 2)

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, token_type_ids: torch.Tensor
    ) -> SpanOutput:
        return SpanOutput(*self.qa_outputs(self.bert(input_ids, attention_mask, token_type_ids)).unbind(-1))


TASK_MODELS = {kind.__name__: kind for kind in (BertForSequenceClassification, BertForQuestionAnswering)}


def read_task_model(kind: type[_TaskModel], config: dict, weights: Path, *, mapped: bool) -> _TaskModel:
    """Read a model from a safetensors file in float32; raise RuntimeError if the weights do not fit.

    mapped: see `model.mapped_embeddings`.
    """
    state = read_weights(weights, (*kind.unused, EMBEDDINGS) if mapped else kind.unused)
    if mapped:
        state[EMBEDDINGS] = mapped_embeddings(weights)
    with torch.device("meta"), SkipInit():
        model = kind(config)
    model.load_state_dict(state, assign=True)
    return model.requires_grad_(False)
