"""The special tokens that a tokenizer puts around a text, such as [CLS] and [SEP]."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from mlm_demo.models.native_bert.tokenizer import BertTokenizer

    Tokenizer = PreTrainedTokenizerBase | BertTokenizer


def around(tokenizer: "Tokenizer") -> tuple[list[int], list[int]]:
    """Return the ids before a text and those after it."""
    plain = tokenizer("a", add_special_tokens=False).input_ids
    full = tokenizer("a").input_ids
    start = next(i for i in range(len(full)) if full[i : i + len(plain)] == plain)
    return full[:start], full[start + len(plain) :]
