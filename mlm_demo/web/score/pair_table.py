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


def drawn_pairs(models: Sequence[dict]) -> str:
    """Return the accuracies of some models as a table, a row per phenomenon; below it, what was left out.

    models: as `Engine.judge_pairs` returns them.
    """
    names = shown_names([model["model"] for model in models])
    phenomena = dict.fromkeys(row["phenomenon"] for model in models for row in model["phenomena"])
    several = len(phenomena) > 1
    rows = []
    for phenomenon in [*phenomena, *([None] if several else [])]:
        found = [_accuracy(model, phenomenon) for model in models]
        count = max(row["pairs"] for row in found if row)
        rows.append([escape(phenomenon or "all"), f"{count:,}", *map(_cell, found)])
    left_out = [
        f"{names[model['model']['name']]} cannot score {len(model['left_out']):,} of the pairs: "
        f"{model['left_out'][0]['error']}"
        for model in models
        if model["left_out"]
    ]
    return table(["Phenomenon", "Pairs", *names.values()], rows, "judged-pairs") + notices(left_out)


def pairs_csv(models: Sequence[dict]) -> str:
    """Return a row for each pair and model."""
    rows = []
    for model in models:
        by = {"model": model["model"]["name"], "revision": model["model"]["revision"]}
        rows += [{**pair, **by} for pair in (*model["pairs"], *model["left_out"])]
    return to_csv(rows, COLUMNS)


def _accuracy(model: dict, phenomenon: str | None) -> dict | None:
    """Return the row of a phenomenon, None if all its pairs were left out; phenomenon: None for all together."""
    if phenomenon is None:
        return model["together"]
    return next((row for row in model["phenomena"] if row["phenomenon"] == phenomenon), None)


def _cell(row: dict | None) -> str:
    if not row:
        return ""
    return f"{row['accuracy']:.1%} <small>({100 * row['low']:.1f} to {100 * row['high']:.1f})</small>"
