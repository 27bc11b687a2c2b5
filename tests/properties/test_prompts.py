"""Whatever is typed: a prompt is refused in one line, or each of its masks gets its rows."""

import math
import unicodedata

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mlm_demo.errors import ParameterError, PromptError
from mlm_demo.inference.blanks import find_blanks
from mlm_demo.inference.fill_mask import fill_masks
from mlm_demo.inference.prompt import read_prompt
from tests.support.tiny_models import tiny

LONGEST, MOST = 600, 3
MASKS = [
    "<mask>",
    "[MASK]",
    "[mask]",
    "<MASK>",
    "<ma\u017fK>",
]  # the last in letters whose small ones are s and k
TRICKY = [
    *("<ma", "sk>", "[MA", "SK]", "<", "]", "[SEP]", "<s>", "</s>", "[UNK]", "##ing", "\u0120", "the ", " of France."),
    *(" " * 40, "\t", "\r\n", "\0", "\x07", "\x85", "\u00a0", "\u2028", "\ufeff", "\u200d", "\u202e", "e\u0301\u0308"),
    *("\u05e9\u05dc\u05d5\u05dd", "\u0628\u0627\u0631\u064a\u0633", "\u6f22\u5b57", "\U0001f469\u200d\U0001f52c"),
    *("\U00013000", "x" * 150, "\u0301" * 60, "\ud83d", "a b c d e f g h i j k l m " * 4),
]  # fmt: skip
PARTS = st.sampled_from(MASKS) | st.sampled_from(TRICKY) | st.text(st.characters(), max_size=12)
TYPED = st.lists(PARTS, max_size=10).map("".join)
SENTENCES = st.tuples(PARTS, st.sampled_from(MASKS), PARTS).map("".join)


def without_controls(text):
    return "".join(c for c in text if unicodedata.category(c) != "Cc" or c in "\t\n\r")


def count_masks(text, mlm):
    """Count the blanks; at least the mask tokens are found, each of them whole."""
    blanks = find_blanks(text, mlm.mask_token)
    folded = text.casefold()
    assert len(blanks) >= folded.count("<mask>") + folded.count("[mask]")
    return len(blanks)


def read(text, mlm):
    """Return the prompt, or None if it is refused for a documented reason."""
    masks = count_masks(without_controls(text), mlm)
    surrogates = any("\ud800" <= c <= "\udfff" for c in text)
    unusable = not text.strip() or len(text) > LONGEST or surrogates or not 1 <= masks <= MOST
    try:
        prompt = read_prompt(text, mlm, max_characters=LONGEST, max_masks=MOST)
    except PromptError as error:
        refusal = str(error)
    else:
        assert not unusable
        return prompt
    assert unusable, refusal
    assert refusal.isprintable()  # so on one line
    return None


@pytest.mark.parametrize("architecture", ["BERT", "RoBERTa"])
@given(text=TYPED, top_k=st.integers(1, 500))
def test_every_mask_gets_its_rows_and_the_rest_stays_as_typed(architecture, text, top_k):
    mlm = tiny(architecture)
    prompt = read(text, mlm)
    if prompt is None:
        return
    assert prompt.text == without_controls(text)
    for start, end in prompt.spans:
        assert find_blanks(prompt.text[start:end], mlm.mask_token) == [(0, end - start)]
    assert len(prompt.spans) == count_masks(prompt.text, mlm)
    assert all(len(notice.splitlines()) == 1 for notice in prompt.notices)
    if top_k > mlm.vocab_size:
        with pytest.raises(ParameterError, match="the vocabulary of"):
            fill_masks(mlm, [prompt], top_k=top_k)
        top_k = mlm.vocab_size
    words = sum(map(mlm.is_word, range(mlm.vocab_size)))
    (answer,) = fill_masks(mlm, [prompt], top_k=top_k)
    assert (answer.text, answer.spans, len(answer.masks)) == (prompt.text, prompt.spans, len(prompt.spans))
    assert answer.model_text.count(mlm.mask_token) == len(prompt.spans)
    tokens = mlm.tokenizer(answer.model_text, return_tensors="pt")
    if tokens.input_ids.shape[1] <= mlm.max_tokens:  # so that all of it is read at once
        with torch.inference_mode():
            by_the_model = mlm.model(**tokens).logits[tokens.input_ids == mlm.mask_id].softmax(-1)
        for rows, wanted in zip(answer.masks, by_the_model, strict=True):
            assert [row.score for row in rows] == pytest.approx(
                wanted[[row.token for row in rows]].tolist(), abs=1e-4
            )
    for (start, end), rows in zip(prompt.spans, answer.masks, strict=True):
        scores = [row.score for row in rows]
        assert len({row.token for row in rows}) == len(rows) == min(top_k, words)
        assert all(mlm.is_word(row.token) for row in rows)
        assert scores == sorted(scores, reverse=True)
        assert all(math.isfinite(score) and 0 <= score <= 1 for score in scores)
        assert sum(scores) <= 1 + 1e-5
        left, right = prompt.text[:start], prompt.text[end:]
        # A piece that begins a word may want a space before it, one that goes on a word wants none.
        lefts = {left, f"{left} ", left.rstrip(" ")}
        assert all(
            row.sequence in {f"{kept}{mlm.piece(row.token).text}{right}" for kept in lefts} for row in rows
        )


@given(texts=st.lists(SENTENCES, min_size=2, max_size=4))
def test_sentences_that_go_together_are_answered_as_alone(texts):
    mlm = tiny("BERT")
    prompts = [prompt for prompt in (read(text, mlm) for text in texts) if prompt]
    if not prompts:
        return
    for prompt, together in zip(prompts, fill_masks(mlm, prompts, top_k=3), strict=True):
        (alone,) = fill_masks(mlm, [prompt], top_k=3)
        assert (alone.text, alone.notices) == (together.text, together.notices)
        for rows, others in zip(alone.masks, together.masks, strict=True):
            assert [row.score for row in rows] == pytest.approx([row.score for row in others], abs=1e-4)
