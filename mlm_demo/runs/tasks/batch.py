"""The tasks `fill`, `score`, `pairs` and `facts`: a file that takes longer than a person waits, row by row.

The run starts with the file as it was uploaded. The answers to some rows are written together, as soon as they are
known, and a resumed run goes on after the last ones. Rows are asked in the shell's groups, so the answers to sentences
are the shell's, to the last digit.
"""

import json
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar

from mlm_demo.corpus.documents import Dropped, ReadLimits, named_rows
from mlm_demo.corpus.facts import read_facts
from mlm_demo.corpus.pairs.pair_file import read_pairs
from mlm_demo.corpus.sentence_file import read_sentences
from mlm_demo.errors import MlmDemoError, ModelError, ParameterError
from mlm_demo.inference.engine import Engine
from mlm_demo.inference.progress import time_left
from mlm_demo.models.catalogue import Catalogue, ModelRef
from mlm_demo.runs.answered_file import (
    ASKED,
    COUNTED,
    FILL,
    KINDS,
    NOUNS,
    PAIRS,
    TOGETHER,
    Item,
    answered,
    failed,
)
from mlm_demo.runs.run import Run
from mlm_demo.runs.tasks.task import Shift
from mlm_demo.settings import Settings
from mlm_demo.system.files import read, write, writing
from mlm_demo.system.memory import out_of_memory_as_error
from mlm_demo.training.prepare import limit_memory_of_model

ROWS, NOTES, SUMMARY = "rows.jsonl", "notes.json", "summary.json"
SECONDS_BETWEEN_LINES = 2.0
FILLED_TOGETHER = 16  # each sentence is asked by itself


class Stopped(Exception):
    """The run has to stop in the middle of a group of rows, which is asked again after Resume."""


@dataclass(frozen=True)
class BatchRequest:
    """A request to ask up to three models each row of a file.

    verb: one of KINDS; more_models: beside the first one; options: of the command, by name; rows: how many the page has
    counted.
    """

    verb: str
    model: str = ""
    more_models: tuple[str, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)
    rows: int = 0

    made: ClassVar = ""

    @classmethod
    def from_json(cls, request: dict) -> "BatchRequest":
        """Return the request that `to_json` wrote."""
        return cls(**{**request, "more_models": tuple(request["more_models"])})

    def to_json(self) -> dict:
        """Return the request as run.json holds it."""
        return asdict(self)

    @property
    def models(self) -> tuple[str, ...]:
        """The models that are asked."""
        return (self.model, *self.more_models)

    @property
    def sentences(self) -> int:
        """How many sentences are asked; a fact is asked with its subject and without."""
        return self.rows * (2 if self.verb in COUNTED else 1)

    @property
    def exact(self) -> bool:
        """Whether the models are asked in exact precision."""
        several = self.options.get("targets") or self.options.get("joint")
        return self.verb != FILL or bool(several) or self.options.get("precision") == "exact"

    def to_argv(self) -> list[str]:
        """Return the request as options of the command line, after the file; `fill` and `score` ask one model there."""
        models = self.models if self.verb in COUNTED else self.models[:1]
        argv = [part for model in models if model for part in ("--model", model)]
        for name, value in self.options.items():
            option = f"--{name.replace('_', '-')}"
            if value is True:
                argv.append(option)
            elif value not in (None, "", False):
                argv += [option, str(value)]
        return argv

    @property
    def budget(self) -> str:
        """How much is asked, as a phrase."""
        return counted(self.verb, self.rows)


class Batch:
    """A file that is asked in the background; name: one of KINDS."""

    def __init__(self, name: str):
        self.name, self.keeps_files = name, False

    def base(self, request: BatchRequest, catalogue: Catalogue) -> ModelRef:
        """Return the first model; raises ModelError if one of them is unknown."""
        for name in request.more_models:
            catalogue.find(name)
        return catalogue.find_or_base(request.model)

    def check(self, request: BatchRequest, settings: Settings) -> None:
        """Raise ParameterError for a file with too many sentences."""
        sentences, limit = request.sentences, settings.max_file_sentences
        if sentences > limit:
            raise ParameterError(
                f"The file has {sentences:,} sentences; the limit is {limit:,}. Cut it, or use the command line."
            )

    def work(self, run: Run, settings: Settings, catalogue: Catalogue, shift: Shift) -> str:
        """Answer, or go on after the last answer; log `stage` with `done`, the share of the rows."""
        asked = BatchRequest.from_json(run.request.request)
        notes: list[str] = []
        with shift.reading():
            items = read_items(asked.verb, run.input / run.request.files[0], settings, notes)
        with writing(run.folder):
            run.output.mkdir(exist_ok=True)
            write(run.output / NOTES, {"notes": notes})
        together = FILLED_TOGETHER if asked.verb == FILL else TOGETHER
        done = _cut_to_groups(run.output / ROWS, together)
        limit_memory_of_model(settings)
        engine = Engine(settings, catalogue)
        report = _Report(run, shift, asked.verb, done, len(items))
        try:
            for model in asked.models:
                engine.load(model, report.stage, exact=asked.exact)
            for first in range(done, len(items), together):
                group = items[first : first + together]
                with out_of_memory_as_error():
                    rows = ask_rows(engine, asked, group, report.within(first, len(group)))
                _append(run, rows)
        except Stopped:
            known, there = count_rows(run), counted(asked.verb, len(items))
            if known:
                return f"after {known:,} of {there}. They are kept, and Resume continues."
            return f"before the first of {there} was answered. Resume begins again."
        if asked.verb in COUNTED:
            summed_up(rows_of(run), asked)  # raises if a model can be asked none of them
        found = [failed(row) for row in rows_of(run)]
        with writing(run.folder):
            write(run.output / SUMMARY, {"rows": len(found), "failed": sum(found)})
        return ""

    def models(self, run: Run) -> list[ModelRef]:
        """Return no model: none is made."""
        return []

    def figures(self, run: Run) -> Any:
        """Return how many rows were asked, and how many of them some model has no answer to; None until the end."""
        return read(run.output / SUMMARY) or None

    def to_argv(self, request: dict) -> list[str]:
        """Return the request as options of the command."""
        return BatchRequest.from_json(request).to_argv()


def read_items(kind: str, path: Path, settings: Settings, notes: list[str]) -> list[Item]:
    """Return the rows of a file, and the sentences that could not be read; raises CorpusError.

    notes: receives what a person should know, pairs and facts that could not be read among it.
    """
    limits = ReadLimits.of(settings)
    if kind not in COUNTED:
        return list(read_sentences(str(path), limits, notes))
    rows, dropped = (read_pairs if kind == PAIRS else read_facts)(path, limits, notes)
    notes += named_rows(dropped)
    return list(rows)


def counted(kind: str, rows: int) -> str:
    """Return a number of rows as a phrase, such as `1 pair`."""
    return f"{rows:,} {NOUNS.get(kind, 'sentence')}{'s' * (rows != 1)}"


def request_of(run: Run) -> BatchRequest | None:
    """Return the request of a run, None for runs of other tasks."""
    return BatchRequest.from_json(run.request.request) if run.request.task in KINDS else None


def rows_of(run: Run, most: int | None = None) -> Iterator[dict]:
    """Yield the answered rows of a run in their order, as far as they are known; most: no more than these."""
    with suppress(FileNotFoundError), (run.output / ROWS).open("rb") as file:
        for line in islice(file, most):
            if not line.endswith(b"\n"):  # being written, or cut off by a crash
                return
            yield json.loads(line)


def count_rows(run: Run) -> int:
    """Return how many rows are answered."""
    with suppress(FileNotFoundError), (run.output / ROWS).open("rb") as file:
        return sum(line.endswith(b"\n") for line in file)
    return 0


def notes_of(run: Run) -> list[str]:
    """Return what a person should know about how the file was read."""
    return read(run.output / NOTES).get("notes", [])


def ask_rows(
    engine: Engine, asked: BatchRequest, group: Sequence[Item], on_share: Callable[[float], None]
) -> list[dict]:
    """Return the answered rows of a group; on_share: gets the share done, and may raise to end it."""
    there = [item for item in group if not isinstance(item, Dropped)]
    by_model = []
    for number, model in enumerate(asked.models):

        def report(share: float, _stage: str = "", number: int = number) -> None:
            on_share((number + share) / len(asked.models))

        report(0.0)
        if asked.verb == FILL:
            by_model.append(_filled(engine, [item.text for item in there], model, asked.options, report))
        elif asked.verb in COUNTED:
            rows = [tuple(getattr(item, name) for name in ASKED[asked.verb]) for item in there]
            if asked.verb == PAIRS:
                by_model.append(engine.judge_each(rows, model, **asked.options, on_progress=report))
            else:
                by_model.append(engine.facts_each(rows, model, k=asked.options["top_k"], on_progress=report))
        else:
            texts = [item.text for item in there]
            by_model.append(engine.score_each(texts, model, **asked.options, on_progress=report))
    answers = iter(zip(*by_model, strict=True))
    return [answered(item, [] if isinstance(item, Dropped) else next(answers)) for item in group]


def summed_up(rows: Iterable[dict], asked: BatchRequest) -> list[dict]:
    """Return what answered rows of pairs or facts say of each model, as `Engine.judge_pairs` and `ask_facts` do.

    Raises MlmDemoError if a model could be asked none of them.
    """
    from mlm_demo.inference.facts import AskedFact, AskedFacts  # import torch
    from mlm_demo.inference.pairs import JudgedPair, JudgedPairs

    found, one = [], JudgedPair if asked.verb == PAIRS else AskedFact
    for answers in zip(*(row["answers"] for row in rows), strict=True):
        model = next((answer["model"] for answer in answers if "error" not in answer), None)
        if model is None:
            raise ModelError(answers[0]["error"])
        said = [{name: value for name, value in answer.items() if name != "model"} for answer in answers]
        outcomes = [answer if "error" in answer else one(**answer) for answer in said]
        if asked.verb == PAIRS:
            found.append(JudgedPairs.of(model, asked.options["method"], outcomes).to_json())
        else:
            found.append(AskedFacts.of(model, int(asked.options["top_k"]), outcomes).to_json())
    return found


def result_of_batch(run: Run) -> str:
    """Return what a run has answered, as a phrase; empty while it is not done, and for runs of other tasks."""
    summary = read(run.output / SUMMARY) if run.request.task in KINDS else {}
    if not summary:
        return ""
    found = f"{counted(run.request.task, summary['rows'])} answered"
    return f"{found}, {summary['failed']:,} of them not by every model" if summary["failed"] else found


def _filled(
    engine: Engine, texts: list[str], model: str, options: dict, report: Callable[[float], None]
) -> list[dict | MlmDemoError]:
    found = []
    for answer in engine.fill_each(texts, model, **options):
        if isinstance(answer, ModelError):  # the next sentence would have it too
            raise answer
        found.append(answer)
        report(len(found) / len(texts))
    return found


class _Report:
    """Logs how far a run is, now and then, and ends it by raising Stopped."""

    def __init__(self, run: Run, shift: Shift, kind: str, before: int, rows: int):
        self.run, self.shift, self.kind, self.before, self.rows = run, shift, kind, before, rows
        self.start, self.logged = time.monotonic(), -SECONDS_BETWEEN_LINES

    def stage(self, _share: float, stage: str) -> None:
        """Log what has to be done before the first row, such as a download."""
        if self._is_due():
            self.run.log({"stage": stage})

    def within(self, first: int, count: int) -> Callable[[float], None]:
        """Return a function that gets the share done of a group of rows."""

        def report(share: float) -> None:
            if self._is_due():
                done = first + share * count
                here = (done - self.before) / (self.rows - self.before)
                left = time_left(time.monotonic() - self.start, here)
                stage = f"{int(done):,} of {counted(self.kind, self.rows)}{left}"
                self.run.log({"stage": stage, "done": done / self.rows})

        return report

    def _is_due(self) -> bool:
        """Return whether it is time for a line; raise Stopped if the run has to stop."""
        if self.shift.should_stop():
            raise Stopped
        due = time.monotonic() - self.logged >= SECONDS_BETWEEN_LINES
        if due:
            self.logged = time.monotonic()
        return due


def _append(run: Run, rows: list[dict]) -> None:
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    with writing(run.folder), (run.output / ROWS).open("a", encoding="utf-8") as file:
        file.write(lines)


def _cut_to_groups(path: Path, together: int) -> int:
    """Cut a file of rows off after its last whole group, where a crash may have left a part; return the rows it has."""
    ends = [0]
    with suppress(FileNotFoundError):
        with path.open("rb") as file:
            for line in file:
                if line.endswith(b"\n"):
                    ends.append(ends[-1] + len(line))
        rows = (len(ends) - 1) // together * together
        os.truncate(path, ends[rows])
        return rows
    return 0
