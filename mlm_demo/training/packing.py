"""Tokenize documents and cut them into blocks.

`pack` joins the tokens of all documents, with a separator between two, and cuts them into full blocks: only the last
block is padded and no token is lost (run_mlm.py drops the remainder of each batch of documents, so a small corpus can
vanish). `one_by_one` gives each text blocks of its own, for evaluation by document and for line-by-line training.
"""

import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from mlm_demo.errors import TrainingError
from mlm_demo.models.tokenizer import Tokenizer, prefix_and_suffix

TEXTS_PER_CALL = 512  # to the tokenizer: enough to keep its threads busy
# Characters per text given to the tokenizer, about and at most: its time on a huge line grows faster than the line.
PART, MAX_PART = 2_000, 20_000
NO_WORD, REPLAYED = -1, -1


@dataclass(frozen=True)
class Blocks:
    """Rows of tokens, all of the same length.

    ids: (blocks, block_size) int32 with special tokens and padding; words: the same shape, for each token the number of
    its word within the row, NO_WORD for special tokens and padding; document: (blocks,) int32, the document in which a
    block begins, REPLAYED for general text; pad_id: the padding token.
    """

    ids: np.ndarray
    words: np.ndarray
    document: np.ndarray
    pad_id: int

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def tokens(self) -> int:
        """The number of text tokens, without special tokens and padding."""
        return int((self.words != NO_WORD).sum())

    @property
    def checksum(self) -> int:
        """A number that other blocks hardly share."""
        return zlib.crc32(self.ids.tobytes())

    def of_documents(self) -> "Blocks":
        """Return the blocks of the corpus, without replayed general text."""
        own = self.document != REPLAYED
        return self if own.all() else self.select(own)

    def select(self, rows: np.ndarray | slice) -> "Blocks":
        """Return some of the blocks."""
        return Blocks(self.ids[rows], self.words[rows], self.document[rows], self.pad_id)


@dataclass(frozen=True)
class Tokenized:
    """The tokens of one document: ids, and for each the number of its word in the document, from 0."""

    ids: np.ndarray
    words: np.ndarray


def tokenize(tokenizer: "Tokenizer", texts: Iterable[str]) -> Iterator[Tokenized]:
    """Tokenize documents; `[MASK]`, `<s>` and the like count as text in them, not as special tokens."""
    literal = re.compile("|".join(re.escape(token) for token in tokenizer.all_special_tokens))
    batch: list[list[str]] = []
    count = 0
    for text in texts:
        # `split_special_tokens` is not enough: unigram vocabularies also hold their special tokens as plain tokens.
        batch.append(list(_parts(literal.sub(lambda match: f"{match[0][0]} {match[0][1:]}", text))))
        count += len(batch[-1])
        if count >= TEXTS_PER_CALL:
            yield from _tokenize(tokenizer, batch)
            batch, count = [], 0
    if batch:
        yield from _tokenize(tokenizer, batch)


def pack(tokenizer: "Tokenizer", texts: Iterable[str], block_size: int) -> Blocks:
    """Cut documents into blocks of block_size tokens that cross document ends, with a separator token at each.

    Raise TrainingError if the special tokens leave too little room in a block.
    """
    prefix, suffix, separator, pad = _special(tokenizer, block_size)
    ids, words, owner = [], [], []
    for i, document in enumerate(tokenize(tokenizer, texts)):
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


def one_by_one(tokenizer: "Tokenizer", texts: Sequence[str], block_size: int) -> Blocks:
    """Cut each text into blocks of its own; the last of each is padded."""
    prefix, suffix, _, pad = _special(tokenizer, block_size)
    room = block_size - len(prefix) - len(suffix)
    ids, words, owner = [], [], []
    for i, document in enumerate(tokenize(tokenizer, texts)):
        for start in range(0, len(document.ids), room):
            ids.append(document.ids[start : start + room])
            words.append(document.words[start : start + room])
            owner.append(i)
    return _blocks(ids, words, owner, block_size, prefix, suffix, pad)


def _tokenize(tokenizer: "Tokenizer", batch: list[list[str]]) -> Iterator[Tokenized]:
    if not any(batch):
        yield from (Tokenized(np.empty(0, np.int32), np.empty(0, np.int64)) for _ in batch)
        return
    encoded = tokenizer(
        [part for parts in batch for part in parts],
        add_special_tokens=False,
        split_special_tokens=True,
        return_attention_mask=False,
        return_token_type_ids=False,
        verbose=False,
    )
    at = 0
    for parts in batch:
        ids, words, seen = [], [], 0
        for _ in parts:
            ids += encoded.input_ids[at]
            numbers = encoded.word_ids(at)
            # A token that the tokenizer assigns to no word counts as a word.
            own = max((n for n in numbers if n is not None), default=-1) + 1
            for number in numbers:
                words.append(seen + (own if number is None else number))
                own += number is None
            seen += own
            at += 1
        yield Tokenized(np.array(ids, np.int32), np.array(words, np.int64))


def _parts(text: str) -> Iterator[str]:
    """Cut a text into parts that give the tokens of the whole: within the first blank line after PART characters.

    A part without a blank line is cut at a space, or anywhere if there is none.
    """
    start = 0
    while len(text) - start > PART:
        line = text.find("\n\n", start + PART, start + MAX_PART)
        # Between the two line breaks, where byte-level vocabularies end a token too.
        end = line + 1 if line >= 0 else text.rfind(" ", start + 1, start + MAX_PART)
        if end <= start:
            end = min(start + MAX_PART, len(text))
        if line < 0 and len(text) - start <= MAX_PART:
            break
        yield text[start:end]
        start = end
    if text[start:].strip():
        yield text[start:]


def _special(tokenizer: "Tokenizer", block_size: int) -> tuple[list[int], list[int], int, int]:
    """Return the special tokens before and after a text, the separator between texts, and the padding token."""
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
        # Words are numbered from 0 in each row, in order; separators stay NO_WORD.
        changes = np.concatenate([[0], (np.diff(numbers) != 0).cumsum()]) if len(numbers) else numbers
        all_words[row, inside] = np.where(numbers == NO_WORD, NO_WORD, changes)
    return Blocks(all_ids, all_words, np.array(owner, np.int32), pad)
