"""The command line, `python -m mlm_demo COMMAND`: the parser of all commands, which the other modules implement.

Exit code: 0; 1 for an error that a user can fix (one line on standard error); 2 for wrong usage. With `--json` a
command prints the same JSON as the HTTP endpoint.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from mlm_demo import __version__
from mlm_demo.cli.extract import extract_command
from mlm_demo.cli.facts import facts_command
from mlm_demo.cli.insight import contrast_command, why_command
from mlm_demo.cli.options import add_adaptation, add_finetuning, add_pretraining
from mlm_demo.cli.pairs import pairs_command
from mlm_demo.cli.predict import fill_command, models_command, score_command
from mlm_demo.cli.runs import papers_command, probe_command, read_command, runs_command, work_command
from mlm_demo.cli.search import search_command
from mlm_demo.cli.terminal import status
from mlm_demo.corpus.formats import describe_formats
from mlm_demo.errors import MlmDemoError, ParameterError
from mlm_demo.models.pool import PRECISIONS
from mlm_demo.settings import Settings

SENTENCE_FILE = "a file of sentences (.txt, one per line; .csv, .tsv, .jsonl; - for standard input)"
MODEL = "general, biomedical, a Hub id or a folder"
TAUGHT_MODEL = f"{MODEL}; or extract or another model that was taught a task (default: general)"
BASE_MODEL = f"{MODEL} (default: general)"
ASKED_MODEL = f"{MODEL} (default: distilbert/distilroberta-base if it is downloaded, else general)"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code."""
    options = command_line().parse_args(arguments)
    try:
        options.run(options, Settings.from_environment())
    except MlmDemoError as error:
        status("")
        print(f"mlm_demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        status("")
        return 130
    except BrokenPipeError:  # the reader, such as `head`, has closed the pipe
        sys.stderr.close()
        return 0
    return 0


def command_line() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    parser = argparse.ArgumentParser(
        prog="python -m mlm_demo", description="Predict, score and adapt with masked language models."
    )
    parser.add_argument("--version", action="version", version=f"mlm_demo {__version__}")
    verbs = parser.add_subparsers(metavar="COMMAND", required=True)
    _add_prediction(verbs)
    add_adaptation(verbs, BASE_MODEL, _adapt, _evaluate)
    add_pretraining(verbs, _pretrain)
    add_finetuning(verbs, TAUGHT_MODEL, _finetune)

    push = verbs.add_parser("push", help="upload an adapted model to the Hub, private, with your own token")
    push.add_argument("folder", metavar="DIR", type=Path, help="the output folder of a finished run")
    push.add_argument("repo", metavar="REPO", help="owner/name")
    push.add_argument("--json", action="store_true", help="print JSON")
    push.set_defaults(run=_push)

    runs = verbs.add_parser("runs", help="list the runs in the background, the oldest first")
    runs.add_argument("--json", action="store_true", help="print JSON")
    runs.set_defaults(run=runs_command)

    serve = verbs.add_parser("serve", help="serve the page")
    serve.add_argument(
        "--share", action="store_true", help="also create a public link through Gradio's servers"
    )
    serve.set_defaults(run=_serve)
    answer = verbs.add_parser("answer", help="serve the models alone, for pages with MLM_DEMO_ENGINE")
    answer.add_argument("--port", type=int, default=8000, metavar="P", help="default: 8000")
    answer.set_defaults(run=_answer)
    _add_hidden(verbs)
    return parser


def _add_prediction(verbs) -> None:
    fill = verbs.add_parser("fill", help="rank words for the masks of a sentence")
    fill.add_argument("text", metavar="TEXT", help=f"a sentence with <mask>, or {SENTENCE_FILE}")
    fill.add_argument("--model", metavar="M", default="", help=ASKED_MODEL)
    fill.add_argument(
        "--top-k", metavar="K", type=_number, help="how many words (default: 5, or all targets)"
    )
    fill.add_argument("--targets", metavar="A,B", default="", help="rank these words instead")
    fill.add_argument("--joint", action="store_true", help="also fill all masks together")
    fill.set_defaults(run=fill_command)

    why = verbs.add_parser("why", help="show which words of a sentence a guess rests on")
    why.add_argument("text", metavar="TEXT", help="a sentence with <mask>")
    why.add_argument("--model", metavar="M", default="", help=ASKED_MODEL)
    why.add_argument(
        "--mask", metavar="N", type=_number, default=1, help="which mask, counted from 1 (default: 1)"
    )
    why.add_argument(
        "--targets", metavar="A,B", default="", help="explain the best of these words, not the first guess"
    )
    why.add_argument(
        "--gradient",
        dest="measure",
        action="store_const",
        const="gradient",
        default="hiding",
        help="print each word's share of the gradient (always exact), not the probability without the word",
    )
    why.set_defaults(run=why_command)
    for asking in (fill, why):
        asking.add_argument(
            "--precision",
            choices=PRECISIONS,
            default="auto",
            help="exact, or int8 for speed on a CPU (default: auto, which is int8 if you want only the top words)",
        )
        asking.add_argument("--json", action="store_true", help="print JSON")

    contrast = verbs.add_parser("contrast", help="set the blanks of two sentences against each other")
    contrast.add_argument("text", metavar="TEXT1", help="a sentence with one <mask>")
    contrast.add_argument(
        "other_text", metavar="TEXT2", nargs="?", default="", help="another one (default: the first again)"
    )
    contrast.add_argument(
        "--model",
        metavar="M",
        action="append",
        help=f"{ASKED_MODEL}; a second one is asked the second sentence",
    )
    contrast.add_argument("--json", action="store_true", help="print JSON")
    contrast.set_defaults(run=contrast_command)

    score = verbs.add_parser("score", help="measure how much each word of a sentence surprises a model")
    score.add_argument("text", metavar="TEXT", help=f"a sentence without masks, or {SENTENCE_FILE}")
    score.add_argument("--model", metavar="M", default="", help=ASKED_MODEL)
    score.add_argument("--json", action="store_true", help="print JSON")
    score.set_defaults(run=score_command)

    pairs = verbs.add_parser("pairs", help="count the minimal pairs that models judge as a grammar does")
    pairs.add_argument(
        "file",
        metavar="FILE",
        nargs="?",
        type=Path,
        help="a table or JSON lines with good and bad, and phenomenon (default: the built-in twelve phenomena)",
    )
    pairs.add_argument(
        "--model", metavar="M", action="append", help=f"{ASKED_MODEL}; repeat it for up to three"
    )
    pairs.add_argument("--json", action="store_true", help="print JSON, with the scores of every pair")
    pairs.set_defaults(run=pairs_command)
    facts = verbs.add_parser(
        "facts", help="count the facts that models know, beside what the template alone brings"
    )
    facts.add_argument(
        "file", metavar="FILE", type=Path, help="a table or JSON lines with subject, template and object"
    )
    facts.add_argument(
        "--model", metavar="M", action="append", help=f"{ASKED_MODEL}; repeat it for up to three"
    )
    facts.add_argument(
        "--top-k",
        metavar="K",
        type=_number,
        default=10,
        help="count an object among the first K words (default: 10)",
    )
    facts.add_argument("--json", action="store_true", help="print JSON, with the rank of every object")
    facts.set_defaults(run=facts_command)
    for scoring in (score, pairs):
        scoring.add_argument(
            "--method",
            choices=("within_word", "original"),
            default="within_word",
            help="which tokens of a word to mask (default: within_word, the scored token and those after it)",
        )

    _add_extraction(verbs)

    models = verbs.add_parser("models", help="list the models of the picker")
    models.add_argument("--json", action="store_true", help="print JSON")
    models.set_defaults(run=models_command)


def _add_extraction(verbs) -> None:
    extract = verbs.add_parser("extract", help="answer questions from papers, each with its sentence")
    extract.add_argument("files", metavar="FILE", nargs="+", type=Path, help=describe_formats())
    extract.add_argument(
        "--question", metavar="Q", action="append", required=True, help="a question; repeat it for several"
    )
    extract.add_argument(
        "--model",
        metavar="M",
        default="",
        help="a run, or a folder with the fine-tuned models evidence and answers or one of them (default: extract)",
    )
    extract.add_argument(
        "--threshold",
        metavar="T",
        type=float,
        help="the least score of an answer (default: what the model was calibrated to)",
    )
    extract.add_argument(
        "--column", metavar="C", help="the column or key that holds the text (default: guessed)"
    )
    output = extract.add_mutually_exclusive_group()
    output.add_argument("--json", action="store_true", help="print JSON")
    output.add_argument("--csv", action="store_true", help="print CSV")
    extract.set_defaults(run=extract_command)
    search = verbs.add_parser("search", help="find the sentences of papers that are nearest to a query")
    search.add_argument("files", metavar="FILE", nargs="+", type=Path, help=describe_formats())
    search.add_argument(
        "--query", metavar="Q", required=True, help="what to look for, in words or as a question"
    )
    search.add_argument("--model", metavar="M", default="", help=f"a run, {ASKED_MODEL}")
    search.add_argument("--top-k", metavar="K", type=_number, help="how many sentences (default: 10)")
    search.add_argument(
        "--column", metavar="C", help="the column or key that holds the text (default: guessed)"
    )
    search.add_argument("--json", action="store_true", help="print JSON")
    search.set_defaults(run=search_command)


def _add_hidden(verbs) -> None:
    """Add the commands of the child processes of the page; without a help text they are not listed."""
    work = verbs.add_parser("work")
    work.add_argument("id", metavar="RUN")
    work.add_argument("--lock", metavar="FD", type=int)
    work.add_argument("--handle", metavar="NAME", default="")
    work.add_argument("--requeued", action="store_true")
    work.add_argument("--processes", type=int, default=1)
    work.add_argument("--together", action="store_true")
    work.set_defaults(run=work_command)
    probe = verbs.add_parser("probe")
    probe.add_argument("nonce", metavar="NONCE")
    probe.add_argument("node", metavar="NODE")
    probe.set_defaults(run=probe_command)
    for name, command in (("read", read_command), ("papers", papers_command)):
        reader = verbs.add_parser(name)
        reader.add_argument("id", metavar="DRAFT")
        reader.set_defaults(run=command)
    reader.add_argument("--column", metavar="C", default="")


def _adapt(options: argparse.Namespace, settings: Settings) -> None:
    from mlm_demo.cli.adapt import adapt_command  # imported here because it imports training code

    adapt_command(options, settings)


def _pretrain(options: argparse.Namespace, settings: Settings) -> None:
    from mlm_demo.cli.pretrain import pretrain_command

    pretrain_command(options, settings)


def _finetune(options: argparse.Namespace, settings: Settings) -> None:
    from mlm_demo.cli.finetune import finetune_command

    finetune_command(options, settings)


def _evaluate(options: argparse.Namespace, settings: Settings) -> None:
    useless = ("column", "keep_near_duplicates", "seed") if options.task else ("threshold",)
    for name in useless:
        value = getattr(options, name)
        if value is not None and value is not False:
            how = "cannot be used with" if options.task else "needs"
            raise ParameterError(f"--{name.replace('_', '-')} {how} --task; leave it out.")
    if options.task:
        from mlm_demo.cli.finetune import evaluate_task_command

        evaluate_task_command(options, settings)
    else:
        from mlm_demo.cli.adapt import evaluate_command

        evaluate_command(options, settings)


def _push(options: argparse.Namespace, settings: Settings) -> None:
    from mlm_demo.cli.adapt import push_command

    push_command(options, settings)


def _serve(options: argparse.Namespace, settings: Settings) -> None:
    from mlm_demo.system.memory import bound_malloc
    from mlm_demo.web.server.quick_start import without_garbage_collection, without_stubs

    bound_malloc()
    with without_garbage_collection():
        with without_stubs():
            from mlm_demo.web.app import start  # imported here because only the page needs gradio
        page = start(settings, share=options.share or settings.share)
    page.block_thread()


def _answer(options: argparse.Namespace, settings: Settings) -> None:
    from mlm_demo.cli.answer import answer_command  # here, because only this command needs a server

    answer_command(options, settings)


def _number(text: str) -> float | str:
    """Return an int or float if the text is one, else the text; the engine checks it, as for the page and HTTP."""
    try:
        return float(text) if "." in text else int(text)
    except ValueError:
        return text
