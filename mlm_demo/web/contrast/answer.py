"""Turn the form of the 'Contrast' tab into what the tab shows; plain functions, no widgets."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from mlm_demo.inference.engine import Engine
from mlm_demo.inference.hidden_words import MASK
from mlm_demo.inference.progress import Progress, silent
from mlm_demo.inference.spreadsheet import to_csv
from mlm_demo.web.contrast.bars import paired_bars
from mlm_demo.web.contrast.drawn_bars import drawn_bars
from mlm_demo.web.contrast.links import Asked, write_link
from mlm_demo.web.contrast.scatter import scatter
from mlm_demo.web.contrast.swaps import swaps
from mlm_demo.web.fill.charts import model_caption, shown_names
from mlm_demo.web.fill.links import page_address
from mlm_demo.web.html import figure
from mlm_demo.web.messages import notices

SAME = "Both sides are the same sentence before the same model. Change a word, or pick another model for the second."
NAME = 44  # characters of a sentence on an axis


@dataclass(frozen=True)
class Shown:
    """The values that an answer gives to the tab's components, by their names.

    swaps: words to swap in the second sentence, as buttons; copied: empty, because the link there is of another answer.
    """

    results: str
    kept: dict
    link: str
    json: str
    csv: str
    swaps: str
    copied: str = ""


def ask(engine: Engine, asked: Asked, problems: Sequence[str] = (), on_progress: Progress = silent) -> Shown:
    """Contrast the sentences and draw them; problems: notices about the link."""
    found = engine.contrast(asked.texts, asked.models, on_progress=on_progress)
    return Shown(
        results=draw(found, problems),
        kept=found,
        link=page_address() + write_link(asked),
        json=json.dumps(found, ensure_ascii=False, indent=2),
        csv=csv(found),
        swaps=swaps(asked.second, asked.first),
    )


def draw(found: dict, problems: Sequence[str] = ()) -> str:
    """Return the notices, the distance, the scatter plot and the bars; empty without an answer."""
    if not found:
        return ""
    first, second = found["models"]
    same_model = first["name"] == second["name"]
    more = [SAME] if same_model and found["texts"][0] == found["texts"][1] else []
    names = shown_names([first] if same_model else [first, second])
    captions = [
        f'<div class="domain-{model["domain"]}">{model_caption(model, found["seconds"], names)}</div>'
        for model in ([first] if same_model else found["models"])
    ]
    axes, sides = _names(found, names)
    body = (
        f'<p class="distance">{_distance(found)}</p>{_key(sides)}'
        f'<div class="contrasted">{scatter(found["words"], axes, sides)}'
        f'<div class="pairs">{paired_bars(found["words"], sides)}</div></div>'
        f'<div class="scatter" hidden>{drawn_bars(found["words"], sides, found["distance"])}</div>'
    )
    kinds = f"contrast first-{first['domain']} second-{second['domain']}"
    return notices([*problems, *more, *found["notices"]]) + figure(kinds, "".join(captions), body)


def csv(found: dict) -> str:
    """Return the words with their probabilities as CSV."""
    about = {
        "first_text": found["texts"][0],
        "second_text": found["texts"][1],
        "first_model": found["models"][0]["name"],
        "second_model": found["models"][1]["name"],
    }
    rows = [{**about, **word} for word in found["words"]]
    return to_csv(rows, (*about, "word", "first", "second", "divergence"))


def _key(sides: tuple[str, str]) -> str:
    """Return which marks belong to which side: filled ones to the first, hollow ones to the second."""
    items = "".join(
        f'<span class="{kind}"><i aria-hidden="true"></i>more probable {escape(side)}</span>'
        for kind, side in zip(("first", "second"), sides, strict=True)
    )
    return f'<p class="key" dir="auto">Points and bars: {items}</p>'


def _distance(found: dict) -> str:
    left_out = found["left_out"]
    more = (
        f" {left_out} word{'s' * (left_out > 1)} that the other model writes in several pieces "
        f"{'are' if left_out > 1 else 'is'} left out."
        if left_out
        else ""
    )
    if found["distance"] is None:
        return f"The two models have different vocabularies, so the lists have no distance.{more}"
    return (
        f"<b>{found['distance']:.3f} bits</b> apart on a scale from 0, the same list, to 1, no word in common "
        f"(Jensen–Shannon divergence).{more}"
    )


def _names(found: dict, names: dict[str, str]) -> tuple[tuple[str, str], tuple[str, str]]:
    """Return the names of the axes and of the sides: what tells them apart, their models or their sentences."""
    first, second = found["texts"]
    if first == second and len(names) == 2:
        one, other = (names[model["name"]] for model in found["models"])
        axes = tuple(f"{name}: {_around_mask(first)}" for name in (one, other))
        return axes, (f"for {one}", f"for {other}")
    axes = f"First: {_around_mask(first)}", f"Second: {_around_mask(second)}"
    return axes, ("in the first", "in the second")


def _around_mask(text: str) -> str:
    """Return a sentence with its blank, cut to the length of an axis."""
    text = " ".join(text.replace(MASK, "___").split())
    return text if len(text) <= NAME else text[: NAME - 2].rstrip() + " …"
