"""The tokenizer interface of this project, and the special tokens around a text; does not import torch."""

from collections.abc import Sequence
from typing import Any, Protocol


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
