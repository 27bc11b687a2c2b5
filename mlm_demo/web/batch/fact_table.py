"""Facts that models were asked, on the 'Fill mask' tab: how often the object comes first, by relation."""

from collections.abc import Sequence
from html import escape

from mlm_demo.web.batch.pair_table import left_out, share
from mlm_demo.web.fill.charts import shown_names
from mlm_demo.web.html import table

ABOUT = (
    "<p class='facts'>How often the object is the model's first word, and how often it is among the first {k}, with "
    "95% intervals. <i>Subject hidden</i>: the same sentences with the subject masked too. Where that share is as "
    "high, the model did not need to know the subject.</p>"
)


def drawn_facts(models: Sequence[dict]) -> str:
    """Return a table with a row for each relation and model; below it, what was left out.

    models: as `Engine.ask_facts` returns them.
    """
    names, k, rows = shown_names([model["model"] for model in models]), models[0]["k"], []
    headings = [
        "Relation",
        "Model",
        "Facts",
        "First word",
        "Subject hidden",
        f"First {k} words",
        "Subject hidden",
    ]
    for name in dict.fromkeys(row["relation"] for model in models for row in model["relations"]):
        rows += _rows(name, models, names)
    if len({row["relation"] for model in models for row in model["relations"]}) > 1:
        rows += _rows("", models, names)
    return (
        table(headings, rows, "judged-pairs")
        + ABOUT.format(k=k)
        + left_out(models, names, "cannot be asked", "facts")
    )


def _rows(relation: str, models: Sequence[dict], names: dict[str, str]) -> list[list[str]]:
    """Return the rows of a relation; empty: of all together."""
    found = []
    for model in models:
        relations = {row["relation"]: row for row in model["relations"]}
        row = relations.get(relation) if relation else model["together"]
        if row:
            shares = (share(row[part]) for part in ("first", "first_without", "in_k", "in_k_without"))
            name = escape(names[model["model"]["name"]])
            found.append([escape(row["relation"]), name, f"{row['facts']:,}", *shares])
    return found
