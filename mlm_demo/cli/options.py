"""The options of the commands `adapt` and `evaluate`, generated from AdaptConfig; imports nothing heavy."""

import argparse
from collections.abc import Callable
from dataclasses import Field, fields
from pathlib import Path

from mlm_demo.corpus.formats import describe_formats
from mlm_demo.training.config import AdaptConfig
from mlm_demo.training.options import BUDGETS

DEFAULT_MINUTES = 10.0


def add_adaptation(verbs, model_help: str, adapt: Callable, evaluate: Callable) -> None:
    """Add both commands to a parser."""
    parser = verbs.add_parser("adapt", help="continue training a model on a corpus of one domain")
    parser.add_argument("files", metavar="FILE", nargs="+", type=Path, help=describe_formats())
    parser.add_argument("--output", metavar="DIR", type=Path, required=True, help="the folder for the model")
    _add_model_and_column(parser, model_help)
    budget = parser.add_mutually_exclusive_group()
    options = {one.name: one for one in fields(AdaptConfig)}
    for name in ("minutes", "epochs", "max_steps"):
        _add(budget, options.pop(name))
    for one in options.values():
        _add(parser, one)
    parser.add_argument("--zip", action="store_true", help="also pack the model into DIR.zip")
    parser.add_argument(
        "--push-to", metavar="REPO", help="also upload it to the Hub as a private model owner/name"
    )
    parser.add_argument("--resume", action="store_true", help="continue from the last checkpoint in DIR")
    parser.add_argument("--report", action="store_true", help="print the corpus report, and do not train")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=adapt)

    parser = verbs.add_parser("evaluate", help="measure how well a model predicts masked tokens of a text")
    parser.add_argument("files", metavar="FILE", nargs="+", type=Path, help=describe_formats())
    _add_model_and_column(parser, model_help)
    parser.add_argument(
        "--seed", metavar="S", type=int, default=0, help="seed that chooses the masked tokens (default: 0)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=evaluate)


def config_of(options: argparse.Namespace) -> AdaptConfig:
    """Return the configuration from the options of `adapt`; raises TrainingError."""
    given = {one.name: getattr(options, one.name) for one in fields(AdaptConfig)}
    given = {name: value for name, value in given.items() if value is not None}
    if not given.keys() & set(BUDGETS):
        given["minutes"] = DEFAULT_MINUTES
    return AdaptConfig(**given)


def _add_model_and_column(parser: argparse.ArgumentParser, model_help: str) -> None:
    parser.add_argument("--model", metavar="M", default="", help=model_help)
    parser.add_argument(
        "--column", metavar="C", help="the column or key that holds the text (default: guessed)"
    )


def _add(parser: argparse._ActionsContainer, one: Field) -> None:
    """Add the option of a field; None if it is not given, so that the field's default applies."""
    option, text = f"--{one.name.replace('_', '-')}", one.metadata["help"]
    if one.type is bool:
        parser.add_argument(option, action="store_true", help=text)
        return
    default = DEFAULT_MINUTES if one.name == "minutes" else one.default
    parser.add_argument(
        option,
        metavar=one.metadata["metavar"],
        type=int if one.type in (int, int | None) else float,
        help=text if default is None else f"{text} (default: {default:g})",
    )
