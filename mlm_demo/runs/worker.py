"""`adapt --run ID`: the same adaptation as a run in the background, told to its folder instead of a terminal.

As in adaptation_command.py, torch is imported when the files have been read.
"""

import argparse
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from mlm_demo.errors import MlmDemoError
from mlm_demo.runs.adapted_models import catalogue_of
from mlm_demo.runs.run import Run
from mlm_demo.runs.store import RunStore
from mlm_demo.settings import READING_SECONDS, Settings
from mlm_demo.system.memory import out_of_memory_as_error
from mlm_demo.system.process_marks import is_me
from mlm_demo.training.checkpoints import finished_result, last_checkpoint
from mlm_demo.training.request import config_of, read_files

if TYPE_CHECKING:
    from mlm_demo.training.prepare import Prepared

SECONDS_BETWEEN_LOOKS = 0.5


def work(options: argparse.Namespace, settings: Settings) -> None:
    """Adapt, go on from a checkpoint if there is one, and leave word of the end, whatever it is.

    The log has lines with `stage`, with `report` (once a leg), with `loss` and with `eval_loss`, as on_progress of
    adapt. A process that is not noted as the run's worker by the end of its standard input leaves it alone.
    """
    run = RunStore(settings.runs).find(options.id)
    if not is_me(run.worker):
        sys.stdin.read()
        if not is_me(run.worker):
            return
    asked, begun = [], time.monotonic()
    main = threading.current_thread() is threading.main_thread()  # elsewhere a signal cannot be caught
    alone = main and options.leg is None  # on a lent GPU this is no process of its own, which could be left
    if main:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: asked.append(True))

    most = settings.max_run_minutes * 60
    called = f"The longest time that a run may take here ({settings.max_run_minutes} minutes)"
    if options.leg is not None:
        most, called = options.leg, "The time on this GPU"

    def should_stop() -> bool:
        return bool(asked) or run.asked_to_stop or time.monotonic() - begun > most

    def ended_by() -> str:
        return "Stopped" if asked or run.asked_to_stop else f"{called} was over"

    def last_word(reading: bool) -> tuple[str, str] | None:
        """State and sentence to end with before the training, if the run is to."""
        if should_stop():
            return "stopped", f"{ended_by()} before the training; Resume goes on."
        if reading and time.monotonic() - begun > READING_SECONDS:
            return (
                "failed",
                f"Reading the files took longer than {READING_SECONDS // 60} minutes; try fewer of them.",
            )
        return None

    try:
        result = finished_result(options.output)
        if not result:
            with out_of_memory_as_error():
                prepared = _prepare(run, options, settings, last_word if alone else lambda reading: None)
                result = prepared.adapt(
                    options.output,
                    resume=last_checkpoint(options.output) is not None,
                    on_progress=run.log,
                    should_stop=should_stop,
                )
    except MlmDemoError as error:
        run.finish("failed", str(error))
        raise
    except BaseException as error:
        run.finish(
            "failed", f"The run broke off ({type(error).__name__}); worker.log in its folder says where."
        )
        raise
    training = result.training
    if training.stopped:
        where = f"at step {training.steps:,} of {training.planned:,}"
        run.finish("stopped", f"{ended_by()} {where}; what was learned is kept, and Resume goes on.")
    else:
        run.finish("done")


def _prepare(
    run: Run,
    options: argparse.Namespace,
    settings: Settings,
    last_word: Callable[[bool], tuple[str, str] | None],
) -> "Prepared":
    """Read the files and prepare the training; the process ends with last_word(whether it reads) if there is one."""
    corpus, done = None, threading.Event()

    def look() -> None:
        """A library that reads a file asks nobody meanwhile whether it should go on."""
        while not done.wait(SECONDS_BETWEEN_LOOKS):
            word = last_word(corpus is None)
            if word and not done.is_set():
                run.finish(*word)
                os._exit(0)

    def tell(what: str) -> None:
        run.log({"stage": what})

    threading.Thread(target=look, name="look whether to stop", daemon=True).start()
    try:
        config = config_of(options)
        corpus = read_files(options, settings, config, tell)
        from mlm_demo.training.prepare import prepare

        prepared = prepare(corpus, options, settings, catalogue_of(settings), config, tell)
    finally:
        done.set()
    run.log({"report": prepared.report.to_json()})
    return prepared
