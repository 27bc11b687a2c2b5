"""Read the files of a draft in a child process, so that a malicious file cannot harm the server.

The parent writes DRAFT/request.json and starts `python -m mlm_demo read DRAFT` for a report, or `papers DRAFT` for
papers to extract from. The child prints its progress to standard error, one line per step, and its answer as JSON to
standard output.
"""

import json
import os
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mlm_demo.corpus.documents import ReadLimits
from mlm_demo.corpus.papers import read_papers
from mlm_demo.errors import CorpusError, MoreNeededError
from mlm_demo.models.catalogue import Catalogue
from mlm_demo.runs import child_process
from mlm_demo.runs.adapted_models import catalogue_of
from mlm_demo.runs.child_process import Launch
from mlm_demo.runs.run import input_files
from mlm_demo.runs.staging import PREPARED, Staging
from mlm_demo.runs.tasks.adapt import AdaptRequest, preparation_of
from mlm_demo.runs.tasks.finetune import FinetuneRequest
from mlm_demo.runs.tasks.registry import TRAINING
from mlm_demo.runs.tasks.task import RunRequest
from mlm_demo.settings import READING_SECONDS, Settings
from mlm_demo.system.files import read, write, writing
from mlm_demo.system.memory import limit_memory, out_of_memory_as_error
from mlm_demo.training.prepare_cache import SECONDS_STEPS_KEPT, StepCost

REQUEST = "request.json"
STEPS_KEPT = 100
ERROR = "mlm_demo: "
# The keys of what stands in place of a report: a sentence, and the columns to choose from.
MORE_NEEDED, COLUMNS = "more_needed", "columns"


class StepCosts:
    """The cost of training steps on this machine; a measurement for one corpus serves others for an hour."""

    def __init__(self):
        self._measured: dict[str, tuple[StepCost, float]] = {}

    def get(self, key: str) -> tuple[StepCost, float] | None:
        """Return the cost of a step and the age of the measurement in seconds; None if there is no recent one."""
        step, at = self._measured.get(key, (None, float("-inf")))
        ago = time.monotonic() - at
        return (step, ago) if step and ago <= SECONDS_STEPS_KEPT else None

    def keep(self, key: str, step: StepCost) -> None:
        """Store a new measurement, unless there is one of the same key from the last hour."""
        if self.get(key):
            return
        if len(self._measured) >= STEPS_KEPT:  # people can name any number of models
            self._measured.clear()
        self._measured[key] = (step, time.monotonic())


class Reader:
    """Reads drafts for the page, and reuses earlier readings and measurements."""

    def __init__(
        self, staging: Staging, settings: Settings, catalogue: Catalogue, launch: Launch | None = None
    ):
        self.staging, self.settings, self.catalogue = staging, settings, catalogue
        self.launch, self.steps = launch or child_process.launch, StepCosts()

    def papers(
        self, draft: str, column: str, environment: Mapping[str, str], on_progress: Callable[[str], None]
    ) -> tuple[list[list], list[str]]:
        """Return the papers in a draft's files, as `engine.extract` takes them, and notes; raises as `report` does.

        column: of tables, empty to guess it.
        """
        self.staging.files(draft)  # raises CorpusError if they are gone
        papers, notes = answer_of_child(
            self.launch, ["papers", draft, f"--column={column}"], environment, on_progress
        )
        return papers, notes

    def report(
        self,
        draft: str,
        request: AdaptRequest,
        environment: Mapping[str, str],
        on_progress: Callable[[str], None],
    ) -> dict:
        """Return the report on a draft's files, as JSON; raises CorpusError with the child's error message.

        It is a MoreNeededError if the files can be read, but more text is needed, or the name of a column.

        environment: the whole environment of the child.
        """
        files, prepared = self.staging.files(draft), self.staging.prepared(draft)
        preparation = preparation_of(
            files, request, self.settings, self.catalogue, prepared, report_only=True
        )
        key = preparation.step_key(request.config.batch_size)
        if measured := self.steps.get(key):
            preparation.cache.keep_step(key, *measured)
        if report := preparation.cached_report():
            return report
        report = self._read_in_child(draft, request, environment, on_progress)
        key = preparation.step_key(request.config.batch_size)  # a different key if the model was downloaded
        if step := preparation.cache.step(key):
            self.steps.keep(key, step)
        return report

    def examples(
        self,
        draft: str,
        request: FinetuneRequest,
        environment: Mapping[str, str],
        on_progress: Callable[[str], None],
    ) -> dict:
        """Return what the examples in a draft's files are, as JSON; raises CorpusError as `report` does."""
        self.staging.files(draft)  # raises CorpusError if they are gone
        return self._read_in_child(draft, request, environment, on_progress)

    def _read_in_child(
        self,
        draft: str,
        request: RunRequest,
        environment: Mapping[str, str],
        on_progress: Callable[[str], None],
    ) -> dict:
        with writing(self.staging.folder):
            path = self.staging.folder / draft / REQUEST
            write(path, {"task": request.verb, "request": request.to_json()})
        report = answer_of_child(self.launch, ["read", draft], environment, on_progress)
        if MORE_NEEDED in report:
            raise MoreNeededError(report[MORE_NEEDED], tuple(report[COLUMNS]))
        return report


def answer_of_child(
    launch: Launch, argv: Sequence[str], environment: Mapping[str, str], on_progress: Callable[[str], None]
) -> Any:
    """Start `python -m mlm_demo ARGV` and return the JSON that it prints; its other lines are progress.

    Raises CorpusError with the child's error message, or if it takes too long or too much memory.
    """
    reading, writing_end = os.pipe()
    with tempfile.TemporaryFile("w+") as answer, open(reading, errors="replace") as lines:
        try:
            child = launch(argv, environment=environment, output=answer, errors=writing_end)
        finally:
            os.close(writing_end)
        limit = threading.Timer(READING_SECONDS, child.kill)
        limit.start()
        last = ""
        try:
            for line in lines:
                last = line.strip() or last
                on_progress(last)
            code = child.wait()
        finally:
            limit.cancel()
            child.kill()
            child.wait()
        if code == 0:
            answer.seek(0)
            return json.load(answer)
    if last.startswith(ERROR):
        raise CorpusError(last.removeprefix(ERROR))
    raise CorpusError(
        f"The files could not be read (exit code {code}): reading took more than {READING_SECONDS // 60} minutes, "
        "or more memory than there is. Try them one by one."
    )


def read_draft(draft: Path, settings: Settings, on_progress: Callable[[str], None]) -> dict:
    """Read the files in a draft's folder for the request beside them, and return the report as JSON.

    Runs in the child. Raises CorpusError, ModelError, TrainingError.
    """
    asked = read(draft / REQUEST)
    if not asked:
        raise CorpusError("The files are no longer here; add them again.")
    return TRAINING[asked["task"]].report(
        input_files(draft), asked["request"], settings, catalogue_of(settings), draft / PREPARED, on_progress
    )


def read_papers_of(draft: Path, column: str, settings: Settings, on_progress: Callable[[str], None]) -> tuple:
    """Read the files in a draft's folder into papers; return them and notes. Runs in the child. Raises CorpusError."""
    limit_memory(settings.max_run_megabytes)
    with out_of_memory_as_error():
        limits = ReadLimits.of(settings)
        return read_papers(input_files(draft), column=column or None, limits=limits, on_progress=on_progress)
