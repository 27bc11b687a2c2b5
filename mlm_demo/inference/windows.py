"""Cut a text that is longer than a model reads into windows around some of its tokens."""

from collections.abc import Sequence
from dataclasses import dataclass

from mlm_demo.errors import ModelError
from mlm_demo.models.masked_lm import MaskedLM


@dataclass(frozen=True)
class Window:
    """A row for the model: token ids with special tokens, and the wanted positions in it."""

    ids: list[int]
    positions: list[int]


def windows(mlm: MaskedLM, ids: Sequence[int], positions: Sequence[int]) -> list[Window]:
    """Cut the tokens of a text into the fewest windows that hold all positions, in order.

    A text within the limit is one window. In a longer one, positions within half a window of each other share a
    window, so each has at least a quarter of a window of context on either side, as far as the text goes.
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
    """Return the notice about a text that was cut into `count` windows."""
    read = "the part around the masks was" if count == 1 else f"{count} parts around the masks were"
    return f"The text has {len(ids):,} tokens and {mlm.name} reads {mlm.capacity:,} at once, so only {read} read."


def _window(mlm: MaskedLM, ids: Sequence[int], positions: Sequence[int], start: int, end: int) -> Window:
    shift = len(mlm.prefix) - start
    return Window(mlm.with_special_tokens(ids[start:end]), [p + shift for p in positions])
