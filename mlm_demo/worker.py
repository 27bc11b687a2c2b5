"""`adapt --run ID`: the same adaptation as a run in the background, told to its folder instead of a terminal."""

import argparse
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

import torch

from mlm_demo.adapt import adapt, completed
from mlm_demo.adapt_config import AdaptConfig
from mlm_demo.adaptation_command import Prepared, config_of, prepare
from mlm_demo.errors import MlmDemoError
from mlm_demo.memory_limit import lift_limit
from mlm_demo.plan import out_of_memory
from mlm_demo.process_marks import is_me
from mlm_demo.run import Run
from mlm_demo.run_folder import last_checkpoint
from mlm_demo.runs import Runs
from mlm_demo.settings import READING_SECONDS, Settings

SECONDS_BETWEEN_LOOKS = 0.5


def work(options: argparse.Namespace, settings: Settings) -> None:
    """Adapt, go on from a checkpoint if there is one, and leave word of the end, whatever it is.

    The log has lines with `stage`, with `report` (once a leg), with `loss` and with `eval_loss`, as on_progress of
    adapt. A process that is not noted as the run's worker by the end of its standard input leaves it alone.
    """
    run = Runs(settings.runs).find(options.id)
    if not is_me(run.worker):
        sys.stdin.read()
        if not is_me(run.worker):
            return
    asked, begun = [], time.monotonic()
    if threading.current_thread() is threading.main_thread():  # elsewhere a signal cannot be caught
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

    def leave() -> None:
        run.end("stopped", f"{ended_by()} before the training; Resume goes on.")

    try:
        with out_of_memory():
            result = completed(options.output)
            if not result:
                # On a lent GPU this is no process of its own, which could be left.
                alone = options.leg is None and threading.current_thread() is threading.main_thread()
                with _left_when(should_stop, leave) if alone else nullcontext():
                    prepared, config = _prepare(run, options, settings, alone)
                result = _adapt(prepared, config, run, options, should_stop)
    except torch.OutOfMemoryError:
        lift_limit()
        run.end(
            "failed", "The memory that a run may take here was used up; choose a smaller batch or corpus."
        )
        raise
    except MlmDemoError as error:
        run.end("failed", str(error))
        raise
    except BaseException as error:
        run.end("failed", f"The run broke off ({type(error).__name__}); worker.log in its folder says where.")
        raise
    training = result["training"]
    if training["stopped"]:
        where = f"at step {training['steps']:,} of {training['planned']:,}"
        run.end("stopped", f"{ended_by()} {where}; what was learned is kept, and Resume goes on.")
    else:
        run.end("done")


@contextmanager
def _left_when(over: Callable[[], bool], last_word: Callable[[], None]) -> Iterator[None]:
    """Within this context the process ends as soon as over(): a library that reads a file asks nobody meanwhile."""
    done = threading.Event()

    def look() -> None:
        while not done.wait(SECONDS_BETWEEN_LOOKS):
            if over() and not done.is_set():
                last_word()
                os._exit(0)

    threading.Thread(target=look, name="look whether to stop", daemon=True).start()
    try:
        yield
    finally:
        done.set()


def _prepare(run: Run, options: argparse.Namespace, settings: Settings, alone: bool):
    config, begun = config_of(options), time.monotonic()

    def too_long() -> None:
        run.end(
            "failed",
            f"Reading the files took longer than {READING_SECONDS // 60} minutes; try fewer of them.",
        )

    late = (
        _left_when(lambda: time.monotonic() - begun > READING_SECONDS, too_long) if alone else nullcontext()
    )
    prepared = prepare(options, settings, config, lambda what: run.log({"stage": what}), late)
    run.log({"report": prepared.report.to_json()})
    return prepared, config


def _adapt(
    prepared: Prepared,
    config: AdaptConfig,
    run: Run,
    options: argparse.Namespace,
    should_stop: Callable[[], bool],
) -> dict:
    return adapt(
        prepared.mlm,
        prepared.corpus,
        config,
        options.output,
        resume=last_checkpoint(options.output) is not None,
        blocks=prepared.blocks,
        seconds_a_step=prepared.seconds_a_step,
        on_progress=run.log,
        should_stop=should_stop,
    )
