"""Output: JSON, tables, notes, and progress as a status line, which is drawn only on a terminal."""

import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence

from mlm_demo.corpus.documents import Dropped, named_rows
from mlm_demo.runs.run import share_done
from mlm_demo.training.result import Training

BAR = 30  # characters


def status(text: str) -> None:
    """Replace the status line; an empty text clears it."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def stage(text: str) -> None:
    """Print the current stage: as the status line on a terminal, else on a line of its own."""
    if sys.stderr.isatty():
        status(text)
    else:
        print(text, file=sys.stderr, flush=True)


def share(done: float, stage: str) -> None:
    """Draw the share done of a stage, from 0 to 1."""
    status(f"{stage} {done:.0%}" if done < 1 else "")


def training(line: dict) -> None:
    """Show a log line of training: as a bar for a step, and on a line of its own for an evaluation or a stage."""
    if "stage" in line or "note" in line:
        print(line.get("stage") or line["note"], file=sys.stderr, flush=True)
    elif "eval_loss" in line:
        status("")
        print(f"step {line['step']}: eval loss {line['eval_loss']:.3f}", file=sys.stderr, flush=True)
    elif "loss" in line:
        done = round(BAR * share_done(line))
        status(f"[{'=' * done}{' ' * (BAR - done)}] {line['step']}/{line['of']}  loss {line['loss']:.3f}")


def print_ending(outcome: Training) -> None:
    """Print why training ended early, which weights it kept and how to continue; nothing if there is nothing to say."""
    if ending := outcome.ending():
        print(ending)
    if outcome.stopped:
        print("Stopped early; to continue from here, repeat the command with --resume.")


def print_json(value: object) -> None:
    """Print a value as the JSON that HTTP returns."""
    print(json.dumps(value, ensure_ascii=False, indent=2))


def print_notes(notes: Iterable[str], dropped: Sequence[Dropped] = ()) -> None:
    """Print notes about a file, and which of its rows were left out: the first few with their reasons."""
    for note in [*notes, *named_rows(dropped)]:
        print(f"note: {note}", file=sys.stderr)


def print_judged(
    models: list[dict], table: Callable[[list[dict]], list[str]], cannot: str, item: str
) -> None:
    """Print the table of some models, and how many items each had to leave out, with the first reason.

    cannot: what the model cannot do with them, such as `cannot score`; item: what they are called, in the singular.
    """
    for line in table(models):
        print(line)
    for model in models:
        if left_out := model["left_out"]:
            count = f"{len(left_out):,} {item}{'s' * (len(left_out) > 1)}"
            print_notes([f"{model['model']['name']} {cannot} {count}: {left_out[0]['error']}"])


def columns(rows: Sequence[Sequence[str]], right: int) -> list[str]:
    """Return the lines of a table whose columns are aligned; right: the column that is aligned to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.rjust(width) if at == right else cell.ljust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def accuracy(found: Mapping[str, float]) -> str:
    """Return an accuracy with its interval in percent."""
    return f"{100 * found['accuracy']:5.1f}% ({100 * found['low']:.1f} to {100 * found['high']:.1f})"
