"""The command `runs`, and those of the child processes of the page: `work RUN`, `read DRAFT` and `papers DRAFT`."""

import argparse
import json
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from mlm_demo.cli.terminal import print_json, stage
from mlm_demo.errors import CorpusError, MoreNeededError
from mlm_demo.runs.run import Run
from mlm_demo.runs.store import ID, RunStore
from mlm_demo.runs.tasks.extract import Extracting
from mlm_demo.runs.tasks.registry import TASKS, TRAINING, verb_of
from mlm_demo.settings import Settings


def runs_command(options: argparse.Namespace, settings: Settings) -> None:
    """List all runs, the oldest first."""
    runs = RunStore(settings.runs).all()
    if options.json:
        return print_json([_row(run) for run in runs])
    for run in runs:
        request = run.request
        when = datetime.fromtimestamp(request.created).strftime("%Y-%m-%d %H:%M")
        print(f"{run.id}  {when}  {run.state:<11}  {run.name}  {run.message}".rstrip())


def work_command(options: argparse.Namespace, settings: Settings) -> None:
    """Work on a run."""
    if options.processes > 1 and options.handle:
        from mlm_demo.runs.launchers.ray_together import work_together

        return work_together(options.id, options.handle, options.processes, settings)
    if options.processes > 1:
        from mlm_demo.runs.launchers.torchrun import work_under_torchrun

        return work_under_torchrun(options.id, options.lock, options.processes, settings)
    from mlm_demo.runs.worker import work

    run = RunStore(settings.runs).find(options.id)
    work(
        run,
        settings,
        lock=options.lock,
        job=options.handle,
        requeued=options.requeued,
        together=options.together,
    )


def probe_command(options: argparse.Namespace, settings: Settings) -> None:
    """Answer the server's probe of this node."""
    from mlm_demo.runs.launchers.probe import answer

    answer(options.nonce, options.node, settings)


def read_command(options: argparse.Namespace, settings: Settings) -> None:
    """Read a draft and print the report on it as JSON, or what is missing for one."""
    from mlm_demo.runs.reader import COLUMNS, MORE_NEEDED, read_draft

    try:
        report = read_draft(_draft(options.id, settings), settings, stage)
    except MoreNeededError as error:
        report = {MORE_NEEDED: str(error), COLUMNS: error.columns}
    print(json.dumps(report))


def papers_command(options: argparse.Namespace, settings: Settings) -> None:
    """Read a draft and print its papers and notes as JSON."""
    from mlm_demo.runs.reader import read_papers_of

    print(json.dumps(read_papers_of(_draft(options.id, settings), options.column, settings, stage)))


def _draft(id: str, settings: Settings) -> Path:
    if not ID.fullmatch(id):
        raise CorpusError("The files are no longer here; add them again.")
    return settings.data_folder / "drafts" / id


def _row(run: Run) -> dict:
    """Return a run as JSON, with the equivalent command line; [] if the page alone can start such a run.

    The papers of an extraction are in a file of the page's own, which the command `extract` does not read.
    """
    request, task = run.request, TASKS.get(run.request.task)
    files = [str(run.input / name) for name in request.files]
    command = []
    if task and request.task != Extracting.name:
        command = ["-m", "mlm_demo", *verb_of(request), *files, *task.to_argv(request.request)]
        command += ["--output", str(run.output)] if request.task in TRAINING else []
    return {
        "name": run.name,
        "state": run.state,
        "message": run.message,
        "command": command,
        **asdict(request),
    }
