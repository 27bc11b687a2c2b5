"""Compare models on one sentence: the predictions of each, and their ranks in the others."""

from collections.abc import Sequence
from dataclasses import replace
from math import inf

import torch

from mlm_demo.inference.fill_mask import (
    Answer,
    Prediction,
    answer_from,
    check_top_k,
    distributions,
    fill_masks,
)
from mlm_demo.inference.prompt import Prompt
from mlm_demo.inference.targets import target_pieces
from mlm_demo.models.masked_lm import MaskedLM

Side = tuple[MaskedLM, Prompt]  # a model, and a sentence as it reads it


def compare(
    models: Sequence[MaskedLM],
    prompts: Sequence[Prompt],
    *,
    top_k: int = 5,
    targets: Sequence[str] = (),
    max_pieces: float = inf,
    joint: bool = False,
) -> list[Answer]:
    """Fill the masks of one sentence with each model; with several, each prediction carries its rank in the others.

    prompts: the sentence as each model reads it. Ranks count over the other model's whole vocabulary, 1 the most
    probable. Raises as `fill_masks` does.
    """
    if len(models) == 1:
        asked = {"top_k": top_k, "targets": targets, "max_pieces": max_pieces, "joint": joint}
        return fill_masks(models[0], prompts, **asked)
    asked = {
        "top_k": min(check_top_k(top_k, mlm) for mlm in models),
        "targets": targets,
        "max_pieces": max_pieces,
        "joint": joint,
    }
    predicted = [distributions(mlm, [prompt])[0] for mlm, prompt in zip(models, prompts, strict=True)]
    answers = []
    for mlm, prompt, (probabilities, notices) in zip(models, prompts, predicted, strict=True):
        answer = answer_from(mlm, prompt, probabilities, notices, **asked)
        others = [
            ((other, other_prompt), rows)
            for other, other_prompt, (rows, _) in zip(models, prompts, predicted, strict=True)
            if other is not mlm
        ]
        masks = tuple(
            tuple(
                replace(p, elsewhere=tuple(_rank((mlm, prompt), p, i, *other) for other in others))
                for p in predictions
            )
            for i, predictions in enumerate(answer.masks)
        )
        answers.append(replace(answer, masks=masks))
    return answers


def _rank(here: Side, prediction: Prediction, mask: int, there: Side, probabilities: torch.Tensor) -> dict:
    """Return the rank and score of a word in another model, or the number of tokens that it writes the word with."""
    ids = _same_word(here, prediction, mask, there)
    rank = {"model": there[0].name, "rank": None, "score": None, "pieces": len(ids)}
    if len(ids) == 1:
        row = probabilities[mask]
        score = row[ids[0]]
        rank.update(rank=int((row > score).sum()) + 1, score=score.item())
    return rank


def _same_word(here: Side, prediction: Prediction, mask: int, there: Side) -> tuple[int, ...]:
    """Return another model's tokens for a prediction of this model; empty if it cannot write the word."""
    if prediction.token is not None:
        return same_word(here, prediction.token, mask, there)
    return target_pieces(*there, mask, prediction.word) if prediction.word else ()


def same_word(here: Side, token: int, mask: int, there: Side) -> tuple[int, ...]:
    """Return another model's tokens for a token of this model at a mask; empty if it cannot write it.

    Where only one of the sentences has a space before the mask, a model that marks spaces has two tokens for a word.
    """
    (mlm, prompt), (other, _) = here, there
    alike = mlm.piece_style.startswith("word") or prompt.has_space(mask) == there[1].has_space(mask)
    if mlm.piece_style == other.piece_style and alike:
        raw = mlm.tokenizer.convert_ids_to_tokens(token)
        same = other.tokenizer.convert_tokens_to_ids(raw)
        if same is not None and same != other.tokenizer.unk_token_id:
            return (same,)
    piece = mlm.piece(token)
    if mlm.continues(token, prompt.follows_word(mask)) and piece.text.isalnum():
        return ()  # a word ending: vocabularies cut words at different places
    return target_pieces(*there, mask, piece.text) if piece.text else ()
