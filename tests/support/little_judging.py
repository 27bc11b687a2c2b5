"""Judging on a little text, for trainings whose figures no test looks at: it takes most of the time of a tiny one."""

from collections.abc import Callable
from pathlib import Path

from mlm_demo.training import dataset, evaluation

PARAGRAPHS, MASKED = 16, 200  # of general English, half of them to replay; masked tokens that are enough


def judge_on_little(file: Path, patch: Callable = setattr) -> None:
    """Write the first paragraphs of our general English to a file, and judge on them and on few masks from now on."""
    paragraphs = dataset.GENERAL_TEXT.read_text(encoding="utf-8").split("\n\n")
    file.write_text("\n\n".join(paragraphs[:PARAGRAPHS]), encoding="utf-8")
    patch(dataset, "GENERAL_TEXT", file)
    patch(evaluation, "ENOUGH_MASKED", MASKED)
