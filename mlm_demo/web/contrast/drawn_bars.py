"""Draw the paired bars of a contrast in SVG, as they stand in its saved picture beside the scatter plot."""

from collections.abc import Sequence
from html import escape

from mlm_demo.training.svg import svg
from mlm_demo.web.contrast.bars import more_probable
from mlm_demo.web.contrast.scatter import SIZE
from mlm_demo.web.fill.charts import probability

WIDTH = 420  # pixels; as high as the plot
WORD, BARS, NUMBERS = 0, 132, 352  # where words, bars and numbers begin
HEADING, ROW, BAR, BETWEEN = 26, 26, 9, 12  # heights, and the distance of two lists
LETTERS, TITLE_LETTERS = 16, 50  # that a word and a title have at most


def drawn_bars(words: Sequence[dict], sides: tuple[str, str], distance: float | None = None) -> str:
    """Return the drawing; words, sides: as for `paired_bars`, whose words and scale these are.

    distance: of the two lists in bits, None without one.
    """
    lists, scale = more_probable(words)
    parts, y = [], 18.0
    for side, some in zip(sides, lists, strict=True):
        parts.append(
            f'<text class="axis-name" x="{WORD}" y="{y}">{_cut(f"More probable {side}", TITLE_LETTERS)}</text>'
        )
        y += HEADING
        for word in some:
            parts += _row(word, scale, y)
            y += ROW
        if not some:
            parts.append(f'<text x="{WORD}" y="{y}">None of the words.</text>')
            y += ROW
        y += BETWEEN
    if distance is not None:
        said = f"{distance:.3f} bits apart (Jensen–Shannon divergence)"
        parts.append(f'<text x="{WORD}" y="{SIZE - 8}">{said}</text>')
    return svg(WIDTH, SIZE, "The words that differ most, with both probabilities", parts)


def _row(word: dict, scale: float, y: float) -> list[str]:
    parts = [f'<text class="name" x="{WORD}" y="{y + 4}">{_cut(word["word"], LETTERS)}</text>']
    for side, middle in (("first", y - 6), ("second", y + 5)):
        length = min(word[side] / scale, 1.0) * (NUMBERS - BARS - 8)
        parts.append(
            f'<rect class="{side}" x="{BARS}" y="{middle - BAR / 2}" width="{max(length, 0.5):.1f}" height="{BAR}"/>'
            f'<text class="number" x="{NUMBERS}" y="{middle + 4}">{probability(word[side])}</text>'
        )
    return parts


def _cut(text: str, letters: int) -> str:
    return escape(text if len(text) <= letters else text[: letters - 1].rstrip() + "…")
