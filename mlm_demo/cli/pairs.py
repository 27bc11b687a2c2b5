"""The command `pairs`: how many minimal pairs up to three models judge as a grammar does."""

import argparse

from mlm_demo.cli.terminal import accuracy, columns, print_json, print_judged, print_notes, share
from mlm_demo.corpus.documents import ReadLimits
from mlm_demo.corpus.pairs.pair_file import read_pairs
from mlm_demo.corpus.pairs.phenomena import built_in_pairs
from mlm_demo.inference.engine import Engine
from mlm_demo.runs.adapted_models import catalogue_of
from mlm_demo.settings import Settings


def pairs_command(options: argparse.Namespace, settings: Settings) -> None:
    """Print the accuracy of each model by phenomenon, with 95% intervals."""
    notes: list[str] = []
    dropped = []
    if options.file is None:
        pairs = built_in_pairs()
    else:
        pairs, dropped = read_pairs(options.file, ReadLimits.of(settings), notes)
    print_notes(notes, dropped)
    found = Engine(settings, catalogue_of(settings)).judge_pairs(
        [(pair.phenomenon, pair.good, pair.bad) for pair in pairs],
        options.model or [""],
        method=options.method,
        on_progress=share,
    )
    if options.json:
        return print_json(found)
    print_judged(found["models"], table, "cannot score", "pair")


def table(models: list[dict]) -> list[str]:
    """Return the lines of the table: a row per phenomenon, a column per model."""
    from mlm_demo.inference.pairs import (
        accuracy_rows,
    )  # imports torch, which the other commands start without

    rows = [["phenomenon", "pairs", *(model["model"]["name"] for model in models)]]
    rows += [[name, f"{count:,}", *map(_cell, found)] for name, count, found in accuracy_rows(models)]
    return columns(rows, right=1)


def _cell(row: dict | None) -> str:
    return accuracy(row) if row else ""
