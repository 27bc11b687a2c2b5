"""The tokenizer of a BERT as transformers gives it, as far as answering asks for it, without importing transformers."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from tokenizers import Encoding, Tokenizer

CLASSES = ("BertTokenizer", "BertTokenizerFast")
SPECIAL = ("unk_token", "sep_token", "pad_token", "cls_token", "mask_token")
WITHOUT_EFFECT = {
    "return_offsets_mapping", "return_attention_mask", "return_token_type_ids", "split_special_tokens", "verbose",
}  # fmt: skip


class Tokens:
    """The tokens of a text or of each of several, as transformers' `BatchEncoding` names them."""

    def __init__(self, found: Encoding | list[Encoding]):
        self._found = found

    @property
    def input_ids(self) -> list:
        return self._of_each(lambda one: one.ids)

    @property
    def offset_mapping(self) -> list:
        return self._of_each(lambda one: one.offsets)

    def word_ids(self, number: int = 0) -> list[int | None]:
        """Of the text of this number."""
        one = self._found[number] if isinstance(self._found, list) else self._found
        return one.word_ids

    def _of_each(self, what: Callable[[Encoding], list]) -> list:
        return [what(one) for one in self._found] if isinstance(self._found, list) else what(self._found)


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
        self.pad_token_id, self.sep_token_id = ids["pad_token"], ids["sep_token"]
        self.all_special_ids = list(ids.values())

    def __call__(self, text: str | list[str], *, add_special_tokens: bool = True, **options: bool) -> Tokens:
        """options: those of transformers that change nothing here, where all is returned.

        `split_special_tokens` is for texts in which none are written as such any more (`packing.tokenise`).
        """
        if unknown := options.keys() - WITHOUT_EFFECT:
            raise TypeError(f"This tokenizer has no option {', '.join(sorted(unknown))}.")
        encode = (
            self.backend_tokenizer.encode_batch if isinstance(text, list) else self.backend_tokenizer.encode
        )
        return Tokens(encode(text, add_special_tokens=add_special_tokens))

    def __len__(self) -> int:
        return self.backend_tokenizer.get_vocab_size()

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
