"""A model that was fine-tuned on a downstream task, together with its tokenizer.

What makes or loads one is in `task_loader.py`.
"""

import math
from collections.abc import Sequence

import torch
from torch import nn

from mlm_demo.errors import ModelError
from mlm_demo.models.masked_lm import TOKENS_PER_PASS, TOKENS_PER_PASS_ON_CPU
from mlm_demo.models.pairs import STRIDE, PairEncoder, Tokens, Window
from mlm_demo.models.tasks import EVIDENCE
from mlm_demo.models.tokenizer import Tokenizer, longest_input

TOKENS_OF_A_PASS = (
    24  # a pass takes as long as this many tokens of it: it reads all weights and calls every layer
)


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
        self.tokens_per_pass = TOKENS_PER_PASS_ON_CPU if model.device.type == "cpu" else TOKENS_PER_PASS
        self.max_tokens = longest_input(tokenizer, model)
        self.pairs = PairEncoder(tokenizer, self.max_tokens)
        # Models with one type of text, or none, take no token types: all of theirs are 0.
        self.takes_types = (getattr(model.config, "type_vocab_size", None) or 0) > 1

    def encode(self, text: str) -> Tokens:
        """Tokenize a text without special tokens around it."""
        return self.pairs.encode([text])[0]

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

    @torch.inference_mode()
    def logits(self, windows: Sequence[Window]) -> list[torch.Tensor]:
        """Return float32 logits of each window: () for evidence; (2, tokens), the start and the end, for answers.

        Windows of similar length share a pass of at most `tokens_per_pass` tokens, padding included. The order of the
        windows does not change which of them share one. Raises ModelError if a value is not finite, which means broken
        weights.
        """
        order = sorted(range(len(windows)), key=lambda number: (len(windows[number]), windows[number].ids))
        found: dict[int, torch.Tensor] = {}
        for places in _batches([len(windows[number]) for number in order], self.tokens_per_pass):
            batch = [order[place] for place in places]
            output = self.model(**self.inputs([windows[number] for number in batch]))
            if self.task == EVIDENCE:
                logits = output.logits[:, 0].float().cpu()
            else:
                logits = torch.stack([output.start_logits, output.end_logits], 1).float().cpu()
            if not torch.isfinite(logits).all():
                raise ModelError(
                    f"The model {self.name} gives values that are not finite (NaN), so its weights are broken; "
                    "pick another one."
                )
            for number, row in zip(batch, logits, strict=True):
                found[number] = row if self.task == EVIDENCE else row[:, : len(windows[number])]
        return [found[number] for number in range(len(windows))]

    @property
    def threshold(self) -> float:
        """The least score of an answer, which fine-tuning calibrates and writes as `answer_threshold`; 0 without it."""
        value = getattr(self.model.config, "answer_threshold", None)
        return float(value) if isinstance(value, int | float) and math.isfinite(value) else 0.0

    @property
    def expected_precision(self) -> list[tuple[float, float]]:
        """The share of answers that are right at each of some thresholds, as (threshold, share); empty without them.

        Fine-tuning measures and writes them as `answer_precision`, with the share that is answered as a third number.
        """
        rows = getattr(self.model.config, "answer_precision", None) or ()
        try:
            points = [(float(threshold), float(share)) for threshold, share, *_ in rows]
        except (TypeError, ValueError):  # a config of somebody else's
            return []
        return [point for point in points if all(map(math.isfinite, point))]

    def describe(self) -> dict:
        """Return what JSON answers report about the model."""
        return {
            "name": self.name,
            "task": self.task,
            "expected_precision": self.expected_precision,
            "source": self.source,
            "revision": self.revision,
            "architecture": type(self.model).__name__,
            "device": str(self.device),
        }


def _batches(lengths: Sequence[int], max_tokens: int) -> list[range]:
    """Cut windows, given by their ascending lengths, into passes of at most `max_tokens` padded tokens.

    A longer window has a pass for itself. Of all ways the one with the least work is taken: padded tokens, and
    TOKENS_OF_A_PASS for each pass.
    """
    # The least work for the first n windows, and where the last of their passes starts.
    work, starts = [0.0], [0]
    for stop in range(1, len(lengths) + 1):
        longest, best = lengths[stop - 1], (float("inf"), 0)
        for start in range(stop - 1, -1, -1):
            tokens = longest * (stop - start)
            if tokens > max_tokens and start < stop - 1:
                break
            best = min(best, (work[start] + tokens + TOKENS_OF_A_PASS, start))
        work.append(best[0])
        starts.append(best[1])
    batches, stop = [], len(lengths)
    while stop:
        batches.append(range(starts[stop], stop))
        stop = starts[stop]
    return batches[::-1]
