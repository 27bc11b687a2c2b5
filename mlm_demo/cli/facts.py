"""The command `facts`: how many facts up to three models know, beside what their templates alone bring."""

import argparse

from mlm_demo.cli.terminal import accuracy, columns, print_json, print_judged, print_notes, share
from mlm_demo.corpus.documents import ReadLimits
from mlm_demo.corpus.facts import read_facts
from mlm_demo.inference.engine import Engine
from mlm_demo.runs.adapted_models import catalogue_of
from mlm_demo.settings import Settings


def facts_command(options: argparse.Namespace, settings: Settings) -> None:
    """Print for each model and relation the accuracy at 1 and at k, with the subject and without."""
    notes: list[str] = []
    facts, dropped = read_facts(options.file, ReadLimits.of(settings), notes)
    print_notes(notes, dropped)
    found = Engine(settings, catalogue_of(settings)).ask_facts(
        [(fact.relation, fact.subject, fact.template, fact.object) for fact in facts],
        options.model or [""],
        k=options.top_k,
        on_progress=share,
    )
    if options.json:
        return print_json(found)
    print_judged(found["models"], table, "cannot be asked", "fact")


def table(models: list[dict]) -> list[str]:
    """Return the lines of the table: a row per model and relation."""
    k = models[0]["k"]
    headings = ["model", "relation", "facts", "first", "without subject", f"in {k}", "without subject"]
    rows = [headings]
    for model in models:
        several = len(model["relations"]) > 1
        for row in [*model["relations"], *([model["together"]] if several else [])]:
            shares = (row[name] for name in ("first", "first_without", "in_k", "in_k_without"))
            rows.append(
                [model["model"]["name"], row["relation"], f"{row['facts']:,}", *map(accuracy, shares)]
            )
    return columns(rows, right=2)
