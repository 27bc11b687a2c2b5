"""The tokenizer of a plain BERT without transformers, with the interface `models.tokenizer.Tokenizer`."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from tokenizers import Encoding, Tokenizer

CLASSES = ("BertTokenizer", "BertTokenizerFast")
SPECIAL_TOKENS = ("unk_token", "sep_token", "pad_token", "cls_token", "mask_token")
# Options of transformers that change nothing here, where the encoding always has all fields. `split_special_tokens` is
# among them because `packing.tokenize` uses it only for texts in which no special token is left.
IGNORED_OPTIONS = {
    "return_offsets_mapping", "return_attention_mask", "return_token_type_ids", "split_special_tokens", "verbose",
}  # fmt: skip


class BatchEncoding:
    """The tokens of one text or several, with the fields of transformers' `BatchEncoding`."""

    def __init__(self, encodings: Encoding | list[Encoding]):
        self._encodings = encodings

    @property
    def input_ids(self) -> list:
        return self._of_each(lambda encoding: encoding.ids)

    @property
    def offset_mapping(self) -> list:
        return self._of_each(lambda encoding: encoding.offsets)

    def word_ids(self, index: int = 0) -> list[int | None]:
        """Return the word number of each token of the text at this index."""
        encoding = self._encodings[index] if isinstance(self._encodings, list) else self._encodings
        return encoding.word_ids

    def _of_each(self, field: Callable[[Encoding], list]) -> list:
        if isinstance(self._encodings, list):
            return [field(encoding) for encoding in self._encodings]
        return field(self._encodings)


class BertTokenizer:
    """A `tokenizer.json` behind the interface of transformers' BertTokenizer."""

    def __init__(self, backend: Tokenizer, config: dict):
        backend.no_truncation()
        backend.no_padding()
        self.backend_tokenizer = backend
        self.model_max_length = config["model_max_length"]
        self.all_special_tokens = [config[name] for name in SPECIAL_TOKENS]
        self.mask_token = config["mask_token"]
        ids = {name: backend.token_to_id(config[name]) for name in SPECIAL_TOKENS}
        self.mask_token_id, self.unk_token_id = ids["mask_token"], ids["unk_token"]
        self.pad_token_id, self.sep_token_id = ids["pad_token"], ids["sep_token"]
        self.all_special_ids = list(ids.values())

    def __call__(
        self, text: str | list[str], *, add_special_tokens: bool = True, **options: bool
    ) -> BatchEncoding:
        """Tokenize one text or several; raise TypeError for an option that is not in IGNORED_OPTIONS."""
        if unknown := options.keys() - IGNORED_OPTIONS:
            raise TypeError(f"This tokenizer has no option {', '.join(sorted(unknown))}.")
        backend = self.backend_tokenizer
        encode = backend.encode_batch if isinstance(text, list) else backend.encode
        return BatchEncoding(encode(text, add_special_tokens=add_special_tokens))

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


def read_tokenizer(folder: Path) -> BertTokenizer | None:
    """Read the tokenizer of a folder; return None if it has more than the five special tokens of BERT.

    Raises OSError, ValueError or an error of the parser if a file is missing or broken.
    """
    config = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
    backend = Tokenizer.from_file(str(folder / "tokenizer.json"))
    special = {config.get(name) for name in SPECIAL_TOKENS if isinstance(config.get(name), str)}
    added = {token.content for token in backend.get_added_tokens_decoder().values()}
    if (
        config.get("tokenizer_class") not in CLASSES
        or not isinstance(config.get("model_max_length"), int)
        or len(special) != len(SPECIAL_TOKENS)
        or added != special
    ):
        return None
    return BertTokenizer(backend, config)
