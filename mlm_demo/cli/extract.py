"""The command `extract`: answers to questions from papers, as a table."""

import argparse
import signal
import sys

from mlm_demo.cli import terminal
from mlm_demo.cli.stop import stopped_by_signal
from mlm_demo.corpus.documents import ReadLimits
from mlm_demo.corpus.papers import read_papers
from mlm_demo.inference.engine import Engine
from mlm_demo.runs.adapted_models import catalogue_of
from mlm_demo.settings import Settings

WIDTH = 100  # characters of a sentence that are printed


def extract_command(options: argparse.Namespace, settings: Settings) -> None:
    """Read the files, ask the questions, and print the table. The first Ctrl-C prints what was found until then."""
    limits = ReadLimits.of(settings)
    papers, notes = read_papers(
        options.files, column=options.column, limits=limits, on_progress=terminal.status
    )
    with stopped_by_signal("", [signal.SIGINT]) as received:
        extraction = Engine(settings, catalogue_of(settings)).extract(
            papers,
            options.question,
            options.model,
            threshold=options.threshold,
            on_progress=terminal.share,
            should_stop=lambda: bool(received),
        )
    terminal.status("")
    notes += extraction.notes
    if options.json:
        return terminal.print_json({**extraction.to_json(), "notes": notes})
    for note in notes:
        print(f"note: {note}", file=sys.stderr)
    if options.csv:
        return print(extraction.to_csv(), end="")
    for question in extraction.questions:
        rows = [row for row in extraction.rows if row["question"] == question]
        print(f"{question}  answered in {extraction.answered(question)} of {len(rows)}")
        for row in rows:
            answer = "no answer found" if row["answer"] is None else _line(row["answer"])
            print(f"  {row['relevance']:.2f}  {_line(row['title'])}: {answer}")
            if row["answer"] is not None and row["answer"] != row["sentence"]:
                print(f"        {_line(row['sentence'])}")


def _line(text: str) -> str:
    """Return a text on one line, cut after WIDTH characters."""
    text = " ".join(text.split())
    return text if len(text) <= WIDTH else f"{text[: WIDTH - 1]}…"
