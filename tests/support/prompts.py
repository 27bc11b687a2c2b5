"""Prompts and answers as the tests of inference ask for them."""

from mlm_demo.inference.fill_mask import Answer, fill_masks
from mlm_demo.inference.prompt import Prompt, read_prompt
from mlm_demo.models.masked_lm import MaskedLM


def prompt_of(text: str, mlm: MaskedLM) -> Prompt:
    """Return the prompt of a text within generous limits."""
    return read_prompt(text, mlm, max_characters=20_000, max_masks=16)


def fill(mlm: MaskedLM, text: str, **options) -> Answer:
    """Return the answer for one sentence."""
    (answer,) = fill_masks(mlm, [prompt_of(text, mlm)], **options)
    return answer
