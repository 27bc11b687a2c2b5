"""Documents into blocks of tokens. The tokenizer is an argument; nothing here knows of models or files.

`pack` puts the tokens of all documents one after the other, a separator between two, and cuts them into full
blocks: only the last one is padded, and no token is lost (run_mlm.py drops the rest of each batch of documents,
so a small corpus can vanish). `one_by_one` gives each text blocks of its own, for evaluation by document and
for line-by-line training.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from mlm_demo.errors import TrainingError
from mlm_demo.models.masked_lm import Tokenizer, prefix_and_suffix

TEXTS_PER_CALL = 512  # tokenised at once: enough to keep the tokenizer's threads busy
# Characters given to the tokenizer in one piece: its time on one huge line grows faster than the line.
MAX_PIECE = 20_000
NO_WORD, REPLAYED = -1, -1


@dataclass(frozen=True)
class Blocks:
    """Rows of tokens of one length.

    ids: (blocks, block_size) int32, special tokens and padding included; words: the same shape, the number of
    the word in its row that a token is part of, NO_WORD for special tokens and padding; document: (blocks,) int32,
    the document a block begins in; pad_id.
    """

    ids: np.ndarray
    words: np.ndarray
    document: np.ndarray
    pad_id: int

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def tokens(self) -> int:
        """How many tokens of text there are, special tokens and padding not counted."""
        return int((self.words != NO_WORD).sum())

    def of_documents(self) -> "Blocks":
        """Without the blocks of replayed text, whose document is REPLAYED."""
        own = self.document != REPLAYED
        return self if own.all() else Blocks(self.ids[own], self.words[own], self.document[own], self.pad_id)


@dataclass(frozen=True)
class Tokenised:
    """The tokens of one document: ids and the word each is part of, counted from 0 over the document."""

    ids: np.ndarray
    words: np.ndarray


def tokenise(tokenizer: Tokenizer, texts: Iterable[str]) -> Iterator[Tokenised]:
    """Tokenise documents; text such as `[MASK]` or `<s>` in them is read as text, not as a special token."""
    literal = re.compile("|".join(re.escape(token) for token in tokenizer.all_special_tokens))
    batch: list[list[str]] = []
    count = 0
    for text in texts:
        # `split_special_tokens` is not enough: unigram vocabularies hold their special tokens as plain pieces too.
        batch.append(list(_pieces(literal.sub(lambda found: f"{found[0][0]} {found[0][1:]}", text))))
        count += len(batch[-1])
        if count >= TEXTS_PER_CALL:
            yield from _tokenise(tokenizer, batch)
            batch, count = [], 0
    if batch:
        yield from _tokenise(tokenizer, batch)


def pack(tokenizer: Tokenizer, texts: Iterable[str], block_size: int) -> Blocks:
    """Blocks of block_size tokens over document ends, one separator token between two documents.

    Raises TrainingError if the block size leaves no room beside the special tokens.
    """
    prefix, suffix, separator, pad = _special(tokenizer, block_size)
    ids, words, owner = [], [], []
    for i, document in enumerate(tokenise(tokenizer, texts)):
        if not len(document.ids):
            continue
        if ids:
            ids.append(np.array([separator], np.int32))
            words.append(np.array([NO_WORD], np.int64))
            owner.append(np.array([i], np.int32))
        ids.append(document.ids)
        # Words of different documents must not share a number where they meet in a block.
        words.append(document.words + (i << 32))
        owner.append(np.full(len(document.ids), i, np.int32))
    if not ids:
        return _blocks([], [], [], block_size, prefix, suffix, pad)
    flat_ids, flat_words, flat_owner = np.concatenate(ids), np.concatenate(words), np.concatenate(owner)
    room = block_size - len(prefix) - len(suffix)
    starts = range(0, len(flat_ids), room)
    return _blocks(
        [flat_ids[s : s + room] for s in starts],
        [flat_words[s : s + room] for s in starts],
        [int(flat_owner[s]) for s in starts],
        block_size,
        prefix,
        suffix,
        pad,
    )


def one_by_one(tokenizer: Tokenizer, texts: Sequence[str], block_size: int) -> Blocks:
    """Blocks in which no two texts meet: each text's last block is padded."""
    prefix, suffix, _, pad = _special(tokenizer, block_size)
    room = block_size - len(prefix) - len(suffix)
    ids, words, owner = [], [], []
    for i, document in enumerate(tokenise(tokenizer, texts)):
        for start in range(0, len(document.ids), room):
            ids.append(document.ids[start : start + room])
            words.append(document.words[start : start + room])
            owner.append(i)
    return _blocks(ids, words, owner, block_size, prefix, suffix, pad)


def _tokenise(tokenizer: Tokenizer, batch: list[list[str]]) -> Iterator[Tokenised]:
    if not any(batch):
        yield from (Tokenised(np.empty(0, np.int32), np.empty(0, np.int64)) for _ in batch)
        return
    encoded = tokenizer(
        [piece for pieces in batch for piece in pieces],
        add_special_tokens=False,
        split_special_tokens=True,
        return_attention_mask=False,
        return_token_type_ids=False,
        verbose=False,
    )
    at = 0
    for pieces in batch:
        ids, words, seen = [], [], 0
        for _ in pieces:
            ids += encoded.input_ids[at]
            numbers = encoded.word_ids(at)
            # A token that the tokenizer puts in no word is a word of its own.
            own = max((n for n in numbers if n is not None), default=-1) + 1
            for number in numbers:
                words.append(seen + (own if number is None else number))
                own += number is None
            seen += own
            at += 1
        yield Tokenised(np.array(ids, np.int32), np.array(words, np.int64))


def _pieces(text: str) -> Iterator[str]:
    """The paragraphs of a text, a huge one cut at spaces (or anywhere, where it has none)."""
    for paragraph in text.split("\n\n"):
        start = 0
        while len(paragraph) - start > MAX_PIECE:
            space = paragraph.rfind(" ", start + 1, start + MAX_PIECE)
            end = space if space > start else start + MAX_PIECE
            yield paragraph[start:end]
            start = end
        if paragraph[start:].strip():
            yield paragraph[start:]


def _special(tokenizer: Tokenizer, block_size: int) -> tuple[list[int], list[int], int, int]:
    """The special tokens before and after a text, the separator between texts, and the padding token."""
    prefix, suffix = prefix_and_suffix(tokenizer)
    if block_size - len(prefix) - len(suffix) < 8:
        raise TrainingError(
            f"The block size is {block_size}; it must be at least {8 + len(prefix) + len(suffix)}."
        )
    separator = tokenizer.sep_token_id if tokenizer.sep_token_id is not None else (suffix or prefix or [0])[0]
    return prefix, suffix, separator, tokenizer.pad_token_id or 0


def _blocks(
    ids: list, words: list, owner: list, block_size: int, prefix: list, suffix: list, pad: int
) -> Blocks:
    all_ids = np.full((len(ids), block_size), pad, np.int32)
    all_words = np.full((len(ids), block_size), NO_WORD, np.int32)
    for row, (block, numbers) in enumerate(zip(ids, words, strict=True)):
        whole = [*prefix, *block, *suffix]
        all_ids[row, : len(whole)] = whole
        inside = slice(len(prefix), len(prefix) + len(block))
        # Numbered from 0 in each row, in the order they come; separators stay NO_WORD.
        changes = np.concatenate([[0], (np.diff(numbers) != 0).cumsum()]) if len(numbers) else numbers
        all_words[row, inside] = np.where(numbers == NO_WORD, NO_WORD, changes)
    return Blocks(all_ids, all_words, np.array(owner, np.int32), pad)
