"""Score a sentence: its pseudo-log-likelihood and the surprisal of each word.

Salazar et al. (2020, arXiv 1910.14659) mask one token after the other and add up the log-probabilities of the masked
tokens: the `original` method. It overrates words of several tokens, because the visible tokens give the masked one
away. `within_word`, the default, also masks the later tokens of the same word (Kauf & Ivanova 2023, arXiv 2305.10588),
so a word is scored from left to right.
"""

import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache
from math import exp, log

import torch

from mlm_demo.errors import ParameterError, PromptError, shown
from mlm_demo.inference.blanks import mask_pattern
from mlm_demo.inference.prompt import clean_text, vocabulary_notices
from mlm_demo.inference.windows import windows
from mlm_demo.models.masked_lm import Encoded, MaskedLM

METHODS = ("within_word", "original")
# Masked tokens whose logits over the whole vocabulary are in memory at once: 64 x 50,000 x 4 bytes = 13 MB.
TOKENS_PER_CHUNK = 64
NICENESS = 10  # of the thread that scores, so that filling masks goes first


@dataclass(frozen=True)
class ScoredToken:
    """A token where it stands, masked.

    log_probability: in nats; rank: 1 for the token that the model finds most probable there.
    """

    token: int
    token_str: str
    log_probability: float
    probability: float
    rank: int


@dataclass(frozen=True)
class ScoredWord:
    """A word at the characters `start` to `end` of the text.

    surprisal: in bits, -log2 of its probability; unknown: whether the vocabulary cannot write it, so the surprisal is
    that of the unknown token.
    """

    text: str
    start: int
    end: int
    surprisal: float
    pieces: tuple[str, ...]
    unknown: bool
    tokens: tuple[ScoredToken, ...]


@dataclass(frozen=True)
class SentenceScore:
    """A sentence as a model sees it.

    log_likelihood: the pseudo-log-likelihood in nats; tokens: how many were scored; pseudo_perplexity:
    exp(-log_likelihood / tokens), comparable only between models that share a vocabulary; bits_per_word:
    -log2(likelihood) per word between white space, comparable between all models.
    """

    model: dict
    text: str
    method: str
    log_likelihood: float
    tokens: int
    pseudo_perplexity: float
    bits_per_word: float
    words: tuple[ScoredWord, ...]
    notices: tuple[str, ...]

    def to_json(self) -> dict:
        """Return the JSON of the command line and HTTP."""
        return asdict(self)


def score_sentence(
    mlm: MaskedLM,
    text: str,
    *,
    method: str = "within_word",
    max_characters: int = 20_000,
    max_tokens: int = 512,
    on_progress: Callable[[float], None] = lambda share: None,
) -> SentenceScore:
    """Score every word of a sentence, with one row through the model per token.

    Raises ParameterError for an unknown method, PromptError for a text that is empty, too long, or holds a mask.
    """
    if method not in METHODS:
        raise ParameterError(f"The method is {shown(method)}; it must be {' or '.join(METHODS)}.")
    text, notices = clean_text(text, max_characters=max_characters)
    if mask := mask_pattern(mlm.mask_token).search(text):
        raise PromptError(
            f"The sentence holds a mask, {mask[0]}; replace it with a word, or use 'Fill mask' to predict one."
        )
    encoded = mlm.encode(text)
    if not encoded.ids:
        raise PromptError(f"The tokenizer of {mlm.name} finds no token in this sentence; type some words.")
    if len(encoded.ids) > max_tokens:
        raise PromptError(
            f"The sentence has {len(encoded.ids):,} tokens; the limit for scoring is {max_tokens:,}, because "
            "each token takes its own pass. Shorten it."
        )
    if len(encoded.ids) > mlm.capacity:
        notices.append(
            f"The text has {len(encoded.ids):,} tokens and {mlm.name} reads {mlm.capacity:,} at once, so each "
            "token was scored with the text around it."
        )
    notices += vocabulary_notices(mlm, encoded, text, text)
    if mlm.tokenizer.unk_token_id in encoded.ids:
        notices.append("For unknown words, the surprisal is that of the unknown token; the sums include it.")
    scored = score_tokens(mlm, encoded, method=method, on_progress=on_progress)
    words = _words(mlm, text, encoded, scored)
    total = sum(token.log_probability for token in scored)
    return SentenceScore(
        model=mlm.describe(),
        text=text,
        method=method,
        log_likelihood=total,
        tokens=len(scored),
        pseudo_perplexity=exp(min(-total / len(scored), 700.0)),
        bits_per_word=-total / log(2) / len(text.split()),
        words=tuple(words),
        notices=tuple(notices),
    )


def score_tokens(
    mlm: MaskedLM,
    encoded: Encoded,
    *,
    method: str = "within_word",
    on_progress: Callable[[float], None] = lambda share: None,
) -> list[ScoredToken]:
    """Score each token, with it and the tokens that the method masks with it masked."""
    scored: list[ScoredToken] = []
    length = min(len(encoded.ids), mlm.capacity) + len(mlm.prefix) + len(mlm.suffix)
    at_once = max(1, min(mlm.tokens_per_pass // length, TOKENS_PER_CHUNK))
    for first in range(0, len(encoded.ids), at_once):
        chunk = range(first, min(first + at_once, len(encoded.ids)))
        rows = [windows(mlm, _mask(mlm, encoded, i, method), [i])[0] for i in chunk]
        arguments = [row.ids for row in rows], [row.positions for row in rows]
        logits = _passes().submit(mlm.logits_at, *arguments, alone=True).result()
        scores = logits.log_softmax(-1)
        own = scores.gather(1, torch.tensor([[encoded.ids[i]] for i in chunk], device=scores.device))
        ranks = (scores > own).sum(1) + 1
        for i, nats, rank in zip(chunk, own[:, 0].tolist(), ranks.tolist(), strict=True):
            token = encoded.ids[i]
            scored.append(ScoredToken(token, mlm.token_str(token), nats, exp(nats), rank))
        on_progress(len(scored) / len(encoded.ids))
    return scored


@cache
def _passes() -> ThreadPoolExecutor:
    """Return the one thread that runs the passes of all scores, in turns.

    Two passes at once finish no sooner, because each uses all processors, and filling masks would wait for both.
    """
    return ThreadPoolExecutor(1, "score", initializer=_lower_priority)


def _lower_priority() -> None:
    """Lower the priority of this thread and of threads it starts; only Linux has a niceness per thread."""
    if sys.platform == "linux":
        thread = os.PRIO_PROCESS, threading.get_native_id()
        with suppress(OSError):
            os.setpriority(*thread, max(NICENESS, os.getpriority(*thread)))


def _mask(mlm: MaskedLM, encoded: Encoded, position: int, method: str) -> list[int]:
    """Return the tokens with one position masked and, for `within_word`, the later tokens of its word."""
    ids = list(encoded.ids)
    ids[position] = mlm.mask_id
    word = encoded.word_ids[position]
    later = position + 1
    while (
        method == "within_word" and word is not None and later < len(ids) and encoded.word_ids[later] == word
    ):
        ids[later] = mlm.mask_id
        later += 1
    return ids


def _words(mlm: MaskedLM, text: str, encoded: Encoded, scored: list[ScoredToken]) -> list[ScoredWord]:
    """Group the tokens into words; a token outside of words forms a group of its own."""
    groups: list[list[int]] = []
    for i, word in enumerate(encoded.word_ids):
        if i and word is not None and word == encoded.word_ids[i - 1]:
            groups[-1].append(i)
        else:
            groups.append([i])
    pieces = mlm.tokenizer.convert_ids_to_tokens(encoded.ids)
    words = []
    for group in groups:
        start, end = encoded.offsets[group[0]][0], encoded.offsets[group[-1]][1]
        while start < end and text[start].isspace():  # byte-level tokens include the space before the word
            start += 1
        surprisal = -sum(scored[i].log_probability for i in group) / log(2)
        unknown = any(encoded.ids[i] == mlm.tokenizer.unk_token_id for i in group)
        parts = tuple(pieces[i] for i in group), unknown, tuple(scored[i] for i in group)
        words.append(ScoredWord(text[start:end], start, end, surprisal, *parts))
    return words
