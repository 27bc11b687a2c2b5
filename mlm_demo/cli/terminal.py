"""Output: JSON, and progress as a status line, which is drawn only on a terminal."""

import json
import sys

from mlm_demo.runs.run import share_done

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


def print_json(value: object) -> None:
    """Print a value as the JSON that HTTP returns."""
    print(json.dumps(value, ensure_ascii=False, indent=2))
