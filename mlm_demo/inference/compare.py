"""Compare models on one sentence: the predictions of each, and their ranks in the others."""

from collections.abc import Sequence
from dataclasses import replace

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


def compare(
    models: Sequence[MaskedLM],
    prompts: Sequence[Prompt],
    *,
    top_k: int = 5,
    targets: Sequence[str] = (),
    joint: bool = False,
) -> list[Answer]:
    """Fill the masks of one sentence with each model; with several, each prediction carries its rank in the others.

    prompts: the sentence as each model reads it. Ranks count over the other model's whole vocabulary, 1 the most
    probable. Raises as `fill_masks` does.
    """
    if len(models) == 1:
        return fill_masks(models[0], prompts, top_k=top_k, targets=targets, joint=joint)
    top_k = min(check_top_k(top_k, mlm) for mlm in models)
    predicted = [distributions(mlm, [prompt])[0] for mlm, prompt in zip(models, prompts, strict=True)]
    answers = []
    for mlm, prompt, (probabilities, notices) in zip(models, prompts, predicted, strict=True):
        answer = answer_from(mlm, prompt, probabilities, notices, top_k=top_k, targets=targets, joint=joint)
        others = [
            (other, other_prompt, rows)
            for other, other_prompt, (rows, _) in zip(models, prompts, predicted, strict=True)
            if other is not mlm
        ]
        masks = tuple(
            tuple(
                replace(p, elsewhere=tuple(_rank(mlm, p, i, *other) for other in others)) for p in predictions
            )
            for i, predictions in enumerate(answer.masks)
        )
        answers.append(replace(answer, masks=masks))
    return answers


def _rank(
    mlm: MaskedLM,
    prediction: Prediction,
    mask: int,
    other: MaskedLM,
    prompt: Prompt,
    probabilities: torch.Tensor,
) -> dict:
    """Return the rank and score of a word in another model, or the number of tokens that it writes the word with."""
    ids = _same_word(mlm, prediction, mask, other, prompt)
    rank = {"model": other.name, "rank": None, "score": None, "pieces": len(ids)}
    if len(ids) == 1:
        row = probabilities[mask]
        score = row[ids[0]]
        rank.update(rank=int((row > score).sum()) + 1, score=score.item())
    return rank


def _same_word(
    mlm: MaskedLM, prediction: Prediction, mask: int, other: MaskedLM, prompt: Prompt
) -> tuple[int, ...]:
    """Return another model's tokens for a prediction of this model; empty if it cannot write the word."""
    if prediction.token is not None:
        return same_word(mlm, prediction.token, mask, other, prompt)
    return target_pieces(other, prompt, mask, prediction.word) if prediction.word else ()


def same_word(mlm: MaskedLM, token: int, mask: int, other: MaskedLM, prompt: Prompt) -> tuple[int, ...]:
    """Return another model's tokens for a token of this model; empty if it cannot write it.

    prompt: the sentence as the other model reads it.
    """
    if mlm.piece_style == other.piece_style:
        raw = mlm.tokenizer.convert_ids_to_tokens(token)
        same = other.tokenizer.convert_tokens_to_ids(raw)
        if same is not None and same != other.tokenizer.unk_token_id:
            return (same,)
    piece = mlm.piece(token)
    if piece.attaches and piece.text.isalnum():
        return ()  # a word ending: vocabularies cut words at different places
    return target_pieces(other, prompt, mask, piece.text) if piece.text else ()
