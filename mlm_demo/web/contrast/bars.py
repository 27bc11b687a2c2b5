"""Draw the words that differ most between two blanks as paired bars: those of the first, and those of the second."""

from collections.abc import Sequence
from html import escape

from mlm_demo.web.fill.charts import probability, scale_for
from mlm_demo.web.html import bar

ROWS = 7  # of each


def paired_bars(words: Sequence[dict], sides: tuple[str, str]) -> str:
    """Return two lists on one scale.

    words: those that differ most first; sides: what each is called after `More probable`, such as `in the first`.
    """
    lists, scale = more_probable(words)
    return "".join(
        _list(f"More probable {side}", some, scale, sides) for side, some in zip(sides, lists, strict=True)
    )


def more_probable(words: Sequence[dict]) -> tuple[tuple[list[dict], list[dict]], float]:
    """Return the first words that are more probable in the first blank, and in the second, and the scale of both."""
    firsts = [word for word in words if word["first"] > word["second"]][:ROWS]
    seconds = [word for word in words if word["second"] > word["first"]][:ROWS]
    scale = scale_for([{"score": max(word["first"], word["second"])} for word in firsts + seconds])
    return (firsts, seconds), scale


def _list(title: str, words: Sequence[dict], scale: float, sides: tuple[str, str]) -> str:
    rows = "".join(_row(word, scale, sides) for word in words) or '<li class="none">None of the words.</li>'
    return f'<div class="pair-list"><h4 dir="auto">{escape(title)}</h4><ol>{rows}</ol></div>'


def _row(word: dict, scale: float, sides: tuple[str, str]) -> str:
    text, first, second = escape(word["word"]), probability(word["first"]), probability(word["second"])
    spoken = f"{text}, probability {first} {escape(sides[0])} and {second} {escape(sides[1])}"
    bars = "".join(
        f'<span class="{side}">{bar(min(word[side] / scale, 1.0))}<span class="score">{shown}</span></span>'
        for side, shown in (("first", first), ("second", second))
    )
    return f'<li aria-label="{spoken}"><span class="word" dir="auto">{text}</span><span class="pair">{bars}</span></li>'
