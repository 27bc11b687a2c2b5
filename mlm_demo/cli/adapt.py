"""The verbs `adapt` and `evaluate`: report, progress bar, table, and Ctrl-C that keeps what was learned.

The files are read before torch is imported, which takes seconds and hundreds of megabytes: a file that is none is told
at once, and one made to harm finds little.
"""

import argparse
import json
import os
import signal
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import asdict

from mlm_demo.corpus.corpus import read_texts
from mlm_demo.runs.adapted_models import catalogue_of
from mlm_demo.runs.run import share_done
from mlm_demo.settings import Settings
from mlm_demo.system.distributed import is_main_process
from mlm_demo.system.memory import out_of_memory_as_error
from mlm_demo.training.checkpoints import check_output
from mlm_demo.training.model_card import exam_table, figures_table
from mlm_demo.training.request import config_of, read_files

BAR = 30


def adapt_command(options: argparse.Namespace, settings: Settings) -> None:
    """Read, report, train, judge, print; of several processes (torchrun) the first one speaks."""
    with out_of_memory_as_error():
        if is_main_process():
            _adapt(options, settings)
        else:
            with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
                _adapt(options, settings)


def _adapt(options: argparse.Namespace, settings: Settings) -> None:
    config = config_of(options)
    if is_main_process():
        check_output(options.output, options.resume)
        if options.push_to:
            from mlm_demo.training.export import check_push

            check_push(options.push_to)
    corpus = read_files(options, settings, config, _tell)
    from mlm_demo.training.prepare import prepare

    prepared = prepare(corpus, options, settings, catalogue_of(settings), config, _tell)
    report = prepared.report
    _status("")
    if options.report:
        return print(json.dumps(report.to_json(), indent=2) if options.json else report.to_text())
    if not options.json:
        print(report.to_text() + "\n", flush=True)
    stop = _stop_on_signal()
    result = prepared.adapt(
        options.output, resume=options.resume, on_progress=_Bar(), should_stop=lambda: stop["asked"]
    )
    _status("")
    if options.json:
        taken_home = _take_home(options)
        return print(
            json.dumps(
                {**taken_home, **result.to_json(), "output": str(options.output), "report": report.to_json()},
                indent=2,
            )
        )
    print(figures_table(result) + "\n\n" + exam_table(result))
    training = result.training
    speed = (
        f"{training.tokens_per_second:,.0f} tokens a second, peak memory {training.peak_megabytes:,.0f} MB"
    )
    print(f"\n{training.steps:,} steps in {training.seconds:.0f} s, {speed}.")
    if ending := training.ending():
        print(ending)
    if training.stopped:
        print("Stopped early; to go on from here, give the same command with --resume.")
    print(
        f"The model is in {options.output}: python -m mlm_demo fill --model {options.output} 'A <mask>.'",
        flush=True,
    )
    for kind, place in _take_home(options).items():  # last: the figures are there whatever the network does
        print(f"{kind}: {place}")


def _take_home(options: argparse.Namespace) -> dict[str, str]:
    """Where the model went beside its folder."""
    places = {}
    if not is_main_process():
        return places
    from mlm_demo.training.export import push_model, zip_model

    if options.zip:
        places["zip"] = str(zip_model(options.output))
    if options.push_to:
        places["hub"] = push_model(options.output, options.push_to)
    return places


def evaluate_command(options: argparse.Namespace, settings: Settings) -> None:
    """Read, hide, predict, print."""
    texts, counts = read_texts(options.files, column=options.column, on_progress=_status)
    from mlm_demo.training.evaluation import MaskedEvalSet, compute_metrics, sum_by_document
    from mlm_demo.training.prepare import load_model

    mlm = load_model(options.model, settings, catalogue_of(settings), _status, to_train=False)
    frozen = MaskedEvalSet.of(mlm, texts, seed=options.seed)
    found = compute_metrics(sum_by_document(mlm, frozen, lambda share: _status(f"{share:.0%} of the blocks")))
    _status("")
    if options.json:
        notes = {
            "notes": list(dict.fromkeys(counts.notes)),
            "dropped": [asdict(item) for item in counts.dropped],
        }
        return print(json.dumps({"model": mlm.describe(), **found.to_json(), **notes}, indent=2))
    for note in [
        *dict.fromkeys(counts.notes),
        *(f"{d.source} was left out: {d.reason}" for d in counts.dropped[:10]),
    ]:
        print(f"note: {note}", file=sys.stderr)
    for name in ("loss", "perplexity", "accuracy"):
        value = getattr(found, name)
        print(f"{name:<10}  {value.value:.4f}  (95 % interval {value.low:.4f} to {value.high:.4f})")
    print(f"{found.masked_tokens:,} hidden tokens in {found.documents:,} documents")


class _Bar:
    """Draws the progress of a run on one line of a terminal, and each evaluation on a line of its own."""

    def __call__(self, line: dict) -> None:
        if "stage" in line or "note" in line:
            print(line.get("stage") or line["note"], file=sys.stderr, flush=True)
        elif "eval_loss" in line:
            _status("")
            print(f"step {line['step']}: held-out loss {line['eval_loss']:.3f}", file=sys.stderr, flush=True)
        elif "loss" in line:
            done = round(BAR * share_done(line))
            bar = "=" * done + " " * (BAR - done)
            _status(f"[{bar}] {line['step']}/{line['of']}  loss {line['loss']:.3f}")


def _status(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def _tell(text: str) -> None:
    """What is being done: over the last on a terminal, a line of its own where a program reads."""
    if sys.stderr.isatty():
        _status(text)
    else:
        print(text, file=sys.stderr, flush=True)


def _stop_on_signal() -> dict:
    """The first Ctrl-C (or a SIGTERM) asks the run to stop after its step; the second ends the program."""
    asked = {"asked": False}

    def ask(_number, _frame) -> None:
        if asked["asked"]:
            raise KeyboardInterrupt
        asked["asked"] = True
        print("\nStopping after this step; what was learned is kept.", file=sys.stderr, flush=True)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, ask)
    return asked
