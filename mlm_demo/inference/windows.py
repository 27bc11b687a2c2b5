"""Cut a text that is longer than the model reads into windows around its masks."""

from collections.abc import Sequence
from dataclasses import dataclass

from mlm_demo.errors import ModelError, PromptError
from mlm_demo.inference.prompt import Prompt
from mlm_demo.models.masked_lm import MaskedLM


@dataclass(frozen=True)
class Window:
    """A row for the model: token ids with the special tokens, and where some positions of the text are in it."""

    ids: list[int]
    positions: list[int]


def mask_positions(mlm: MaskedLM, prompt: Prompt) -> tuple[list[int], list[int]]:
    """Tokenise a prompt; return its token ids without special tokens, and the positions of its masks.

    Raises PromptError if the tokenizer does not see a mask as such.
    """
    ids = mlm.encode(prompt.for_model(mlm).text).ids
    positions = [i for i, token in enumerate(ids) if token == mlm.mask_id]
    if len(positions) != len(prompt.spans):
        raise PromptError(
            f"The tokenizer of {mlm.name} finds {len(positions)} of the {len(prompt.spans)} masks; put a space "
            "before and after each <mask>."
        )
    return ids, positions


def windows(mlm: MaskedLM, ids: Sequence[int], positions: Sequence[int]) -> list[Window]:
    """Cut a text into as few windows as hold the positions, in their order.

    A text within the limit is one window. Else positions that lie within half a window of each other share
    one, so that each has at least a quarter of a window of context on either side where the text has it.
    """
    if mlm.capacity < 1:
        raise ModelError(f"The model {mlm.name} reads {mlm.max_tokens} tokens, too few for any text.")
    if len(ids) <= mlm.capacity:
        return [_window(mlm, ids, positions, 0, len(ids))]
    groups: list[list[int]] = []
    for position in positions:
        if groups and position - groups[-1][0] < mlm.capacity // 2:
            groups[-1].append(position)
        else:
            groups.append([position])
    cut = []
    for group in groups:
        start = (group[0] + group[-1] + 1 - mlm.capacity) // 2
        start = max(0, min(start, len(ids) - mlm.capacity))
        cut.append(_window(mlm, ids, group, start, start + mlm.capacity))
    return cut


def window_notice(mlm: MaskedLM, ids: Sequence[int], count: int) -> str:
    """What to tell about a text that was cut."""
    around = "the part around the masks" if count == 1 else f"{count} parts, each around its masks,"
    return f"The text has {len(ids):,} tokens and {mlm.name} reads {mlm.capacity:,} at once, so only {around} was read."


def _window(mlm: MaskedLM, ids: Sequence[int], positions: Sequence[int], start: int, end: int) -> Window:
    shift = len(mlm.prefix) - start
    return Window(mlm.with_special_tokens(ids[start:end]), [p + shift for p in positions])
