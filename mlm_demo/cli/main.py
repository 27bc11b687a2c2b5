"""The command line: `python -m mlm_demo VERB`, one function a verb.

Exit code 0, 1 for a user's error (one line on standard error), 2 for wrong usage. With `--json` the answer is
printed as HTTP gives it.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from mlm_demo import __version__
from mlm_demo.cli.options import add_adaptation
from mlm_demo.errors import MlmDemoError
from mlm_demo.inference.engine import TOP_K, Engine
from mlm_demo.models.pool import PRECISIONS
from mlm_demo.runs.adapted_models import catalogue_of
from mlm_demo.runs.store import RunStore
from mlm_demo.settings import Settings


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb and return the exit code."""
    options = command_line().parse_args(arguments)
    try:
        options.run(options, Settings.from_environment())
    except MlmDemoError as error:
        print(f"mlm_demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader (`| head`) has seen enough
        sys.stderr.close()
        return 0
    return 0


def _fill(options: argparse.Namespace, settings: Settings) -> None:
    answer = Engine(settings, catalogue_of(settings)).fill_mask(
        options.text,
        options.model,
        top_k=options.top_k,
        targets=options.targets,
        joint=options.joint,
        precision=options.precision,
        on_progress=_on_terminal,
    )
    if options.json:
        return _print_json(answer)
    _print_notices(answer)
    for number, mask in enumerate(answer["masks"], 1):
        if len(answer["masks"]) > 1:
            print(f"mask {number}")
        width = max(len(row["word"]) for row in mask)
        for row in mask:
            scored = f"  ({row['scored']})" if "scored" in row else ""
            print(f"{row['score']:.4f}  {row['word']:<{width}}  {row['sequence']}{scored}")
    if "joint" in answer:
        print("together")
        for filling in answer["joint"]:
            print(f"{filling['score']:.4f}  {filling['sequence']}")


def _score(options: argparse.Namespace, settings: Settings) -> None:
    engine = Engine(settings, catalogue_of(settings))
    (score,) = engine.score(options.text, [options.model], method=options.method, on_progress=_on_terminal)[
        "scores"
    ]
    if options.json:
        return _print_json(score)
    _print_notices(score)
    for word in score["words"]:
        print(f"{word['surprisal']:6.2f} bits  {word['text']}")
    print(
        f"pseudo-perplexity {score['pseudo_perplexity']:.2f} a token, {score['bits_per_word']:.2f} bits a word, "
        f"log-likelihood {score['log_likelihood']:.2f} nats"
    )


def _models(options: argparse.Namespace, settings: Settings) -> None:
    models = Engine(settings, catalogue_of(settings)).models()
    if options.json:
        return _print_json(models)
    width = max(len(model["name"]) for model in models)
    for model in models:
        print(
            f"{model['name']:<{width}}  {model['domain']:<10}  {model['license']:<10}  {model['availability']}"
        )


def _adapt(options: argparse.Namespace, settings: Settings) -> None:
    if options.id:
        from mlm_demo.runs.worker import work as run  # torch is imported for the training verbs alone
    else:
        from mlm_demo.cli.adapt import adapt_command as run
    run(options, settings)


def _evaluate(options: argparse.Namespace, settings: Settings) -> None:
    from mlm_demo.cli.adapt import evaluate_command

    evaluate_command(options, settings)


def _runs(options: argparse.Namespace, settings: Settings) -> None:
    rows = [
        {"state": run.state, "message": run.message, **asdict(run.request)}
        for run in RunStore(settings.runs).all()
    ]
    if options.json:
        return _print_json(rows)
    for row in rows:
        when = datetime.fromtimestamp(row["created"]).strftime("%Y-%m-%d %H:%M")
        print(f"{row['id']}  {when}  {row['state']:<11}  {row['title']}  {row['message']}".rstrip())


def _serve(options: argparse.Namespace, settings: Settings) -> None:
    from mlm_demo.system.memory import bound_malloc
    from mlm_demo.web.server.quick_import import without_stubs

    bound_malloc()
    with without_stubs():
        from mlm_demo.web.app import serve  # gradio is imported for the page alone

    serve(settings, share=options.share or settings.share)


def _print_json(value: object) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=2))


def _print_notices(answer: dict) -> None:
    for notice in answer["notices"]:
        print(f"note: {notice}", file=sys.stderr)


def _on_terminal(share: float, what: str) -> None:
    """Draw progress on one line of a terminal; say nothing where a script reads."""
    if sys.stderr.isatty():
        print(f"\r\033[K{what} {share:.0%}" if share < 1 else "\r\033[K", end="", file=sys.stderr, flush=True)


def command_line() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m mlm_demo", description="See what a masked language model expects, from the shell."
    )
    parser.add_argument("--version", action="version", version=f"mlm_demo {__version__}")
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    model_help = "general, biomedical, a Hub id or a folder (default: the first that needs no download)"

    fill = verbs.add_parser("fill", help="rank words for the masks of a sentence")
    fill.add_argument("text", metavar="TEXT", help="a sentence with <mask>")
    fill.add_argument("--model", metavar="M", default="", help=model_help)
    fill.add_argument("--top-k", metavar="K", type=_number, default=TOP_K, help="how many words (default: 5)")
    fill.add_argument("--targets", metavar="A,B", default="", help="rank these words instead")
    fill.add_argument("--joint", action="store_true", help="also fill all masks together")
    fill.add_argument(
        "--precision",
        choices=PRECISIONS,
        default="auto",
        help="exact, or int8 for speed on a processor (default: auto, int8 where only the best words are asked for)",
    )
    fill.add_argument("--json", action="store_true", help="print JSON")
    fill.set_defaults(run=_fill)

    score = verbs.add_parser("score", help="how much each word of a sentence surprises a model")
    score.add_argument("text", metavar="TEXT", help="a sentence without masks")
    score.add_argument("--model", metavar="M", default="", help=model_help)
    score.add_argument(
        "--method",
        choices=("within_word", "original"),
        default="within_word",
        help="which pieces of a word are hidden (default: within_word, those from the scored one on)",
    )
    score.add_argument("--json", action="store_true", help="print JSON")
    score.set_defaults(run=_score)

    models = verbs.add_parser("models", help="list the models of the picker")
    models.add_argument("--json", action="store_true", help="print JSON")
    models.set_defaults(run=_models)

    add_adaptation(verbs, model_help, _adapt, _evaluate)

    runs = verbs.add_parser("runs", help="list the adaptations in the background, the oldest first")
    runs.add_argument("--json", action="store_true", help="print JSON")
    runs.set_defaults(run=_runs)

    serve = verbs.add_parser("serve", help="serve the page")
    serve.add_argument(
        "--share", action="store_true", help="also make a public link, through Gradio's servers"
    )
    serve.set_defaults(run=_serve)
    return parser


def _number(text: str) -> float | str:
    """A number as typed, whole or not: what is out of range is the engine's to say, the same everywhere."""
    try:
        return float(text) if "." in text else int(text)
    except ValueError:
        return text
