"""A model that was fine-tuned on a downstream task, together with its tokenizer.

The tasks: evidence (a question and a sentence become one relevance logit, as question NLI does) and answers (a question
and a context become start and end logits of each token, extractive question answering). What makes or loads one is in
`task_loader.py`.
"""

from collections.abc import Sequence

import torch
from torch import nn

from mlm_demo.models.pairs import STRIDE, PairEncoder, Window
from mlm_demo.models.tokenizer import Tokenizer, longest_input

EVIDENCE, ANSWERS = TASKS = ("evidence", "answers")


class TaskModel:
    """A tokenizer and a model with the head of a task, in evaluation mode.

    task: EVIDENCE or ANSWERS. model: transformers' `*ForSequenceClassification` with one label, or its
    `*ForQuestionAnswering`. max_tokens: the longest input that the model reads.
    """

    def __init__(
        self,
        tokenizer: Tokenizer,
        model: nn.Module,
        task: str,
        *,
        name: str = "model",
        source: str = "",
        revision: str = "",
    ):
        self.tokenizer, self.model, self.task = tokenizer, model.eval(), task
        self.name, self.source, self.revision = name, source or name, revision
        self.device = model.device
        self.max_tokens = longest_input(tokenizer, model)
        self.pairs = PairEncoder(tokenizer, self.max_tokens)
        # Models with one type of text, or none, take no token types: all of theirs are 0.
        self.takes_types = (getattr(model.config, "type_vocab_size", None) or 0) > 1

    def pair_encoding(
        self, question: str, context: str, max_tokens: int | None = None, stride: int = STRIDE
    ) -> list[Window]:
        """Return the windows of one pair; see `PairEncoder.windows`, which encodes many at once."""
        return self.pairs.windows([question], [context], max_tokens, stride)[0]

    def inputs(self, windows: Sequence[Window]) -> dict[str, torch.Tensor]:
        """Return windows as the arguments of the model: int64 (windows, longest window), padded on the right."""
        length = max(len(window) for window in windows)
        pad = self.tokenizer.pad_token_id or 0

        def padded(rows: list[list[int]], value: int) -> torch.Tensor:
            full = [[*row, *[value] * (length - len(row))] for row in rows]
            return torch.tensor(full, device=self.device)

        inputs = {
            "input_ids": padded([window.ids for window in windows], pad),
            "attention_mask": padded([[1] * len(window) for window in windows], 0),
        }
        if self.takes_types:
            inputs["token_type_ids"] = padded([window.type_ids for window in windows], 0)
        return inputs

    def describe(self) -> dict:
        """Return what JSON answers report about the model."""
        return {
            "name": self.name,
            "task": self.task,
            "source": self.source,
            "revision": self.revision,
            "architecture": type(self.model).__name__,
            "device": str(self.device),
        }
