"""The options of the verbs `adapt` and `evaluate`; nothing heavy is imported for them."""

import argparse
from collections.abc import Callable
from pathlib import Path

from mlm_demo.corpus.formats import describe_formats
from mlm_demo.training.config import AdaptConfig

DEFAULTS = AdaptConfig(minutes=10)


def add_adaptation(verbs, model_help: str, adapt: Callable, evaluate: Callable) -> None:
    """Add both verbs to a parser."""
    files_help = describe_formats()

    parser = verbs.add_parser("adapt", help="go on training a model on a corpus of one domain")
    parser.add_argument("files", metavar="FILE", nargs="+", type=Path, help=files_help)
    parser.add_argument("--output", metavar="DIR", type=Path, required=True, help="the folder for the model")
    parser.add_argument("--model", metavar="M", default="", help=model_help)
    parser.add_argument(
        "--column", metavar="C", help="the column or key that holds the text (default: guessed)"
    )
    budget = parser.add_mutually_exclusive_group()
    budget.add_argument("--minutes", metavar="T", type=float, help="train for so many minutes (default: 10)")
    budget.add_argument("--epochs", metavar="E", type=float, help="pass over the corpus so often")
    budget.add_argument("--max-steps", metavar="N", type=int, help="take so many steps")
    parser.add_argument(
        "--mlm-probability",
        metavar="P",
        type=float,
        help=f"share of the tokens hidden (default: {DEFAULTS.mlm_probability})",
    )
    parser.add_argument("--whole-word", action="store_true", help="hide whole words")
    parser.add_argument(
        "--learning-rate",
        metavar="L",
        type=float,
        help=f"the highest rate (default: {DEFAULTS.learning_rate})",
    )
    parser.add_argument(
        "--batch-size", metavar="B", type=int, help=f"blocks a step (default: {DEFAULTS.batch_size})"
    )
    parser.add_argument(
        "--block-size", metavar="L", type=int, help=f"tokens a block (default: {DEFAULTS.block_size})"
    )
    parser.add_argument(
        "--line-by-line", action="store_true", help="a block for each line, none packed together"
    )
    parser.add_argument(
        "--replay",
        metavar="R",
        type=float,
        help="share of general text mixed in against forgetting, such as 0.1",
    )
    parser.add_argument(
        "--seed", metavar="S", type=int, help="what is held out, masked and drawn (default: 0)"
    )
    parser.add_argument("--zip", action="store_true", help="also pack the model into DIR.zip")
    parser.add_argument("--push-to", metavar="REPO", help="also upload it to the Hub, private, as owner/name")
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint in DIR")
    # For the page: which run to tell how it goes, and the seconds after which to stop, to go on another time.
    parser.add_argument("--run", dest="id", help=argparse.SUPPRESS)
    parser.add_argument("--leg", type=float, help=argparse.SUPPRESS)
    # And what a trial gave before, to make none: seconds a step, megabytes.
    parser.add_argument("--trial", type=float, nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--report", action="store_true", help="tell what is in the files, and stop there")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=adapt)

    parser = verbs.add_parser("evaluate", help="how well a model predicts hidden tokens of a text")
    parser.add_argument("files", metavar="FILE", nargs="+", type=Path, help=files_help)
    parser.add_argument("--model", metavar="M", default="", help=model_help)
    parser.add_argument(
        "--column", metavar="C", help="the column or key that holds the text (default: guessed)"
    )
    parser.add_argument(
        "--seed", metavar="S", type=int, default=0, help="which tokens are hidden (default: 0)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=evaluate)
