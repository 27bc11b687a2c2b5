"""Score target words: the probability of words that a person names, of one token or several.

A word of one token has the probability that the model gives it at the mask. A word of n tokens has no such number:
the mask is widened to n masks and the tokens are scored from left to right, each given those before it,
    p(token 1 | n masks) · p(token 2 | token 1, n - 1 masks) · …
This is the chain rule, given that the word has n tokens. The condition can make a long word look more probable than
it is, so each target reports how it was scored.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from mlm_demo.errors import ParameterError, shown
from mlm_demo.inference.blanks import mask_pattern, put_in
from mlm_demo.inference.prompt import Prompt
from mlm_demo.inference.surrogates import check_surrogates
from mlm_demo.inference.target_list import split_list
from mlm_demo.inference.windows import windows
from mlm_demo.models.masked_lm import MaskedLM

ROWS_PER_CHUNK = 64  # whose logits over the whole vocabulary are in memory at once


@dataclass(frozen=True)
class ScoredTarget:
    """A target as typed, its token ids and its probability at one mask."""

    text: str
    ids: tuple[int, ...]
    score: float


def read_targets(
    targets: str | Sequence[str], *, masks: int, max_targets: int, max_characters: int
) -> tuple[list[str], list[str]]:
    """Return the target words without blanks and repeats, and notices; a string is split as `target_list.py` says.

    An empty string or list means no targets. Raises ParameterError if the targets hold no word or half of a surrogate
    pair, or if they are too many or too long: each token of each target takes a pass through the model at each mask.
    """
    if targets == "" or not len(targets):
        return [], []
    given = split_list(targets) if isinstance(targets, str) else targets
    words = [str(word).strip() for word in given]
    unique = list(dict.fromkeys(word for word in words if word))
    if not unique:
        raise ParameterError(
            f"The targets {shown(targets)} contain no word; give words separated by commas, or leave them empty."
        )
    for word in unique:
        check_surrogates(word, f"the target {shown(word, 30)}", ParameterError)
    if len(unique) > max_targets:
        raise ParameterError(f"There are {len(unique)} targets; at most {max_targets} can be scored at once.")
    characters, limit = sum(map(len, unique)), max_characters // masks
    if characters > limit:
        at = f" at {masks} masks" if masks > 1 else ""
        raise ParameterError(
            f"The targets have {characters:,} characters; the limit is {limit:,}{at}. Give fewer or shorter "
            "targets."
        )
    repeated = sorted(word for word, count in Counter(words).items() if word and count > 1)
    return unique, [f"Given more than once, counted once: {', '.join(repeated)}."] if repeated else []


def score_targets(
    mlm: MaskedLM,
    prompt: Prompt,
    targets: Sequence[str],
    probabilities: torch.Tensor,
    max_pieces: float = math.inf,
) -> tuple[list[list[ScoredTarget]], list[str]]:
    """Score every target at every mask.

    probabilities: of single tokens, (masks, vocab_size). max_pieces: of all targets of several pieces at all masks; a
    character can be several pieces. Returns for each mask its targets in the given order, and notices about those that
    the vocabulary cannot write and those that are the same tokens, which are counted once. Raises ParameterError if it
    can write none of them, or if their pieces are too many.
    """
    pieces = {
        (mask, target): target_pieces(mlm, prompt, mask, target)
        for mask in range(len(prompt.spans))
        for target in targets
    }
    unwritable = [t for t in targets if any(not pieces[m, t] for m in range(len(prompt.spans)))]
    same: dict[tuple, list[str]] = {}
    for target in targets:
        if target not in unwritable:
            same.setdefault(tuple(pieces[m, target] for m in range(len(prompt.spans))), []).append(target)
    known = [spellings[0] for spellings in same.values()]
    if not known:
        raise ParameterError(
            f"None of the targets can be written in the vocabulary of {mlm.name}: "
            f"{', '.join(shown(t, 30) for t in unwritable)}; try other words or another model."
        )
    several = {key: ids for key, ids in pieces.items() if len(ids) > 1 and key[1] in known}
    if (count := sum(map(len, several.values()))) > max_pieces:
        raise ParameterError(
            f"{mlm.name} writes the targets with {count:,} pieces at all masks; the limit is {max_pieces:,}, because "
            "each takes its own pass. Give fewer or shorter targets."
        )
    scores = _left_to_right(mlm, prompt, several)
    scored = []
    for mask, row in enumerate(probabilities):
        scored.append(
            [
                ScoredTarget(t, pieces[mask, t], scores.get((mask, t), row[pieces[mask, t][0]].item()))
                for t in known
            ]
        )
    notices = []
    if unwritable:
        left_out = ", ".join(shown(t, 30) for t in unwritable)
        notices.append(f"Left out because this model's vocabulary cannot write it: {left_out}.")
    notices += [
        f"To this model, {', '.join(spellings[:-1])} and {spellings[-1]} are the same word; it is counted once."
        for spellings in same.values()
        if len(spellings) > 1
    ]
    return scored, notices


def target_pieces(mlm: MaskedLM, prompt: Prompt, mask: int, target: str) -> tuple[int, ...]:
    """Return the tokens of a word at a mask; empty if the vocabulary cannot write it.

    The word is tokenized in place, so any mark of the space before a word works.
    If the word would merge with its neighbors (`un<mask>`), it is tokenized alone.
    A piece as answers show it (`##ing`, `Ġthe`) is that token.
    """
    if mask_pattern(mlm.mask_token).search(target):
        return ()
    if (token := mlm.token_of(target)) is not None:
        return (token,)
    fillings = [target if i == mask else mlm.mask_token for i in range(len(prompt.spans))]
    text, spans = put_in(prompt.text, prompt.spans, fillings)
    start, end = spans[mask]
    left = text[:start].rstrip()
    if mlm.mask_absorbs_space and len(left) < start:
        # The mask takes all of the white space, so the model expects what follows one space.
        left_of_word = f"{left} " if left else ""
        text, start, end = left_of_word + text[start:], len(left_of_word), len(left_of_word) + end - start
    before = len(left)  # the space before the word is part of its first token
    encoded = mlm.encode(text)
    inside = [
        (token, offset)
        for token, offset in zip(encoded.ids, encoded.offsets, strict=True)
        if offset[1] > before and offset[0] < end
    ]
    merged = any(first < before or last > end for _, (first, last) in inside)
    ids = tuple(token for token, _ in inside)
    if merged or not mlm.mask_absorbs_space:
        ids = tuple(mlm.encode(target).ids)
    unusable = {mlm.tokenizer.unk_token_id, mlm.mask_id}
    return () if unusable & set(ids) else ids


def _left_to_right(
    mlm: MaskedLM, prompt: Prompt, pieces: dict[tuple[int, str], tuple[int, ...]]
) -> dict[tuple[int, str], float]:
    """Return the product of the tokens' probabilities, each given those before it."""
    text, positions = prompt.ids, prompt.positions
    rows, wanted, steps = [], [], []
    for (mask, target), ids in pieces.items():
        at = positions[mask]
        for i, token in enumerate(ids):
            widened = [*text[:at], *ids[:i], *[mlm.mask_id] * (len(ids) - i), *text[at + 1 :]]
            (window,) = windows(mlm, widened, [at + i])
            rows.append(window.ids)
            wanted.append(window.positions)
            steps.append(((mask, target), token))
    totals: dict[tuple[int, str], float] = dict.fromkeys(pieces, 0.0)
    for first in range(0, len(rows), ROWS_PER_CHUNK):
        chunk = slice(first, first + ROWS_PER_CHUNK)
        log_probabilities = mlm.logits_at(rows[chunk], wanted[chunk]).log_softmax(-1)
        for (key, token), row in zip(steps[chunk], log_probabilities, strict=True):
            totals[key] += row[token].item()
    return {key: math.exp(total) for key, total in totals.items()}
