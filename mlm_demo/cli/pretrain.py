"""The command `pretrain`. Ctrl-C during training stops it and keeps its progress."""

import argparse
import json

from mlm_demo.cli import terminal
from mlm_demo.cli.options import config_of
from mlm_demo.cli.stop import stopped_by_signal
from mlm_demo.runs.adapted_models import catalogue_of
from mlm_demo.settings import Settings
from mlm_demo.system.memory import out_of_memory_as_error
from mlm_demo.training.checkpoints import check_output
from mlm_demo.training.pretraining.config import PretrainConfig
from mlm_demo.training.pretraining.model_card import guesses_table, metrics_table
from mlm_demo.training.pretraining.prepare import PretrainPreparation
from mlm_demo.training.pretraining.result import PretrainResult


def pretrain_command(options: argparse.Namespace, settings: Settings) -> None:
    """Read the corpus, train tokenizer and model, judge and print."""
    config = config_of(options, PretrainConfig)
    check_output(options.output, options.resume)
    with out_of_memory_as_error():
        preparation = PretrainPreparation(
            options.files,
            config,
            settings,
            catalogue_of(settings),
            column=options.column or "",
            on_progress=terminal.stage,
        )
        report = preparation.report
        terminal.status("")
        if options.report:
            return print(json.dumps(report.to_json(), indent=2) if options.json else report.to_text())
        if not options.json:
            print(report.to_text() + "\n", flush=True)
        with stopped_by_signal() as signals:
            result = preparation.pretrain(
                options.output,
                resume=options.resume,
                on_progress=terminal.training,
                should_stop=lambda: bool(signals),
            )
    terminal.status("")
    if options.json:
        whole = {**result.to_json(), "output": str(options.output), "report": report.to_json()}
        return print(json.dumps(whole, indent=2))
    _print_result(result)
    print(
        f"The model is in {options.output}: python -m mlm_demo fill --model {options.output} 'A <mask>.'",
        flush=True,
    )


def _print_result(result: PretrainResult) -> None:
    print("\n\n".join([" ".join(result.outcome()), metrics_table(result), guesses_table(result)]))
    training = result.training
    print(
        f"\n{result.model['parameters']:,} parameters, {training.steps:,} steps in {training.seconds:.0f} s, "
        f"{training.tokens_per_second:,.0f} tokens per second, peak memory {training.peak_megabytes:,.0f} MB."
    )
    terminal.print_ending(training)
