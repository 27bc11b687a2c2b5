"""The tokenizer interface of this project, the special tokens around a text, and how much a model reads at once.

This module does not import torch.
"""

from collections.abc import Sequence
from typing import Any, Protocol

NO_LIMIT = 1 << 20  # a tokenizer without a maximum length reports a number larger than this


class Tokenizer(Protocol):
    """The part of a fast transformers tokenizer that this project uses; `native_bert.tokenizer` implements it too."""

    backend_tokenizer: Any  # a `tokenizers.Tokenizer`
    model_max_length: int
    mask_token: str
    mask_token_id: int
    unk_token_id: int | None
    sep_token_id: int | None
    pad_token_id: int | None
    all_special_tokens: list[str]
    all_special_ids: list[int]

    def __call__(self, text: str | list[str], *, add_special_tokens: bool = True, **options: bool) -> Any:
        """Tokenize one text or several; returns `input_ids`, `offset_mapping` and `word_ids()`."""

    def __len__(self) -> int: ...

    def decode(self, ids: Sequence[int]) -> str: ...

    def convert_ids_to_tokens(self, ids: int | list[int]) -> Any: ...

    def convert_tokens_to_ids(self, token: str) -> int | None: ...

    def get_vocab(self) -> dict[str, int]: ...


def prefix_and_suffix(tokenizer: Tokenizer) -> tuple[list[int], list[int]]:
    """Return the ids of the special tokens, such as [CLS] and [SEP], before and after a text."""
    plain = tokenizer("a", add_special_tokens=False).input_ids
    full = tokenizer("a").input_ids
    start = next(i for i in range(len(full)) if full[i : i + len(plain)] == plain)
    return full[:start], full[start + len(plain) :]


def longest_input(tokenizer: Tokenizer, model: Any) -> int:
    """Return the number of tokens that a model reads at once, special tokens included; 512 if nothing says it."""
    limits = [tokenizer.model_max_length]
    config = model.config.get_text_config() if hasattr(model.config, "get_text_config") else model.config
    if positions := getattr(config, "max_position_embeddings", None):
        # The RoBERTa family reserves a padding index in this table and numbers positions from the next one.
        table = getattr(getattr(model.base_model, "embeddings", None), "position_embeddings", None)
        padding = getattr(table, "padding_idx", None)
        limits.append(positions if padding is None else positions - padding - 1)
    return min((limit for limit in limits if 0 < limit < NO_LIMIT), default=512)
