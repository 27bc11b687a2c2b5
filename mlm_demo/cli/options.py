"""The options of the commands that train, and of `evaluate`, from the configs; imports nothing heavy."""

import argparse
from collections.abc import Callable
from dataclasses import Field, fields
from pathlib import Path

from mlm_demo.corpus.formats import describe_formats
from mlm_demo.models.tasks import TASKS
from mlm_demo.training.config import AdaptConfig
from mlm_demo.training.downstream.config import FinetuneConfig
from mlm_demo.training.options import BUDGETS, DEFAULT_MINUTES
from mlm_demo.training.pretraining.config import PretrainConfig

EXAMPLES_HELP = (
    "examples: SQuAD JSON, or CSV, TSV or JSON lines of question, sentence, label (evidence) or question, context, "
    "answer (answers)"
)


def add_adaptation(verbs, model_help: str, adapt: Callable, evaluate: Callable) -> None:
    """Add both commands to a parser."""
    parser = verbs.add_parser("adapt", help="continue training a model on a corpus of one domain")
    parser.add_argument("files", metavar="FILE", nargs="+", type=Path, help=describe_formats())
    parser.add_argument("--output", metavar="DIR", type=Path, required=True, help="the folder for the model")
    _add_model_and_column(parser, model_help)
    _add_options(parser, AdaptConfig)
    parser.add_argument(
        "--validation",
        metavar="FILE",
        type=Path,
        help="evaluate on this file, instead of holding out a part of the corpus",
    )
    parser.add_argument("--zip", action="store_true", help="also pack the model into DIR.zip")
    parser.add_argument(
        "--push-to", metavar="REPO", help="also upload it to the Hub as a private model owner/name"
    )
    _add_training(parser)
    parser.set_defaults(run=adapt)

    parser = verbs.add_parser("evaluate", help="measure how well a model predicts masked tokens of a text")
    parser.add_argument("files", metavar="FILE", nargs="+", type=Path, help=describe_formats())
    _add_model_and_column(parser, model_help)
    _add(parser, next(one for one in fields(AdaptConfig) if one.name == "keep_near_duplicates"))
    parser.add_argument(
        "--seed", metavar="S", type=int, help="seed that chooses the masked tokens (default: 0)"
    )
    parser.add_argument(
        "--task",
        choices=TASKS,
        help="measure a fine-tuned model on examples of its task instead; --model is extract or its folder",
    )
    parser.add_argument(
        "--threshold",
        metavar="T",
        type=float,
        help="with --task: the least score of an answer (default: the calibrated one; -1000 answers always)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=evaluate)


def add_finetuning(verbs, model_help: str, finetune: Callable) -> None:
    """Add the command `finetune` to a parser."""
    parser = verbs.add_parser(
        "finetune", help="teach a model to find evidence for questions, or to answer them from a text"
    )
    parser.add_argument("task", metavar="TASK", choices=TASKS, help=" or ".join(TASKS))
    parser.add_argument("files", metavar="FILE", nargs="+", type=Path, help=EXAMPLES_HELP)
    parser.add_argument("--output", metavar="DIR", type=Path, required=True, help="the folder for the model")
    parser.add_argument("--model", metavar="M", default="", help=model_help)
    _add_options(parser, FinetuneConfig)
    parser.add_argument("--resume", action="store_true", help="continue from the last checkpoint in DIR")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=finetune)


def add_pretraining(verbs, pretrain: Callable) -> None:
    """Add the command `pretrain` to a parser."""
    parser = verbs.add_parser("pretrain", help="train a tokenizer and a small model from scratch on a corpus")
    parser.add_argument("files", metavar="FILE", nargs="+", type=Path, help=describe_formats())
    parser.add_argument("--output", metavar="DIR", type=Path, required=True, help="the folder for the model")
    _add_column(parser)
    _add_options(parser, PretrainConfig)
    _add_training(parser)
    parser.set_defaults(run=pretrain)


def config_of(
    options: argparse.Namespace, kind: type = AdaptConfig
) -> AdaptConfig | FinetuneConfig | PretrainConfig:
    """Return the configuration from the options of a command that trains; raises TrainingError."""
    given = {one.name: getattr(options, one.name) for one in fields(kind)}
    given = {name: value for name, value in given.items() if value is not None}
    if not given.keys() & set(BUDGETS):
        given["minutes"] = DEFAULT_MINUTES
    return kind(**given)


def _add_options(parser: argparse.ArgumentParser, kind: type) -> None:
    """Add an option for each field of a config, the budget first."""
    budget = parser.add_mutually_exclusive_group()
    options = {one.name: one for one in fields(kind)}
    for name in ("minutes", "epochs", "max_steps"):
        _add(budget, options.pop(name))
    for one in options.values():
        _add(parser, one)


def _add_training(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--resume", action="store_true", help="continue from the last checkpoint in DIR")
    parser.add_argument("--report", action="store_true", help="print the corpus report, and do not train")
    parser.add_argument("--json", action="store_true", help="print JSON")


def _add_model_and_column(parser: argparse.ArgumentParser, model_help: str) -> None:
    parser.add_argument("--model", metavar="M", default="", help=model_help)
    _add_column(parser)


def _add_column(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--column", metavar="C", help="the column or key that holds the text (default: guessed)"
    )


def _add(parser: argparse._ActionsContainer, one: Field) -> None:
    """Add the option of a field; None if it is not given, so that the field's default applies."""
    option, text = f"--{one.name.replace('_', '-')}", one.metadata["help"]
    if one.type is bool:
        parser.add_argument(option, action="store_true", help=text)
        return
    if choices := one.metadata["choices"]:
        parser.add_argument(option, choices=choices, help=f"{text} (default: {one.default})")
        return
    default = DEFAULT_MINUTES if one.name == "minutes" else one.default
    parser.add_argument(
        option,
        metavar=one.metadata["metavar"],
        type=int if one.type in (int, int | None) else float,
        help=text if default is None else f"{text} (default: {default:g})",
    )
