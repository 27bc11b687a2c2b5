"""Judged minimal pairs on the 'Score' tab: accuracy by phenomenon as a table, and every pair as CSV."""

from collections.abc import Sequence
from html import escape

from mlm_demo.inference.spreadsheet import to_csv
from mlm_demo.web.fill.charts import shown_names
from mlm_demo.web.html import table
from mlm_demo.web.messages import notices

COLUMNS = (
    "phenomenon", "good", "bad", "model", "revision", "good_log_likelihood", "bad_log_likelihood", "correct", "error",
)  # fmt: skip
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
    left_out = [
        f"{names[model['model']['name']]} cannot score {len(model['left_out']):,} of the pairs: "
        f"{model['left_out'][0]['error']}"
        for model in models
        if model["left_out"]
    ]
    drawn = table(["Phenomenon", "Pairs", *names.values()], rows, "judged-pairs")
    return drawn + ABOUT + notices(left_out)


def pairs_csv(models: Sequence[dict]) -> str:
    """Return a row for each pair and model."""
    rows = []
    for model in models:
        by = {"model": model["model"]["name"], "revision": model["model"]["revision"]}
        rows += [{**pair, **by} for pair in (*model["pairs"], *model["left_out"])]
    return to_csv(rows, COLUMNS)


def _cell(row: dict | None) -> str:
    if not row:
        return ""
    return f"{row['accuracy']:.1%} <small>({100 * row['low']:.1f} to {100 * row['high']:.1f})</small>"
