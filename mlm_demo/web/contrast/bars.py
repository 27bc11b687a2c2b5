"""Draw the words that differ most between two blanks as paired bars: those of the first, and those of the second."""

from collections.abc import Sequence
from html import escape

from mlm_demo.web.fill.charts import probability, scale_for
from mlm_demo.web.html import bar

ROWS = 7  # of each


def paired_bars(words: Sequence[dict]) -> str:
    """Return two lists on one scale; words: those that differ most first."""
    firsts = [word for word in words if word["first"] > word["second"]][:ROWS]
    seconds = [word for word in words if word["second"] > word["first"]][:ROWS]
    scale = scale_for([{"score": max(word["first"], word["second"])} for word in firsts + seconds])
    return _list("More probable in the first", firsts, scale) + _list(
        "More probable in the second", seconds, scale
    )


def _list(title: str, words: Sequence[dict], scale: float) -> str:
    rows = "".join(_row(word, scale) for word in words) or '<li class="none">None of the words.</li>'
    return f'<div class="pair-list"><h4>{title}</h4><ol>{rows}</ol></div>'


def _row(word: dict, scale: float) -> str:
    text, first, second = escape(word["word"]), probability(word["first"]), probability(word["second"])
    spoken = f"{text}, probability {first} in the first and {second} in the second"
    bars = "".join(
        f'<span class="{side}">{bar(min(word[side] / scale, 1.0))}<span class="score">{shown}</span></span>'
        for side, shown in (("first", first), ("second", second))
    )
    return f'<li aria-label="{spoken}"><span class="word" dir="auto">{text}</span><span class="pair">{bars}</span></li>'
