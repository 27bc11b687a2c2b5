"""The command `facts`: how many facts up to three models know, beside what their templates alone bring."""

import argparse
import sys

from mlm_demo.cli.terminal import print_json, share
from mlm_demo.corpus.documents import ReadLimits
from mlm_demo.corpus.facts import read_facts
from mlm_demo.inference.engine import Engine
from mlm_demo.runs.adapted_models import catalogue_of
from mlm_demo.settings import Settings

NAMED = 3  # rows that were left out, each with its reason


def facts_command(options: argparse.Namespace, settings: Settings) -> None:
    """Print for each model and relation the accuracy at 1 and at k, with the subject and without."""
    notes: list[str] = []
    facts, dropped = read_facts(options.file, ReadLimits.of(settings), notes)
    notes += [f"{row.source} was left out: {row.reason}." for row in dropped[:NAMED]]
    if len(dropped) > NAMED:
        notes.append(f"{len(dropped) - NAMED:,} more rows were left out.")
    for note in notes:
        print(f"note: {note}", file=sys.stderr)
    found = Engine(settings, catalogue_of(settings)).ask_facts(
        [(fact.relation, fact.subject, fact.template, fact.object) for fact in facts],
        options.model or [""],
        k=options.top_k,
        on_progress=share,
    )
    if options.json:
        return print_json(found)
    for line in table(found["models"]):
        print(line)
    for model in found["models"]:
        if left_out := model["left_out"]:
            count = f"{len(left_out):,} fact{'s' * (len(left_out) > 1)}"
            reason = f"{model['model']['name']} cannot be asked {count}: {left_out[0]['error']}"
            print(f"note: {reason}", file=sys.stderr)


def table(models: list[dict]) -> list[str]:
    """Return the lines of the table: a row per model and relation."""
    k = models[0]["k"]
    headings = ["model", "relation", "facts", "first", "without subject", f"in {k}", "without subject"]
    rows = [headings]
    for model in models:
        several = len(model["relations"]) > 1
        for row in [*model["relations"], *([model["together"]] if several else [])]:
            shares = (row[name] for name in ("first", "first_without", "in_k", "in_k_without"))
            rows.append([model["model"]["name"], row["relation"], f"{row['facts']:,}", *map(_cell, shares)])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.rjust(width) if at == 2 else cell.ljust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def _cell(share: dict) -> str:
    return f"{100 * share['accuracy']:5.1f} % ({100 * share['low']:.1f} to {100 * share['high']:.1f})"
