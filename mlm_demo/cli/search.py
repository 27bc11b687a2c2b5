"""The command `search`: the sentences of papers that are nearest to a query."""

import argparse
import sys

from mlm_demo.cli import terminal
from mlm_demo.corpus.documents import ReadLimits
from mlm_demo.corpus.papers import read_papers
from mlm_demo.inference.engine import Engine
from mlm_demo.runs.adapted_models import catalogue_of
from mlm_demo.settings import Settings


def search_command(options: argparse.Namespace, settings: Settings) -> None:
    """Read the files, and print the passages with their similarities, the nearest first."""
    limits = ReadLimits.of(settings)
    papers, notes = read_papers(
        options.files, column=options.column, limits=limits, on_progress=terminal.status
    )
    try:
        found = Engine(settings, catalogue_of(settings)).search(
            papers, options.query, options.model, top_k=options.top_k, on_progress=terminal.share
        )
    finally:
        terminal.status("")
    for note in notes:
        print(f"note: {note}", file=sys.stderr)
    if options.json:
        return terminal.print_json(found)
    for passage in found["passages"]:
        print(f"{passage['similarity']:5.2f}  {passage['document']}: {' '.join(passage['text'].split())}")
