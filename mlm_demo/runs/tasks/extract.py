"""The task `extract`: questions asked of more papers than a page answers while somebody waits.

The papers come as one file that the page wrote, with their sentences. Each answer is written as soon as it is known,
and a resumed run goes on after the last one: a paper is computed by itself, so the table is the same.
"""

import json
import math
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

from mlm_demo.errors import RunError, TrainingError
from mlm_demo.inference.engine import Engine
from mlm_demo.inference.extract.extraction import Extraction, Finding
from mlm_demo.inference.extract.paper import Paper
from mlm_demo.models.catalogue import Catalogue, ModelRef
from mlm_demo.models.taught import require_taught
from mlm_demo.runs.run import Run
from mlm_demo.runs.tasks.task import Shift
from mlm_demo.settings import Settings
from mlm_demo.system.files import read, write, writing
from mlm_demo.system.memory import out_of_memory_as_error
from mlm_demo.training.prepare import limit_memory_of_model

PAPERS, FINDINGS, TABLE = "papers.json", "findings.jsonl", "extraction.json"
SECONDS_BETWEEN_LINES = 0.5

Rows = Sequence[
    tuple[str, str, str, Sequence[tuple[int, int]]]
]  # document, title, text and sentences of each paper


@dataclass(frozen=True)
class ExtractRequest:
    """A request to ask questions of papers.

    model: empty for the built-in one. threshold: the least score of an answer, None for what the model was calibrated
    to; it only decides what is shown.
    """

    questions: tuple[str, ...]
    model: str = ""
    threshold: float | None = None

    verb: ClassVar = "extract"
    made: ClassVar = ""

    @classmethod
    def from_json(cls, request: dict) -> "ExtractRequest":
        """Return the request that `to_json` wrote."""
        return cls(tuple(request["questions"]), request["model"], request.get("threshold"))

    def to_json(self) -> dict:
        """Return the request as run.json holds it."""
        return asdict(self)

    def to_argv(self) -> list[str]:
        """Return the request as options of the command line, after the files."""
        asked = [part for question in self.questions for part in ("--question", question)]
        if self.model:
            asked += ["--model", self.model]
        return asked if self.threshold is None else [*asked, f"--threshold={self.threshold}"]

    @property
    def budget(self) -> str:
        """What is asked, as a phrase."""
        return "1 question" if len(self.questions) == 1 else f"{len(self.questions)} questions"


class Extracting:
    """Extraction in the background."""

    name, keeps_files = ExtractRequest.verb, False

    def base(self, request: ExtractRequest, catalogue: Catalogue) -> ModelRef:
        """Return the model that is asked; raises ModelError for one that was taught no task."""
        return require_taught(request.model, catalogue)

    def check(self, request: ExtractRequest, settings: Settings) -> None:
        """Raise TrainingError without a question; the page has checked the rest."""
        if not request.questions:
            raise TrainingError("There is no question; write what you want to know of the papers.")

    def work(self, run: Run, settings: Settings, catalogue: Catalogue, shift: Shift) -> str:
        """Answer, or go on after the last answer; log `stage` with `done`, the share of the papers."""
        asked = ExtractRequest.from_json(run.request.request)
        with writing(run.folder):
            run.output.mkdir(exist_ok=True)
            if not (run.output / PAPERS).exists():  # the input is deleted when the run is done
                write(run.output / PAPERS, {"papers": read_rows(run.input / run.request.files[0])})
        rows = read(run.output / PAPERS)["papers"]
        known = {item["paper"] for item in _lines(run)}
        limit_memory_of_model(settings)
        engine, logged = Engine(settings, catalogue), -SECONDS_BETWEEN_LINES
        for number, row in enumerate(rows):
            if number in known:
                continue
            if time.monotonic() - logged > SECONDS_BETWEEN_LINES:
                logged = time.monotonic()
                run.log({"stage": f"{len(known):,} of {len(rows):,} papers", "done": len(known) / len(rows)})
            with out_of_memory_as_error():
                found = engine.extract([row], asked.questions, asked.model, should_stop=shift.should_stop)
            if shift.should_stop() and len(found.findings) < len(found.questions):
                return f"after {len(known):,} of {len(rows):,} papers. They are kept, and Resume continues."
            if not (run.output / TABLE).exists():
                with writing(run.folder):
                    write(run.output / TABLE, {"model": found.model, "threshold": found.threshold})
            _append(run, number, found)
            known.add(number)
        if found := extraction_of(run):  # so that a list of runs need not read the table
            answered = sum(row["answer"] is not None for row in found.rows)
            table = {"answered": answered, "rows": len(found.rows)}
            with writing(run.folder):
                write(run.output / TABLE, {**read(run.output / TABLE), **table})
        return ""

    def models(self, run: Run) -> list[ModelRef]:
        """Return no model: none is made."""
        return []

    def figures(self, run: Run) -> Any:
        """Return how many papers are done and answered at the calibrated threshold, None before the first one."""
        found = extraction_of(run)
        if found is None:
            return None
        answered = [{"question": asked, "answered": found.answered(asked)} for asked in found.questions]
        return {"papers": len(found.findings) // len(found.questions), "questions": answered}

    def to_argv(self, request: dict) -> list[str]:
        """Return the request as options of the command `extract`."""
        return ExtractRequest.from_json(request).to_argv()


def write_rows(path: Path, rows: Rows) -> None:
    """Write papers into the file that a run starts with."""
    path.write_text(json.dumps([list(row) for row in rows], ensure_ascii=False), encoding="utf-8")


def read_rows(path: Path) -> list[list]:
    """Return the papers of a file; raises RunError if it is none that `write_rows` wrote."""
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        for document, title, text, sentences in rows:
            Paper.of(document, title, text, sentences)
    except (ValueError, TypeError) as error:
        raise RunError(f"The papers of the run cannot be read ({error}); ask again.") from error
    return rows


def extraction_of(run: Run) -> Extraction | None:
    """Return the table of a run as far as it is known, None before the first paper, and for runs of another task."""
    table = read(run.output / TABLE) if run.request.task == Extracting.name else {}
    if not table:
        return None
    asked = ExtractRequest.from_json(run.request.request)
    papers = [Paper.of(*row) for row in read(run.output / PAPERS)["papers"]]
    findings, notes = [], []
    for line in _lines(run):
        notes += line["notes"]
        for question, item in zip(asked.questions, line["findings"], strict=True):
            findings.append(_finding(papers[line["paper"]], question, item))
    return Extraction.of(table["model"], table["threshold"], asked.questions, findings, notes)


def answered_of(run: Run) -> str:
    """Return in how many rows of a table there is an answer, as a phrase; empty while the run is not done."""
    table = read(run.output / TABLE) if run.request.task == Extracting.name else {}
    return "{answered:,} of {rows:,} answered".format(**table) if "answered" in table else ""


def _append(run: Run, number: int, found: Extraction) -> None:
    """Write what was found in one paper as a line."""
    findings = [
        {
            "span": finding.span,
            "score": finding.score if math.isfinite(finding.score) else None,
            "relevances": {n: share for n, share in enumerate(finding.relevances) if share is not None},
        }
        for finding in found.findings
    ]
    line = {"paper": number, "findings": findings, "notes": found.notes}
    # First a line end, because a crash may have cut the last line off.
    with writing(run.folder), (run.output / FINDINGS).open("a", encoding="utf-8") as file:
        file.write("\n" + json.dumps(line, ensure_ascii=False))


def _lines(run: Run) -> list[dict]:
    """Return what is known of each paper; a line that was cut off is left out, so its paper is asked again."""
    try:
        text = (run.output / FINDINGS).read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    found = {}
    for line in text.split("\n"):
        with suppress(ValueError):
            item = json.loads(line)
            found[item["paper"]] = item
    return [found[number] for number in sorted(found)]


def _finding(paper: Paper, question: str, item: dict) -> Finding:
    score = -math.inf if item["score"] is None else item["score"]
    relevances = {int(number): share for number, share in item["relevances"].items()}
    return Finding(
        paper,
        question,
        tuple(item["span"]) if item["span"] else None,
        score,
        tuple(relevances.get(number) for number in range(len(paper.sentences))),
    )
