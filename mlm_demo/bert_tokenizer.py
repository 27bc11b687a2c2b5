"""The tokenizer of a BERT as transformers gives it, as far as answering asks for it, without importing transformers."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tokenizers import Tokenizer

CLASSES = ("BertTokenizer", "BertTokenizerFast")
SPECIAL = ("unk_token", "sep_token", "pad_token", "cls_token", "mask_token")


@dataclass(frozen=True)
class Tokens:
    """The tokens of a text, as transformers' `BatchEncoding` names them."""

    input_ids: list[int]
    offset_mapping: list[tuple[int, int]]
    words: list[int | None]

    def word_ids(self) -> list[int | None]:
        return self.words


class BertTokenizer:
    """A `tokenizer.json` with transformers' names for what is asked of it."""

    def __init__(self, backend: Tokenizer, config: dict):
        backend.no_truncation()
        backend.no_padding()
        self.backend_tokenizer = backend
        self.model_max_length = config["model_max_length"]
        self.all_special_tokens = [config[name] for name in SPECIAL]
        self.mask_token = config["mask_token"]
        ids = {name: backend.token_to_id(config[name]) for name in SPECIAL}
        self.mask_token_id, self.unk_token_id = ids["mask_token"], ids["unk_token"]
        self.pad_token_id = ids["pad_token"]

    def __call__(self, text: str, *, add_special_tokens: bool = True, **_) -> Tokens:
        found = self.backend_tokenizer.encode(text, add_special_tokens=add_special_tokens)
        return Tokens(found.ids, found.offsets, found.word_ids)

    def decode(self, ids: Sequence[int]) -> str:
        return self.backend_tokenizer.decode(list(ids), skip_special_tokens=False)

    def convert_ids_to_tokens(self, ids: int | Sequence[int]) -> str | list[str | None] | None:
        if isinstance(ids, int):
            return self.backend_tokenizer.id_to_token(ids)
        return [self.backend_tokenizer.id_to_token(token) for token in ids]

    def convert_tokens_to_ids(self, token: str) -> int:
        found = self.backend_tokenizer.token_to_id(token)
        return self.unk_token_id if found is None else found

    def get_vocab(self) -> dict[str, int]:
        return self.backend_tokenizer.get_vocab()


def read(folder: Path) -> BertTokenizer | None:
    """The tokenizer of a folder, or None if it has more to it than the five special tokens of BERT.

    Raises OSError, ValueError or what the parser raises if a file is missing or broken.
    """
    config = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
    backend = Tokenizer.from_file(str(folder / "tokenizer.json"))
    special = {config.get(name) for name in SPECIAL if isinstance(config.get(name), str)}
    added = {token.content for token in backend.get_added_tokens_decoder().values()}
    plain = config.get("tokenizer_class") in CLASSES and isinstance(config.get("model_max_length"), int)
    return (
        BertTokenizer(backend, config)
        if plain and len(special) == len(SPECIAL) and added == special
        else None
    )
