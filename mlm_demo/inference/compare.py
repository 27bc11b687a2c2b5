"""The same sentence before several models: what each expects, and where the others rank its words."""

from collections.abc import Sequence
from dataclasses import replace

import torch

from mlm_demo.inference.fill_mask import Answer, Prediction, answer_from, check_top_k, distributions
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
    """Fill the masks of one sentence with each model; each prediction also tells its rank in the others.

    prompts: the sentence as each of the models reads it. The ranks are over the whole vocabulary of the other
    model, 1 the most probable. Raises as `fill_mask` does.
    """
    top_k = min(check_top_k(top_k, mlm) for mlm in models)
    seen = [distributions(mlm, [prompt])[0] for mlm, prompt in zip(models, prompts, strict=True)]
    answers = []
    for mlm, prompt, (probabilities, notices) in zip(models, prompts, seen, strict=True):
        answer = answer_from(mlm, prompt, probabilities, notices, top_k=top_k, targets=targets, joint=joint)
        others = [
            (other, other_prompt, rows)
            for other, other_prompt, (rows, _) in zip(models, prompts, seen, strict=True)
            if other is not mlm
        ]
        masks = tuple(
            tuple(
                replace(p, elsewhere=tuple(_rank(mlm, p, i, *other) for other in others)) if others else p
                for p in predictions
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
    """Where another model ranks a word: its rank and score, or in how many pieces it would write it."""
    ids = _same_word(mlm, prediction, mask, other, prompt)
    found = {"model": other.name, "rank": None, "score": None, "pieces": len(ids)}
    if len(ids) == 1:
        row = probabilities[mask]
        score = row[ids[0]]
        found.update(rank=int((row > score).sum()) + 1, score=score.item())
    return found


def _same_word(
    mlm: MaskedLM, prediction: Prediction, mask: int, other: MaskedLM, prompt: Prompt
) -> tuple[int, ...]:
    """The other model's tokens for a word of this one; empty where it has none for it."""
    if prediction.token is not None and mlm.piece_style == other.piece_style:
        raw = mlm.tokenizer.convert_ids_to_tokens(prediction.token)
        token = other.tokenizer.convert_tokens_to_ids(raw)
        if token is not None and token != other.tokenizer.unk_token_id:
            return (token,)
    text = prediction.word
    if prediction.token is not None:
        piece = mlm.piece(prediction.token)
        if piece.attaches and piece.text.isalnum():
            return ()  # an ending: where it begins depends on how the other vocabulary cuts the word
        text = piece.text
    return target_pieces(other, prompt, mask, text) if text else ()
