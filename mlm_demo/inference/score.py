"""Score a sentence: its pseudo-log-likelihood and the surprisal of each word.

Salazar et al. (2020, arXiv 1910.14659) mask one token after the other and add up the log-probabilities of the masked
tokens: the `original` method. It overrates words of several tokens, because the visible tokens give the masked one
away. `within_word`, the default, also masks the later tokens of the same word (Kauf & Ivanova 2023, arXiv 2305.10588),
so a word is scored from left to right.
"""

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache
from itertools import groupby
from math import exp, inf, log

import torch

from mlm_demo.errors import MlmDemoError, ParameterError, PromptError, shown
from mlm_demo.inference.blanks import mask_pattern
from mlm_demo.inference.prompt import clean_text, vocabulary_notices
from mlm_demo.inference.windows import Window, windows
from mlm_demo.models.masked_lm import Encoded, MaskedLM

METHODS = ("within_word", "original")
# Masked tokens whose logits over the whole vocabulary are in memory at once: 64 x 50,000 x 4 bytes = 13 MB.
TOKENS_PER_CHUNK = 64
NICENESS = 10  # of the thread that scores, so that filling masks goes first
PASSES_TIMED = 2  # before the time of all passes is estimated; the first one may be slow


@dataclass(frozen=True)
class ScoredToken:
    """A token where it stands, masked.

    log_probability: in nats; surprisal: the same in bits, -log2 of the probability; rank: 1 for the token that the
    model finds most probable there.
    """

    token: int
    token_str: str
    log_probability: float
    surprisal: float
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


@dataclass(frozen=True)
class Readable:
    """A sentence that a model can score: its text, its tokens, and notices about them."""

    text: str
    encoded: Encoded
    notices: tuple[str, ...]


def score_sentence(
    mlm: MaskedLM,
    text: str,
    *,
    method: str = "within_word",
    max_characters: int = 20_000,
    max_tokens: int = 512,
    max_seconds: float = inf,
    on_progress: Callable[[float], None] = lambda share: None,
) -> SentenceScore:
    """Score every word of a sentence, with one row through the model per token.

    max_seconds: refuse a sentence that would take longer. on_progress: gets the share done after each pass; what it
    raises ends the scoring.
    Raises ParameterError for an unknown method, PromptError for a text that is empty, too long, or holds a mask.
    """
    check_method(method)
    readable = read_sentence(mlm, text, max_characters=max_characters, max_tokens=max_tokens)
    (scored,) = score_tokens_of(
        mlm, [readable.encoded], method=method, max_seconds=max_seconds, on_progress=on_progress
    )
    return _sentence_score(mlm, readable, scored, method)


def score_sentences(
    mlm: MaskedLM,
    texts: Sequence[str],
    *,
    method: str = "within_word",
    max_characters: int = 20_000,
    max_tokens: int = 512,
    max_seconds: float = inf,
    on_progress: Callable[[float], None] = lambda share: None,
) -> list[SentenceScore | MlmDemoError]:
    """Score some sentences, which share passes; a sentence that cannot be scored gets its error.

    Raises ParameterError for an unknown method, PromptError if all together would take longer than `max_seconds`.
    """
    check_method(method)
    found: list[Readable | MlmDemoError] = []
    for text in texts:
        try:
            found.append(read_sentence(mlm, text, max_characters=max_characters, max_tokens=max_tokens))
        except MlmDemoError as error:
            found.append(error)
    readable = [one for one in found if isinstance(one, Readable)]
    encoded = [one.encoded for one in readable]
    passes = {"method": method, "max_seconds": max_seconds, "on_progress": on_progress}
    scored = iter(score_tokens_of(mlm, encoded, **passes))
    return [
        _sentence_score(mlm, one, next(scored), method) if isinstance(one, Readable) else one for one in found
    ]


def check_method(method: str) -> None:
    """Raise ParameterError for an unknown method."""
    if method not in METHODS:
        raise ParameterError(f"The method is {shown(method)}; it must be {' or '.join(METHODS)}.")


def read_sentence(
    mlm: MaskedLM, text: str, *, max_characters: int = 20_000, max_tokens: int = 512
) -> Readable:
    """Tokenize a sentence; raise PromptError if it is empty, too long, or holds a mask."""
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
    return Readable(text, encoded, tuple(notices))


def score_tokens(
    mlm: MaskedLM,
    encoded: Encoded,
    *,
    method: str = "within_word",
    on_progress: Callable[[float], None] = lambda share: None,
) -> list[ScoredToken]:
    """Score each token of a text, with it and the tokens that the method masks with it masked."""
    return score_tokens_of(mlm, [encoded], method=method, on_progress=on_progress)[0]


def score_tokens_of(
    mlm: MaskedLM,
    texts: Sequence[Encoded],
    *,
    method: str = "within_word",
    max_seconds: float = inf,
    on_progress: Callable[[float], None] = lambda share: None,
) -> list[list[ScoredToken]]:
    """Score each token of some texts.

    A pass takes rows of one length, of several texts if they have it: without padding, attention needs no mask.
    Raises PromptError if the texts would take longer than `max_seconds`, as the first passes tell.
    """
    places = [(text, at) for text, encoded in enumerate(texts) for at in range(len(encoded.ids))]
    room = len(mlm.prefix) + len(mlm.suffix)

    def length(place: tuple[int, int]) -> int:
        return min(len(texts[place[0]].ids), mlm.capacity) + room

    places.sort(key=length)
    scored: dict[tuple[int, int], ScoredToken] = {}
    done, total, start = 0, sum(map(length, places)), time.perf_counter()
    for number, chunk in enumerate(_chunks(mlm, places, length), 1):
        rows = [masked_row(mlm, texts[text], at, method) for text, at in chunk]
        arguments = [row.ids for row in rows], [row.positions for row in rows]
        logits = _passes().submit(mlm.logits_at, *arguments, alone=True).result()
        tokens = [texts[text].ids[at] for text, at in chunk]
        scored |= zip(chunk, scored_tokens(mlm, logits, tokens), strict=True)
        done += sum(map(length, chunk))
        on_progress(done / total)
        if number == PASSES_TIMED:
            _check_time((time.perf_counter() - start) * total / done, max_seconds, mlm)
    return [[scored[text, at] for at in range(len(encoded.ids))] for text, encoded in enumerate(texts)]


def _chunks(
    mlm: MaskedLM, places: list[tuple[int, int]], length: Callable[[tuple[int, int]], int]
) -> Iterator[list[tuple[int, int]]]:
    """Cut places that are sorted by length into passes of one length."""
    for tokens, group in groupby(places, length):
        same = list(group)
        at_once = max(1, min(mlm.tokens_per_pass // tokens, TOKENS_PER_CHUNK))
        for first in range(0, len(same), at_once):
            yield same[first : first + at_once]


def scored_tokens(mlm: MaskedLM, logits: torch.Tensor, tokens: Sequence[int]) -> list[ScoredToken]:
    """Return the tokens with their probabilities and ranks, from the (tokens, vocab_size) logits at their places."""
    scores = logits.log_softmax(-1)
    own = scores.gather(1, torch.tensor(tokens, device=scores.device)[:, None])
    # Bytes are added up eight times as fast as truth values.
    ranks = (scores > own).view(torch.int8).sum(1, dtype=torch.int32) + 1
    return [
        ScoredToken(token, mlm.token_str(token), nats, -nats / log(2), exp(nats), rank)
        for token, nats, rank in zip(tokens, own[:, 0].tolist(), ranks.tolist(), strict=True)
    ]


def _check_time(seconds: float, max_seconds: float, mlm: MaskedLM) -> None:
    """Raise PromptError if the estimated seconds are more than the limit."""
    if seconds > max_seconds:
        raise PromptError(
            f"Scoring this with {mlm.name} would take about {seconds:,.0f} seconds; the limit is {max_seconds:,.0f}. "
            "Shorten it, or use a smaller model."
        )


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


def masked_row(mlm: MaskedLM, encoded: Encoded, position: int, method: str) -> Window:
    """Return the row that scores a token: it is masked, and for `within_word` the later tokens of its word too."""
    ids = list(encoded.ids)
    ids[position] = mlm.mask_id
    word = encoded.word_ids[position]
    later = position + 1
    while (
        method == "within_word" and word is not None and later < len(ids) and encoded.word_ids[later] == word
    ):
        ids[later] = mlm.mask_id
        later += 1
    return windows(mlm, ids, [position])[0]


def _sentence_score(
    mlm: MaskedLM, readable: Readable, scored: list[ScoredToken], method: str
) -> SentenceScore:
    total = sum(token.log_probability for token in scored)
    return SentenceScore(
        model=mlm.describe(),
        text=readable.text,
        method=method,
        log_likelihood=total,
        tokens=len(scored),
        pseudo_perplexity=exp(min(-total / len(scored), 700.0)),
        bits_per_word=-total / log(2) / len(readable.text.split()),
        words=tuple(_words(mlm, readable, scored)),
        notices=readable.notices,
    )


def word_groups(text: str, encoded: Encoded) -> list[list[int]]:
    """Return the tokens of each word; a token outside of words forms a group of its own.

    Tokens of white space alone go with the next word, and at the end of the text with the last.
    """
    groups: list[list[int]] = []

    def is_blank(group: list[int]) -> bool:
        start, end = word_span(text, encoded, group)
        return start == end

    for i, word in enumerate(encoded.word_ids):
        same = i and word is not None and word == encoded.word_ids[i - 1]
        if groups and (same or is_blank(groups[-1])):
            groups[-1].append(i)
        else:
            groups.append([i])
    if len(groups) > 1 and is_blank(groups[-1]):
        last = groups.pop()
        groups[-1] += last
    return groups


def word_span(text: str, encoded: Encoded, group: Sequence[int]) -> tuple[int, int]:
    """Return the characters of a word."""
    start, end = encoded.offsets[group[0]][0], encoded.offsets[group[-1]][1]
    while start < end and text[start].isspace():  # byte-level tokens include the space before the word
        start += 1
    while start < end and text[end - 1].isspace():
        end -= 1
    return start, end


def _words(mlm: MaskedLM, readable: Readable, scored: list[ScoredToken]) -> list[ScoredWord]:
    text, encoded = readable.text, readable.encoded
    pieces = mlm.tokenizer.convert_ids_to_tokens(encoded.ids)
    words = []
    for group in word_groups(text, encoded):
        start, end = word_span(text, encoded, group)
        surprisal = -sum(scored[i].log_probability for i in group) / log(2)
        unknown = any(encoded.ids[i] == mlm.tokenizer.unk_token_id for i in group)
        parts = tuple(pieces[i] for i in group), unknown, tuple(scored[i] for i in group)
        words.append(ScoredWord(text[start:end], start, end, surprisal, *parts))
    return words
