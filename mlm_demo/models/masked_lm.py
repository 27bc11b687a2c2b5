"""A masked language model together with its tokenizer."""

import json
import re
import weakref
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import torch
from tokenizers.pre_tokenizers import ByteLevel
from torch import nn

from mlm_demo.errors import ModelError
from mlm_demo.models.dynamic_batching import DynamicBatcher
from mlm_demo.models.head import NOTHING, WantedPositions, is_close, proven_positions
from mlm_demo.models.tokenizer import Tokenizer, longest_input, prefix_and_suffix
from mlm_demo.system.memory import ran_out

# Tokens (rows times length, padding included) in one forward pass. The limit bounds memory and costs no speed. A CPU is
# hardly faster with more, and requests that arrive in the meantime would wait longer.
TOKENS_PER_PASS, TOKENS_PER_PASS_ON_CPU = 4096, 512
CONTINUES = "##"  # before a piece that continues a word, where answers show it
HALF = "\ufffd"  # what stands for the bytes of a token that are not a whole character
# Places that vocabularies keep free, and the like: [unused1], <extra_id_0>, madeupword0000, <|reserved_1|>.
CONTROL = re.compile(
    r"\[unused[\w-]*\]|<unused\w*>|madeupword\d+|<extra_id_\d+>|<special\d+>|<\|.+\|>|<0x\w\w>"
)
Row = tuple[Sequence[int], Sequence[int]]  # token ids, and the positions whose logits are wanted


@dataclass(frozen=True)
class Encoded:
    """The tokens of a text: their ids, their (start, end) characters, and the number of the word of each, or None."""

    ids: list[int]
    offsets: list[tuple[int, int]]
    word_ids: list[int | None]


@dataclass(frozen=True)
class Piece:
    """A vocabulary entry as text. attaches: it continues the word before it. spaced: it includes a leading space."""

    text: str
    attaches: bool
    spaced: bool


class MaskedLM:
    """A tokenizer and a model in evaluation mode. Safe to share between threads, which share forward passes.

    model: a transformers `*ForMaskedLM` model, or the native `BertForMaskedLM`.
    """

    def __init__(
        self,
        tokenizer: Tokenizer,
        model: nn.Module,
        *,
        name: str = "model",
        source: str = "",
        revision: str = "",
        cut: str | None = None,
    ):
        """cut: the one of `head.py` that is known to be right, as padding must be; None to try them out."""
        self.tokenizer, self.model = tokenizer, model.eval()
        self.name, self.source, self.revision = name, source or name, revision
        self.precision = "exact"  # `cpu.optimize` may change it
        self.device = model.device
        self.mask_token, self.mask_id = tokenizer.mask_token, tokenizer.mask_token_id
        self.parameters = model.num_parameters()
        self.vocab_size = model.get_output_embeddings().weight.shape[0]
        self.prefix, self.suffix = prefix_and_suffix(tokenizer)
        self.max_tokens = longest_input(tokenizer, model)
        self.mask_absorbs_space = len(self.encode(f"a {self.mask_token}").ids) == len(
            self.encode(f"a{self.mask_token}").ids
        )
        self.piece_style = _piece_style(tokenizer)
        self.tokens_per_pass = TOKENS_PER_PASS_ON_CPU if model.device.type == "cpu" else TOKENS_PER_PASS
        # Weakly, so that a model which is no longer used is freed at once; a thread that waits in here holds it.
        me = weakref.ref(self)
        self._batcher = DynamicBatcher(
            lambda batches: me()._run_batches(batches),
            lambda waiting: _count_that_fit(waiting, me().tokens_per_pass),
        )
        self._pieces: dict[int, Piece] = {}
        self._control = set(tokenizer.all_special_ids)
        self.positions, self.may_pad = WantedPositions(model, cut or NOTHING), True
        if cut is None:
            self._try_out()

    # Text to tokens

    def encode(self, text: str) -> Encoded:
        """Tokenize a text without special tokens around it."""
        encoding = self.tokenizer(text, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
        return Encoded(encoding.input_ids, encoding.offset_mapping, encoding.word_ids())

    def with_special_tokens(self, ids: Sequence[int]) -> list[int]:
        """Add the model's special tokens, such as [CLS] and [SEP], around the tokens of a text."""
        return [*self.prefix, *ids, *self.suffix]

    @property
    def capacity(self) -> int:
        """The maximum number of tokens of a text, special tokens excluded."""
        return self.max_tokens - len(self.prefix) - len(self.suffix)

    # Tokens to text

    def token_str(self, token: int) -> str:
        """Return a token as transformers' pipeline writes it, including a leading space."""
        return self.tokenizer.decode([token])

    def piece(self, token: int) -> Piece:
        """Return a token as it appears in a text."""
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

    def continues(self, token: int, follows_word: bool) -> bool:
        """Return whether a token continues a word; follows_word: whether a word ends right before it.

        A vocabulary that marks spaces writes the first word of a text, and one after a quote, without a mark too.
        """
        return self.piece(token).attaches and (follows_word or self.piece_style.startswith("word"))

    def is_word(self, token: int) -> bool:
        """Return whether a token may stand in a text: it is no control token, and no half of a character."""
        if token in self._control or CONTROL.fullmatch(self.tokenizer.convert_ids_to_tokens(token) or ""):
            return False
        return HALF not in self.token_str(token)

    def token_of(self, piece: str) -> int | None:
        """Return the token of a piece with its mark, as answers show it: `##ing`, `Ġthe` or `▁the`; else None."""
        marker = self.piece_style.removeprefix("word ")
        if piece.startswith(CONTINUES) and marker != CONTINUES:  # as a chart shows it, in any style
            piece = piece.removeprefix(CONTINUES)
            if marker == "Ġ":
                written = ByteLevel(add_prefix_space=False, use_regex=False).pre_tokenize_str(piece)
                piece = "".join(part for part, _ in written)
        elif not piece.startswith(marker):
            return None
        token = self.tokenizer.get_vocab().get(piece) if piece not in ("", marker) else None
        return token if token is not None and self.is_word(token) else None

    # Tokens to logits

    @torch.inference_mode()
    def logits_at(
        self, rows: Sequence[Sequence[int]], positions: Sequence[Sequence[int]], *, alone: bool = False
    ) -> torch.Tensor:
        """Return the logits at the wanted positions of each row; the head runs at these positions only.

        rows: token ids of any length, special tokens included. positions: the wanted positions of each row. alone: do
        not share forward passes with other threads, so that none of them waits for these rows.
        Returns float32 (total number of positions, vocab_size) in the given order. A pass has at most
        `tokens_per_pass` tokens. Raises ModelError if a value is not finite, which means broken weights.
        """
        flat = [(row, wanted) for row, wanted in zip(rows, positions, strict=True)]
        run = self._forward if alone else self._batcher
        logits = torch.cat([run(batch) for batch in _batches(flat, self.tokens_per_pass)])
        if not torch.isfinite(logits).all():
            raise self._broken()
        return logits

    @torch.inference_mode()
    def _run_batches(self, batches: Sequence[list[Row]]) -> list[torch.Tensor]:
        """Run the batches of several threads as one; return the logits of each."""
        logits = self._forward([row for batch in batches for row in batch])
        return list(logits.split([sum(len(wanted) for _, wanted in batch) for batch in batches]))

    def _forward(self, batch: list[Row]) -> torch.Tensor:
        if not self.may_pad:  # rows of one length at a time
            same = [list(rows) for _, rows in groupby(batch, lambda row: len(row[0]))]
            return torch.cat([self._pass(rows) for rows in same])
        return self._pass(batch)

    @torch.inference_mode()
    def hidden_states(self, rows: Sequence[Sequence[int]]) -> list[torch.Tensor]:
        """Return the last hidden states of each row: float32 (tokens, hidden size); the head does not run.

        rows: as for `logits_at`; rows of similar length next to each other cost the least. Raises ModelError for a
        model that has no vector for each token, and for values that are not finite.
        """
        states = []
        for batch in _batches([(row, ()) for row in rows], self.tokens_per_pass):
            same = (
                [batch]
                if self.may_pad
                else [list(part) for _, part in groupby(batch, lambda row: len(row[0]))]
            )
            for part in same:
                inputs = self._inputs([ids for ids, _ in part])
                output = self.model.base_model(**inputs)
                hidden = getattr(output, "last_hidden_state", output)
                if not isinstance(hidden, torch.Tensor) or hidden.shape[:2] != inputs["input_ids"].shape:
                    raise ModelError(
                        f"The model {self.name} has no vector for each token, so it cannot compare texts; pick another "
                        "one."
                    )
                states += [of_row[: len(ids)].float() for of_row, (ids, _) in zip(hidden, part, strict=True)]
        if not all(torch.isfinite(of_row).all() for of_row in states):
            raise self._broken()
        return states

    def _broken(self) -> ModelError:
        return ModelError(
            f"The model {self.name} gives values that are not finite (NaN), so its weights are broken; "
            "pick another one."
        )

    def _inputs(self, rows: Sequence[Sequence[int]]) -> dict[str, torch.Tensor]:
        """Return rows as arguments of the model, padded on the right."""
        length = max(map(len, rows))
        pad = self.tokenizer.pad_token_id or 0
        ids = torch.tensor([[*row, *[pad] * (length - len(row))] for row in rows], device=self.device)
        if len(rows) == 1:
            return {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
        lengths = torch.tensor([len(row) for row in rows], device=self.device)
        mask = (torch.arange(length, device=self.device) < lengths[:, None]).long()
        return {"input_ids": ids, "attention_mask": mask}

    def _pass(self, batch: list[Row]) -> torch.Tensor:
        inputs = self._inputs([row for row, _ in batch])
        row_of = torch.tensor([i for i, (_, wanted) in enumerate(batch) for _ in wanted], device=self.device)
        column_of = torch.tensor([p for _, wanted in batch for p in wanted], device=self.device)
        with self.positions.at(row_of, column_of):
            logits = self.model(**inputs).logits
        return self.positions.pick(logits, row_of, column_of)

    @torch.inference_mode()
    def _try_out(self) -> None:
        """Compare the ways to a faster pass with a plain one, and take those that give the same logits.

        They are the cuts of `head.py`, and padding rows to one length. Raises ModelError if a plain pass is impossible.
        """
        rows = [self.with_special_tokens([*range(8)[:count], self.mask_id]) for count in (4, 8)]
        # More positions than a row is long: some encoders cut their output to the length of their input.
        batch = [(row, range(len(row))) for row in rows]
        try:
            full = self._pass(batch)
        except Exception as error:  # whatever the model's own code raises
            if ran_out(error):
                raise
            raise ModelError(
                f"The model {self.name} cannot predict words from text alone ({type(error).__name__}); pick another "
                "one."
            ) from error
        self.may_pad = is_close(self._pass(batch[:1]), full[: len(rows[0])])

        def run(positions: WantedPositions) -> torch.Tensor:
            self.positions = positions
            return self._pass(batch)

        self.positions = proven_positions(self.model, run, full)

    def reattach(self) -> None:
        """Register the hooks of `positions` again after layers of the model were replaced."""
        self.positions.remove()
        self.positions = WantedPositions(self.model, self.positions.cut)

    # Properties of the pair

    def describe(self) -> dict:
        """Return what JSON answers report about the model."""
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


def _piece_style(tokenizer: Tokenizer) -> str:
    """Return how vocabulary entries mark words: `word ##` (##: continues a word), or `Ġ` or `▁` (a leading space)."""
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


def _count_that_fit(batches: Sequence[list[Row]], max_tokens: int) -> int:
    """Return how many of the first batches fit into one pass of `max_tokens` padded tokens; at least one."""
    rows, longest = 0, 0
    for count, batch in enumerate(batches):
        rows, longest = rows + len(batch), max(longest, *(len(row) for row, _ in batch))
        if count and rows * longest > max_tokens:
            return count
    return len(batches)


def _batches(rows: list[Row], max_tokens: int) -> Iterator[list[Row]]:
    """Cut rows, in order, into batches of at most `max_tokens` padded tokens; a longer row is a batch by itself."""
    batch, longest = [], 0
    for row in rows:
        longest = max(longest, len(row[0]))
        if batch and longest * (len(batch) + 1) > max_tokens:
            yield batch
            batch, longest = [], len(row[0])
        batch.append(row)
    yield batch
