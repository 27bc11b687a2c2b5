"""A masked language model and its tokenizer, with the few things asked of the pair."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from mlm_demo.errors import ModelError
from mlm_demo.models import special_tokens
from mlm_demo.models.dynamic_batching import DynamicBatcher
from mlm_demo.models.head import WantedPositions

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from mlm_demo.models.native_bert.model import BertForMaskedLM
    from mlm_demo.models.special_tokens import Tokenizer

# Tokens (rows x length, padding included) in one forward pass: bounds the memory, loses no speed.
# On a processor more at once are hardly faster, and what comes meanwhile waits longer.
TOKENS_PER_PASS, TOKENS_PER_PASS_OF_A_PROCESSOR = 4096, 512
Row = tuple[Sequence[int], Sequence[int]]  # token ids, and the positions wanted of them
FAR = 1 << 20  # tokenizers without a limit of their own give a number larger than this


@dataclass(frozen=True)
class Piece:
    """One entry of the vocabulary as text: `attaches` means that it goes on the word before it."""

    text: str
    attaches: bool
    spaced: bool  # the entry itself says that a space comes before it


class MaskedLM:
    """A tokenizer and a model in evaluation mode. Safe to share between threads, whose rows go through it together."""

    def __init__(
        self,
        tokenizer: "Tokenizer",
        model: "PreTrainedModel | BertForMaskedLM",
        *,
        name: str = "model",
        source: str = "",
        revision: str = "",
    ):
        self.tokenizer, self.model = tokenizer, model.eval()
        self.name, self.source, self.revision = name, source or name, revision
        self.precision = "exact"  # what fast_layers.py has made of it
        self.device = model.device
        self.mask_token, self.mask_id = tokenizer.mask_token, tokenizer.mask_token_id
        self.parameters = model.num_parameters()
        self.vocab_size = model.get_output_embeddings().weight.shape[0]
        self.prefix, self.suffix = special_tokens.around(tokenizer)
        self.max_tokens = self._max_tokens()
        self.mask_absorbs_space = len(self.encode(f"a {self.mask_token}").ids) == len(
            self.encode(f"a{self.mask_token}").ids
        )
        self.piece_style = _piece_style(tokenizer)
        self.tokens_per_pass = (
            TOKENS_PER_PASS_OF_A_PROCESSOR if model.device.type == "cpu" else TOKENS_PER_PASS
        )
        self._together = DynamicBatcher(
            self._pass, lambda waiting: _go_together(waiting, self.tokens_per_pass)
        )
        self._pieces: dict[int, Piece] = {}
        self.positions = WantedPositions(model)

    # Text to tokens

    def encode(self, text: str) -> "Encoded":
        """Tokenise a text without the special tokens around it."""
        encoding = self.tokenizer(text, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
        return Encoded(encoding.input_ids, encoding.offset_mapping, encoding.word_ids())

    def with_special_tokens(self, ids: Sequence[int]) -> list[int]:
        """Put the model's special tokens (such as [CLS] and [SEP]) around the tokens of a text."""
        return [*self.prefix, *ids, *self.suffix]

    @property
    def capacity(self) -> int:
        """How many tokens of text fit beside the special tokens."""
        return self.max_tokens - len(self.prefix) - len(self.suffix)

    # Tokens to text

    def token_str(self, token: int) -> str:
        """One token as transformers' pipeline writes it, leading space included."""
        return self.tokenizer.decode([token])

    def piece(self, token: int) -> Piece:
        """One token as it stands in a text."""
        if token not in self._pieces:
            self._pieces[token] = self._piece(token)
        return self._pieces[token]

    def _piece(self, token: int) -> Piece:
        raw = self.tokenizer.convert_ids_to_tokens(token) or ""
        text = self.token_str(token)
        if self.piece_style.startswith("word"):
            marker = self.piece_style.removeprefix("word ")
            attaches = raw.startswith(marker) and raw != marker
            return Piece(text.removeprefix(marker) if attaches else text, attaches, False)
        spaced = raw.startswith(self.piece_style)
        return Piece(text.strip(), not spaced, spaced)

    # Tokens to logits

    @torch.inference_mode()
    def logits_at(
        self, rows: Sequence[Sequence[int]], positions: Sequence[Sequence[int]], *, alone: bool = False
    ) -> torch.Tensor:
        """Return the logits at some positions of each row, the head computed at those alone.

        rows: token ids, special tokens included, of any lengths; positions: for each row the positions
        wanted; alone: in passes that share nothing with those of other threads, and nobody waits for. Returns
        float32 (sum of the numbers of positions, vocab_size), in the order given, from passes of at most
        `tokens_per_pass` tokens each. Raises ModelError on values that are not
        finite (broken weights).
        """
        flat = [(row, wanted) for row, wanted in zip(rows, positions, strict=True)]
        go = self._forward if alone else self._together
        logits = torch.cat([go(batch) for batch in _batches(flat, self.tokens_per_pass)])
        if not torch.isfinite(logits).all():
            raise ModelError(
                f"The model {self.name} gives values that are not finite (NaN), so its weights are broken; "
                "pick another one."
            )
        return logits

    @torch.inference_mode()
    def _pass(self, batches: Sequence[list[Row]]) -> list[torch.Tensor]:
        """The batches of several callers as one; returns the logits of each."""
        logits = self._forward([row for batch in batches for row in batch])
        return list(logits.split([sum(len(wanted) for _, wanted in batch) for batch in batches]))

    def _forward(self, batch: list[Row]) -> torch.Tensor:
        length = max(len(row) for row, _ in batch)
        pad = self.tokenizer.pad_token_id or 0
        ids = torch.tensor([[*row, *[pad] * (length - len(row))] for row, _ in batch], device=self.device)
        inputs = {"input_ids": ids}
        if len(batch) > 1:
            lengths = torch.tensor([len(row) for row, _ in batch], device=self.device)
            inputs["attention_mask"] = (torch.arange(length, device=self.device) < lengths[:, None]).long()
        else:
            inputs["attention_mask"] = torch.ones_like(ids)
        row_of = torch.tensor([i for i, (_, wanted) in enumerate(batch) for _ in wanted], device=self.device)
        column_of = torch.tensor([p for _, wanted in batch for p in wanted], device=self.device)
        with self.positions.at(row_of, column_of):
            logits = self.model(**inputs).logits
        return self.positions.pick(logits, row_of, column_of)

    def look_again(self) -> None:
        """After layers were exchanged: the positions wanted are taken from the new ones."""
        self.positions.remove()
        self.positions = WantedPositions(self.model)

    # What the pair is like

    def describe(self) -> dict:
        """Name, source, revision, device and mask token, as the JSON answers carry them."""
        return {
            "name": self.name,
            "source": self.source,
            "revision": self.revision,
            "architecture": type(self.model).__name__,
            "parameters": self.parameters,
            "device": str(self.device),
            "precision": self.precision,
            "mask_token": self.mask_token,
            "vocabulary": self.vocab_size,
        }

    def _max_tokens(self) -> int:
        limits = [self.tokenizer.model_max_length]
        config = self.model.config
        if positions := getattr(config, "max_position_embeddings", None):
            # RoBERTa and its kin have a padding index in this table and number positions from the next one.
            table = getattr(getattr(self.model.base_model, "embeddings", None), "position_embeddings", None)
            padding = getattr(table, "padding_idx", None)
            limits.append(positions if padding is None else positions - padding - 1)
        return min((limit for limit in limits if 0 < limit < FAR), default=512)


@dataclass(frozen=True)
class Encoded:
    """The tokens of a text: ids, the characters each stands for, and the number of the word it is part of."""

    ids: list[int]
    offsets: list[tuple[int, int]]
    word_ids: list[int | None]


def _piece_style(tokenizer: "Tokenizer") -> str:
    """`word ##` where a mark says that a piece attaches, or the mark of a space before: `Ġ`, `▁`."""
    decoder = tokenizer.backend_tokenizer.decoder
    state = json.loads(decoder.__getstate__()) if decoder is not None else {}
    steps = state.get("decoders", [state])
    for step in steps:
        if step.get("type") == "WordPiece":
            return f"word {step['prefix']}"
        if step.get("type") == "ByteLevel":
            return "Ġ"
        if step.get("type") == "Metaspace":
            return step["replacement"]
    return "▁"


def _go_together(batches: Sequence[list[Row]], most: int) -> int:
    """How many of the batches, from the first on, make a pass of at most so many padded tokens."""
    rows, longest = 0, 0
    for count, batch in enumerate(batches):
        rows, longest = rows + len(batch), max(longest, *(len(row) for row, _ in batch))
        if count and rows * longest > most:
            return count
    return len(batches)


def _batches(items: list[Row], most: int) -> Iterator[list[Row]]:
    """Cut the rows, in their order, into passes of at most so many padded tokens."""
    batch, longest = [], 0
    for item in items:
        longest = max(longest, len(item[0]))
        if batch and longest * (len(batch) + 1) > most:
            yield batch
            batch, longest = [], len(item[0])
        batch.append(item)
    yield batch
