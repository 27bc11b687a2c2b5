"""Judged minimal pairs on the 'Score' tab: accuracy by phenomenon as a table."""

from collections.abc import Sequence
from html import escape

from mlm_demo.web.fill.charts import shown_names
from mlm_demo.web.html import table
from mlm_demo.web.messages import notices

ABOUT = (
    "<p class='facts'>The share of the pairs whose good sentence the model finds more probable, with the 95% "
    "interval. Chance is 50%.</p>"
)


def drawn_pairs(models: Sequence[dict]) -> str:
    """Return the accuracies of some models as a table, a row per phenomenon; below it, what was left out.

    models: as `Engine.judge_pairs` returns them.
    """
    names = shown_names([model["model"] for model in models])
    from mlm_demo.inference.pairs import accuracy_rows  # imports torch, which the page starts without

    found = accuracy_rows(models)
    if len(found) == 2:  # one phenomenon, and all of it
        found.pop()
    rows = [[escape(name), f"{count:,}", *map(_cell, row)] for name, count, row in found]
    drawn = table(["Phenomenon", "Pairs", *names.values()], rows, "judged-pairs")
    return drawn + ABOUT + left_out(models, names, "cannot score", "pairs")


def left_out(models: Sequence[dict], names: dict[str, str], cannot: str, rows: str) -> str:
    """Return for each model how many rows it could not be asked, and why not the first of them."""
    return notices(
        [
            f"{names[model['model']['name']]} {cannot} {len(model['left_out']):,} of the {rows}: "
            f"{model['left_out'][0]['error']}"
            for model in models
            if model["left_out"]
        ]
    )


def share(found: dict) -> str:
    """Return a share with its interval, as HTML."""
    return f"{found['accuracy']:.1%} <small>({100 * found['low']:.1f} to {100 * found['high']:.1f})</small>"


def _cell(row: dict | None) -> str:
    return share(row) if row else ""
