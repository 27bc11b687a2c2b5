"""A question and a context as the tokens of one input: windows over a long context, with the characters of each token.

Each text is tokenized once, and the special tokens are put around the two as the tokenizer's own post-processor does.
So one function serves every tokenizer, and the windows are those of transformers with `truncation="only_second"` and
`return_overflowing_tokens`. This module does not import torch.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tokenizers import Encoding
from tokenizers import Tokenizer as Backend

from mlm_demo.errors import PromptError, shown
from mlm_demo.models.tokenizer import Tokenizer

MAX_TOKENS, STRIDE = (
    384,
    128,
)  # of a window, and what two neighbors share: the recipe of transformers' run_qa.py


@dataclass(frozen=True)
class Window:
    """A question and a part of its context as the model reads them.

    ids, type_ids: of each token, special ones included. first: the position of the context's first token. offsets: the
    (start, end) characters of each token of the part, in the whole context; position `first + i` has `offsets[i]`.
    """

    ids: list[int]
    type_ids: list[int]
    first: int
    offsets: list[tuple[int, int]]

    def __len__(self) -> int:
        return len(self.ids)

    def moved(self, by: int) -> "Window":
        """Return the window of a context that begins at this character of a longer text."""
        return replace(self, offsets=[(start + by, end + by) for start, end in self.offsets])


@dataclass(frozen=True)
class Tokens:
    """The tokens of a text: their ids and their (start, end) characters."""

    ids: list[int]
    offsets: list[tuple[int, int]]

    def __len__(self) -> int:
        return len(self.ids)


class PairEncoder:
    """Encode pairs of texts for one model.

    max_tokens: the longest input of the model, special tokens included.
    """

    def __init__(self, tokenizer: Tokenizer, max_tokens: int):
        self._backend: Backend = tokenizer.backend_tokenizer
        self.max_tokens = max_tokens
        self._unknown = tokenizer.unk_token_id
        self._special_ids = set(tokenizer.all_special_ids) - {self._unknown}
        # The special tokens as (id, type id) before, between and after the two texts, and the type ids of the texts.
        self._before, self._between, self._after, self._types = _template(self._backend)
        self.special = len(self._before) + len(self._between) + len(self._after)

    def windows(
        self,
        questions: Sequence[str],
        contexts: Sequence[str],
        max_tokens: int | None = None,
        stride: int = STRIDE,
    ) -> list[list[Window]]:
        """Return the windows of each pair: at least one, and all but the last of a pair are full.

        max_tokens: of a window; by default MAX_TOKENS, or what the model reads if that is less. stride: how many tokens
        of the context two neighbors share; at most half of those in a window. A special token in a text, such as
        "[SEP]", is read as plain characters. Raises PromptError for a question without tokens, and for one that takes
        more than half a window.
        """
        limit = min(max_tokens or MAX_TOKENS, self.max_tokens)
        unique = list(dict.fromkeys(questions))
        encoded = dict(zip(unique, self.encode(unique), strict=True))
        for question, encoding in encoded.items():
            _check(question, len(encoding), (limit - self.special) // 2)
        return [
            self._cut(encoded[question], context, limit, stride)
            for question, context in zip(questions, self.encode(contexts), strict=True)
        ]

    def encode(self, texts: Sequence[str]) -> list[Tokens]:
        """Tokenize texts without special tokens around them or in them."""
        backend = self._backend
        # Only if another user of this tokenizer has set them, because other threads may encode at this moment.
        if backend.truncation is not None:
            backend.no_truncation()
        if backend.padding is not None:
            backend.no_padding()
        if not backend.encode_special_tokens:  # transformers sets this before each of its own calls
            backend.encode_special_tokens = True
        return [self._plain(found) for found in backend.encode_batch(list(texts), add_special_tokens=False)]

    def _plain(self, encoding: Encoding) -> Tokens:
        """Replace special tokens that are vocabulary entries too, as in SentencePiece, by the unknown token."""
        ids = encoding.ids
        if not self._special_ids.isdisjoint(ids):
            ids = [self._unknown if token in self._special_ids else token for token in ids]
        return Tokens(ids, encoding.offsets)

    def _cut(self, question: Tokens, context: Tokens, limit: int, stride: int) -> list[Window]:
        asked = len(question)
        head = [*_ids(self._before), *question.ids, *_ids(self._between)]
        head_types = [*_types(self._before), *[self._types[0]] * asked, *_types(self._between)]
        tail, tail_types = _ids(self._after), _types(self._after)
        room = limit - asked - self.special
        step = room - min(stride, room // 2)
        ids, offsets, windows = context.ids, context.offsets, []
        while True:
            start = step * len(windows)
            part = ids[start : start + room]
            types = [*head_types, *[self._types[1]] * len(part), *tail_types]
            windows.append(Window([*head, *part, *tail], types, len(head), offsets[start : start + room]))
            if start + room >= len(ids):
                return windows


def _check(question: str, tokens: int, limit: int) -> None:
    if not tokens:
        raise PromptError(
            f"The question {shown(question)} is empty; write what you want to know of the text."
        )
    if tokens > limit:
        raise PromptError(
            f"The question {shown(question)} has {tokens} tokens, but the text needs half of what the model reads at "
            f"once, which leaves {limit} for the question; shorten it."
        )


def _template(backend: Backend) -> tuple[list, list, list, tuple[int, int]]:
    """Return the special tokens before, between and after two texts as (id, type id), and the texts' type ids."""
    pair = backend.encode("a", "a")
    tokens, texts = list(zip(pair.ids, pair.type_ids, strict=True)), pair.sequence_ids
    first, second = texts.index(0), texts.index(1)
    end_of_first, end_of_second = len(texts) - texts[::-1].index(0), len(texts) - texts[::-1].index(1)
    types = pair.type_ids[first], pair.type_ids[second]
    return tokens[:first], tokens[end_of_first:second], tokens[end_of_second:], types


def _ids(tokens: list[tuple[int, int]]) -> list[int]:
    return [token for token, _ in tokens]


def _types(tokens: list[tuple[int, int]]) -> list[int]:
    return [kind for _, kind in tokens]
