"""Rank words for the masks of sentences.

`distributions` is the pass through the model, `answer_from` turns its probabilities into rows, `fill_masks` does both.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import inf

import torch

from mlm_demo.errors import ParameterError, shown
from mlm_demo.inference.joint import Filling, best_words, fill_jointly
from mlm_demo.inference.prompt import Prompt
from mlm_demo.inference.targets import ScoredTarget, score_targets
from mlm_demo.inference.windows import window_notice, windows
from mlm_demo.models.masked_lm import MaskedLM, Piece

CHARACTERS_PER_ROW = 100  # of a prediction as JSON, beside its sentence


@dataclass(frozen=True)
class Prediction:
    """One word at one mask.

    score: its probability over the whole vocabulary; token: its id, None for a target of several tokens; token_str: as
    transformers' pipeline gives it; sequence: the typed sentence with the word put in; word: as a chart shows it, with
    `##` before a piece that continues the word before. For targets also share: the score divided by the sum of the
    targets' scores; pieces; scored: how. In a comparison also elsewhere: the rank that each other model gives the word.
    """

    score: float
    token: int | None
    token_str: str
    sequence: str
    word: str
    share: float | None = None
    pieces: tuple[str, ...] | None = None
    scored: str | None = None
    elsewhere: tuple[dict, ...] | None = None

    def to_json(self) -> dict:
        """Return the fields that are set, and `token` always."""
        return {key: value for key, value in asdict(self).items() if value is not None or key == "token"}


@dataclass(frozen=True)
class Answer:
    """The predictions for each mask of a sentence, masks in order, best prediction first.

    text: as typed, with the masks at the characters `spans`; model_text: as the model read it.
    """

    model: dict
    text: str
    spans: tuple[tuple[int, int], ...]
    model_text: str
    masks: tuple[tuple[Prediction, ...], ...]
    joint: tuple[Filling, ...] | None
    notices: tuple[str, ...]

    def to_json(self) -> dict:
        """Return the JSON of the command line and HTTP."""
        answer = {
            "model": self.model,
            "text": self.text,
            "spans": [list(span) for span in self.spans],
            "model_text": self.model_text,
            "masks": [[prediction.to_json() for prediction in mask] for mask in self.masks],
            "notices": list(self.notices),
        }
        if self.joint is not None:
            answer["joint"] = [asdict(filling) for filling in self.joint]
        return answer


def fill_masks(
    mlm: MaskedLM,
    prompts: Sequence[Prompt],
    *,
    top_k: int = 5,
    targets: Sequence[str] = (),
    max_pieces: float = inf,
    joint: bool = False,
) -> list[Answer]:
    """Rank words for each mask of some sentences, which go through the model together.

    Each mask is predicted on its own, with the others left masked. top_k: how many words, at most the vocabulary; with
    targets, the best of these and no others. max_pieces: of the targets, as `score_targets` takes it. joint: also fill
    all masks of a sentence jointly (`joint.py`).
    Raises ParameterError if top_k is out of range, the targets cannot be used, or masks are too far apart to be filled
    jointly.
    """
    asked = {"top_k": check_top_k(top_k, mlm), "targets": targets, "max_pieces": max_pieces, "joint": joint}
    return [
        answer_from(mlm, prompt, probabilities, notices, **asked)
        for prompt, (probabilities, notices) in zip(prompts, distributions(mlm, prompts), strict=True)
    ]


def answer_from(
    mlm: MaskedLM,
    prompt: Prompt,
    probabilities: torch.Tensor,
    notices: Sequence[str],
    *,
    top_k: int,
    targets: Sequence[str],
    max_pieces: float,
    joint: bool,
) -> Answer:
    """Return the answer for a sentence; probabilities and notices are those of `distributions`."""
    missing: list[str] = []
    if targets:
        scored, missing = score_targets(mlm, prompt, targets, probabilities, max_pieces)
        masks = [_target_predictions(mlm, prompt, i, rows)[:top_k] for i, rows in enumerate(scored)]
        if len(scored[0]) > top_k:
            missing.append(f"The best {top_k} of {len(scored[0])} targets are listed; raise top_k for more.")
    else:
        masks = [_predictions(mlm, prompt, i, row, top_k) for i, row in enumerate(probabilities)]
    return Answer(
        model=mlm.describe(),
        text=prompt.text,
        spans=prompt.spans,
        model_text=prompt.model_text,
        masks=tuple(masks),
        joint=tuple(fill_jointly(mlm, prompt, top_k=top_k, targets=targets)) if joint else None,
        notices=(*prompt.notices, *notices, *missing),
    )


def distributions(mlm: MaskedLM, prompts: Sequence[Prompt]) -> list[tuple[torch.Tensor, list[str]]]:
    """Return for each sentence the probability of every token at every mask, and notices.

    Shape (masks, vocab_size), float32.
    """
    cut = [windows(mlm, prompt.ids, prompt.positions) for prompt in prompts]
    flat = [window for windows_of_one in cut for window in windows_of_one]
    logits = mlm.logits_at([window.ids for window in flat], [window.positions for window in flat])
    notices = [
        [window_notice(mlm, prompt.ids, len(windows_of_one))] if len(prompt.ids) > mlm.capacity else []
        for prompt, windows_of_one in zip(prompts, cut, strict=True)
    ]
    parts = logits.softmax(-1).split([len(prompt.positions) for prompt in prompts])
    return list(zip(parts, notices, strict=True))


def check_top_k(top_k: object, mlm: MaskedLM) -> int:
    """Return top_k as an int; raises ParameterError that names the value and its range."""
    whole = isinstance(top_k, int | float) and not isinstance(top_k, bool) and top_k == top_k // 1
    if not whole or not 1 <= top_k <= mlm.vocab_size:
        raise ParameterError(
            f"top_k is {shown(top_k)}; it must be a whole number from 1 to {mlm.vocab_size:,}, the vocabulary of "
            f"{mlm.name}."
        )
    return int(top_k)


def word_shown(mlm: MaskedLM, token: int, follows_word: bool) -> str:
    """Return a token as a chart shows it: with `##` before letters that continue the word before.

    follows_word: whether there is one, as `Prompt.follows_word` says.
    """
    piece = mlm.piece(token)
    if mlm.continues(token, follows_word) and any(c.isalnum() for c in piece.text):
        return f"##{piece.text}"
    return piece.text or "(nothing)"


def check_amount(prompts: Sequence[Prompt], top_k: int, limit: int) -> None:
    """Raise ParameterError if the answers would exceed `limit` characters: each row repeats its sentence."""
    rows = sum(len(prompt.spans) for prompt in prompts) * top_k
    characters = rows * (CHARACTERS_PER_ROW + len(prompts[0].text))
    if characters > limit:
        raise ParameterError(
            f"top_k is {top_k:,}, which makes an answer of {rows:,} sentences and {characters / 1e6:,.1f} million "
            f"characters; the limit is {limit / 1e6:,.1f} million. Ask for fewer words."
        )


def _predictions(mlm: MaskedLM, prompt: Prompt, mask: int, row: torch.Tensor, top_k: int) -> tuple:
    rows, follows_word = [], prompt.follows_word(mask)
    for score, token in best_words(row, top_k, mlm.is_word):
        rows.append(
            Prediction(
                score,
                token,
                mlm.token_str(token),
                prompt.filled({mask: mlm.piece(token)}, mlm),
                word_shown(mlm, token, follows_word),
            )
        )
    return tuple(rows)


def _target_piece(mlm: MaskedLM, row: ScoredTarget) -> Piece:
    """Return a target as it appears in a text: a word as typed, a piece that was given with its mark without it."""
    token = mlm.token_of(row.text)
    return Piece(row.text, False, False) if token is None else mlm.piece(token)


def _target_predictions(mlm: MaskedLM, prompt: Prompt, mask: int, rows: list) -> tuple:
    total = sum(row.score for row in rows) or 1.0
    return tuple(
        Prediction(
            score=row.score,
            token=row.ids[0] if len(row.ids) == 1 else None,
            token_str=row.text,
            sequence=prompt.filled({mask: _target_piece(mlm, row)}, mlm),
            word=row.text,
            share=row.score / total,
            pieces=tuple(mlm.tokenizer.convert_ids_to_tokens(list(row.ids))),
            scored="one piece" if len(row.ids) == 1 else f"{len(row.ids)} pieces, left to right",
        )
        for row in sorted(rows, key=lambda row: -row.score)
    )
