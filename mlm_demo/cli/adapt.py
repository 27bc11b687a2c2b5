"""The commands `adapt`, `push` and `evaluate`. Ctrl-C during training stops it and keeps its progress.

The files are read before torch is imported, which takes seconds and hundreds of megabytes. So an unreadable file is
refused at once, and a malicious one finds little in the process.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import asdict, fields

from mlm_demo.cli import terminal
from mlm_demo.cli.options import config_of
from mlm_demo.cli.stop import stopped_by_signal
from mlm_demo.corpus.corpus import Counts, read_texts
from mlm_demo.corpus.documents import ReadLimits
from mlm_demo.errors import HubError, TrainingError
from mlm_demo.runs.adapted_models import catalogue_of
from mlm_demo.settings import Settings
from mlm_demo.system.distributed import is_main_process
from mlm_demo.system.memory import out_of_memory_as_error
from mlm_demo.training.checkpoints import check_output
from mlm_demo.training.config import AdaptConfig
from mlm_demo.training.model_card import exam_table, metrics_table, points_table
from mlm_demo.training.options import check_option
from mlm_demo.training.outcome import outcome
from mlm_demo.training.prepare import Preparation, load_model
from mlm_demo.training.result import AdaptationResult, Interval, Metrics

UNKNOWN_SHOWN = 0.001  # share of the tokens


def adapt_command(options: argparse.Namespace, settings: Settings) -> None:
    """Report, train, evaluate and print; under torchrun only the main process prints."""
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
        if options.zip:
            _check_zip(options)
        if options.push_to:
            from mlm_demo.training.export import check_push

            check_push(options.push_to)
    preparation = Preparation(
        options.files,
        config,
        settings,
        catalogue_of(settings),
        model=options.model,
        column=options.column or "",
        validation=options.validation,
        on_progress=terminal.stage,
    )
    report = preparation.report
    terminal.status("")
    if options.report:
        return print(json.dumps(report.to_json(), indent=2) if options.json else report.to_text())
    if not options.json:
        print(report.to_text() + "\n", flush=True)
    with stopped_by_signal() as signals:
        result = preparation.adapt(
            options.output,
            resume=options.resume,
            on_progress=terminal.training,
            should_stop=lambda: bool(signals),
        )
    terminal.status("")
    if options.json:
        whole = {**result.to_json(), "output": str(options.output), "report": report.to_json()}
        exports = {}
        try:
            exports.update(_export(options))
        finally:  # an error of the export must not hide the result
            print(json.dumps({**exports, **whole}, indent=2), flush=True)
        return
    _print_result(result)
    print(
        f"The model is in {options.output}: python -m mlm_demo fill --model {options.output} 'A <mask>.'",
        flush=True,
    )
    for kind, location in _export(options):  # last, so that a network error cannot hide the result
        print(f"{kind}: {location}")


def _check_zip(options: argparse.Namespace) -> None:
    """Raise TrainingError if the zip file would replace a file of the corpus, or any that no earlier attempt wrote."""
    if not options.output.name:
        raise TrainingError(
            f"--zip packs a folder under its name, which {options.output} has not; write its name."
        )
    target = options.output.with_name(f"{options.output.name}.zip")
    read = filter(os.path.exists, filter(None, (*options.files, options.validation)))
    if os.path.exists(target) and (not options.resume or any(map(target.samefile, read))):
        raise TrainingError(f"--zip would replace the file {target}; give another folder, or move the file.")


def _print_result(result: AdaptationResult) -> None:
    parts = (outcome(result).text(), points_table(result), metrics_table(result), exam_table(result))
    print("\n\n".join(filter(None, parts)))
    training = result.training
    speed = (
        f"{training.tokens_per_second:,.0f} tokens per second, peak memory {training.peak_megabytes:,.0f} MB"
    )
    print(f"\n{training.steps:,} steps in {training.seconds:.0f} s, {speed}.")
    terminal.print_ending(training)


def _export(options: argparse.Namespace) -> Iterator[tuple[str, str]]:
    """Export the model as the options say; yield the path of the zip file and the address on the Hub."""
    if not is_main_process():
        return
    from mlm_demo.training.export import push_model, zip_model

    if options.zip:
        yield "zip", str(zip_model(options.output))
    if options.push_to:
        try:
            address = push_model(options.output, options.push_to)
        except HubError as error:
            again = f"python -m mlm_demo push {options.output} {options.push_to}"
            raise HubError(f"{error} The model is whole; to upload it without training: {again}") from None
        yield "hub", address


def push_command(options: argparse.Namespace, settings: Settings) -> None:
    """Upload a finished model to the Hub, and print its address."""
    from mlm_demo.training.export import push_model

    address = push_model(options.folder, options.repo)
    print(json.dumps({"hub": address}) if options.json else address)


def evaluate_command(options: argparse.Namespace, settings: Settings) -> None:
    """Mask tokens of the files, predict them, and print loss, perplexity and accuracy."""
    seed = options.seed or 0
    check_option(next(one for one in fields(AdaptConfig) if one.name == "seed"), seed)
    texts, counts = read_texts(
        options.files,
        column=options.column,
        keep_near=options.keep_near_duplicates,
        limits=ReadLimits.of(settings),
        on_progress=terminal.status,
    )
    from mlm_demo.training.evaluation import MaskedEvalSet, compute_metrics, sum_by_document

    mlm = load_model(options.model, settings, catalogue_of(settings), terminal.status, to_train=False)
    eval_set = MaskedEvalSet.of(mlm, texts, seed=seed)
    if eval_set.unknown_share >= UNKNOWN_SHOWN:
        counts.notes.append(
            f"{eval_set.unknown_share:.1%} of the tokens are unknown to {mlm.name}; they were not asked for."
        )
    sums = sum_by_document(mlm, eval_set, lambda share: terminal.status(f"{share:.0%} of the blocks"))
    metrics = compute_metrics(sums)
    terminal.status("")
    if options.json:
        notes = {"notes": _distinct(counts.notes), "dropped": [asdict(item) for item in counts.dropped]}
        return print(json.dumps({"model": mlm.describe(), **metrics.to_json(), **notes}, indent=2))
    _print_notes(counts)
    for name in ("loss", "perplexity", "accuracy"):
        print(f"{name:<10}  {_with_interval(getattr(metrics, name))}")
    documents = "1 document" if metrics.documents == 1 else f"{metrics.documents:,} documents"
    print(f"{metrics.masked_tokens:,} masked tokens in {documents}{_about_interval(metrics)}")


def _with_interval(found: Interval) -> str:
    if found.low is None or found.high is None:
        return f"{found.value:.4f}"
    return f"{found.value:.4f}  (95% interval {found.low:.4f} to {found.high:.4f})"


def _about_interval(metrics: Metrics) -> str:
    """Return what the intervals are over if not over documents, or why there is none."""
    if metrics.sections is None:
        return ""
    if metrics.sections == 1:
        return "; there is no interval, because the text is a single section"
    return f"; the intervals are over its {metrics.sections:,} sections"


def _print_notes(counts: Counts) -> None:
    dropped = [f"{item.source} was skipped: {item.reason}" for item in counts.dropped[:10]]
    for note in [*_distinct(counts.notes), *dropped]:
        print(f"note: {note}", file=sys.stderr)


def _distinct(notes: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(notes))
