"""Set the blank of one sentence against that of another, or one sentence before two models, word by word.

The distance between two lists of probabilities is their Jensen-Shannon divergence (Lin 1991, IEEE Transactions on
Information Theory 37(1)) in bits: 0 for equal lists, 1 for lists that share no word.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import torch

from mlm_demo.errors import PromptError
from mlm_demo.inference.compare import Side, same_word
from mlm_demo.inference.fill_mask import distributions
from mlm_demo.inference.prompt import Prompt
from mlm_demo.models.masked_lm import MaskedLM

WORDS = 40  # of each list


@dataclass(frozen=True)
class ContrastedWord:
    """A word with its probability in both blanks.

    divergence: what the word adds to the distance, in bits.
    """

    word: str
    first: float
    second: float
    divergence: float


@dataclass(frozen=True)
class Contrast:
    """Two blanks set against each other.

    words: the most probable ones of either, those first that add most to the distance; left_out: how many of them the
    other model does not write with one token; distance: in bits over the whole vocabulary, None for two vocabularies.
    """

    models: tuple[dict, dict]
    texts: tuple[str, str]
    words: tuple[ContrastedWord, ...]
    left_out: int
    distance: float | None
    notices: tuple[str, ...]

    def to_json(self) -> dict:
        """Return its fields."""
        return asdict(self)


def contrast(first: Side, second: Side) -> Contrast:
    """Compare the words that two models, or one, expect in the blanks of two sentences, or one.

    Raises PromptError for a sentence with several masks.
    """
    sides = first, second
    for _, prompt in sides:
        if len(prompt.spans) != 1:
            raise PromptError(
                f"{prompt.text!r} holds {len(prompt.spans)} masks; two sentences are compared at one mask each."
            )
    (rows_a, notices_a), (rows_b, notices_b) = _rows(first, second)
    a, b = (rows[0].cpu().double() for rows in (rows_a, rows_b))  # MPS has no float64
    found: dict[str, ContrastedWord] = {}
    left_out = 0
    for here, there, p, q, swap in ((first, second, a, b, False), (second, first, b, a, True)):
        for word, token in _likely(*here, p):
            if word in found:
                continue
            other = same_word(here, token, 0, there)
            if len(other) != 1:
                left_out += 1
                continue
            both = p[token].item(), q[other[0]].item()
            found[word] = ContrastedWord(word, *(both[::-1] if swap else both), _divergence(*both))
    return Contrast(
        models=(first[0].describe(), second[0].describe()),
        texts=(first[1].text, second[1].text),
        words=tuple(sorted(found.values(), key=lambda word: -word.divergence)),
        left_out=left_out,
        distance=jensen_shannon(a, b) if _share_vocabulary(first[0], second[0]) else None,
        notices=tuple(dict.fromkeys((*first[1].notices, *notices_a, *second[1].notices, *notices_b))),
    )


def jensen_shannon(a: torch.Tensor, b: torch.Tensor) -> float:
    """Return the Jensen-Shannon divergence of two distributions, shape (vocab_size), in bits."""
    middle = (a + b) / 2
    terms = torch.special.xlogy(a, a / middle) + torch.special.xlogy(b, b / middle)
    return max(0.0, terms.nansum().item() / 2 / torch.log(torch.tensor(2.0)).item())


def _divergence(p: float, q: float) -> float:
    return jensen_shannon(torch.tensor([p], dtype=torch.float64), torch.tensor([q], dtype=torch.float64))


def _rows(first: Side, second: Side) -> Sequence[tuple[torch.Tensor, list[str]]]:
    """Return the distributions of both; those of one model in one pass."""
    if first[0] is second[0]:
        return distributions(first[0], [first[1], second[1]])
    return [distributions(mlm, [prompt])[0] for mlm, prompt in (first, second)]


def _likely(mlm: MaskedLM, prompt: Prompt, row: torch.Tensor) -> list[tuple[str, int]]:
    """Return the most probable whole words of a list, without punctuation and pieces that continue a word."""
    follows_word = prompt.follows_word(0)
    found: dict[str, int] = {}
    for token in row.argsort(descending=True).tolist():
        piece = mlm.piece(token)
        continues = mlm.continues(token, follows_word)
        if mlm.is_word(token) and not continues and any(c.isalnum() for c in piece.text):
            found.setdefault(piece.text, token)
            if len(found) == WORDS:
                break
    return list(found.items())


def _share_vocabulary(first: MaskedLM, second: MaskedLM) -> bool:
    return first is second or first.tokenizer.get_vocab() == second.tokenizer.get_vocab()
