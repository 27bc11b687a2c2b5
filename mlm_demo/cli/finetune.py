"""The commands `finetune` and `evaluate --task`. Ctrl-C during training stops it and keeps its progress."""

import argparse
import json
import sys
from dataclasses import asdict

from mlm_demo.cli import terminal
from mlm_demo.cli.options import config_of
from mlm_demo.cli.stop import stopped_by_signal
from mlm_demo.corpus.documents import ReadLimits
from mlm_demo.errors import ModelError
from mlm_demo.models.extractor import find_extractor
from mlm_demo.runs.adapted_models import catalogue_of
from mlm_demo.settings import Settings
from mlm_demo.system.memory import out_of_memory_as_error
from mlm_demo.training.checkpoints import check_output
from mlm_demo.training.downstream.config import FinetuneConfig
from mlm_demo.training.downstream.model_card import metrics_table, rows_table
from mlm_demo.training.downstream.prepare import READERS, FinetunePreparation


def finetune_command(options: argparse.Namespace, settings: Settings) -> None:
    """Read the examples, train, judge and print."""
    config = config_of(options, FinetuneConfig)
    check_output(options.output, options.resume)
    with out_of_memory_as_error():
        preparation = FinetunePreparation(
            options.files,
            options.task,
            config,
            settings,
            catalogue_of(settings),
            model=options.model,
            on_progress=terminal.stage,
        )
        report = preparation.report
        terminal.status("")
        if not options.json:
            _print_report(report)
        with stopped_by_signal() as signals:
            result = preparation.finetune(
                options.output,
                resume=options.resume,
                on_progress=terminal.training,
                should_stop=lambda: bool(signals),
            )
    terminal.status("")
    if options.json:
        return print(
            json.dumps({**result.to_json(), "output": str(options.output), "report": report}, indent=2)
        )
    print(metrics_table(result))
    for seed in result.seeds:
        training = seed.training
        kept = ", kept" if seed.seed == result.seed else ""
        print(
            f"seed {seed.seed}: {training.steps:,} steps in {training.seconds:.0f} s{kept}. {training.ending()}"
        )
    if result.stopped:
        print("Stopped early; to continue from here, repeat the command with --resume.")
    print(
        f"The model is in {options.output}: "
        f"python -m mlm_demo extract FILE --question 'WHAT?' --model {options.output}",
        flush=True,
    )


def evaluate_task_command(options: argparse.Namespace, settings: Settings) -> None:
    """Measure a fine-tuned model on examples, beside simple rules."""
    examples = READERS[options.task](options.files, ReadLimits.of(settings))
    from mlm_demo.models.extractor import load_extractor
    from mlm_demo.training.downstream.judging import judge_task
    from mlm_demo.training.downstream.tasks import TASKS

    folder = find_extractor(options.model, folders=True)
    model = getattr(load_extractor(folder, options.model, device=settings.device), options.task)
    if model is None:
        raise ModelError(
            f"{options.model} was fine-tuned for another task than {options.task}; pick another model."
        )
    terminal.stage(f"asking {len(examples.examples):,} questions")
    threshold = model.threshold if options.threshold is None else options.threshold
    rows = judge_task(TASKS[options.task], model, examples.examples, threshold)
    terminal.status("")
    notes = [*examples.notes, *(f"{item.source}: {item.reason}" for item in examples.dropped)]
    if options.json:
        found = {
            "model": model.describe(),
            "threshold": threshold,
            "rows": [asdict(row) for row in rows],
        }
        return print(json.dumps({**found, "notes": notes}, indent=2))
    for note in notes[:10]:
        print(f"note: {note}", file=sys.stderr)
    print(rows_table(rows))
    groups = len({example.group for example in examples.examples})
    print(f"{len(examples.examples):,} questions of {groups:,} articles, threshold {threshold:.3f}")


def _print_report(report: dict) -> None:
    print(
        f"{report['examples']:,} examples of {report['groups']:,} articles: {report['training']:,} to train on, "
        f"{report['held_out']:,} held out"
    )
    for note in [*report["notes"], *report["dropped"][:10]]:
        print(f"note: {note}")
    if len(report["dropped"]) > 10:
        print(f"note: {len(report['dropped']) - 10:,} more were left out")
