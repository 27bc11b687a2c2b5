"""The commands `fill`, `score` and `models`."""

import argparse
import sys
from functools import partial

from mlm_demo.cli.batch import ask_each
from mlm_demo.cli.terminal import print_json, share
from mlm_demo.corpus.sentence_file import is_sentence_file
from mlm_demo.inference.engine import Engine
from mlm_demo.runs.adapted_models import catalogue_of
from mlm_demo.runs.answered_file import FILL, SCORE
from mlm_demo.settings import Settings
from mlm_demo.web.fill.charts import probability


def fill_command(options: argparse.Namespace, settings: Settings) -> None:
    """Print the predicted words for each mask, one per line; of a file for each of its sentences, as a table."""
    engine = Engine(settings, catalogue_of(settings))
    asked = {name: getattr(options, name) for name in ("model", "top_k", "targets", "joint", "precision")}
    if is_sentence_file(options.text):
        each = partial(engine.fill_each, **asked)
        # Without targets, as some can be written only in their own sentence; joint needs the same precision as they.
        alike = {**asked, "targets": "", "joint": options.joint or bool(options.targets)}
        check = partial(engine.fill_mask, "The <mask> .", **alike, on_progress=share)
        return ask_each(options.text, settings, each, FILL, as_json=options.json, check=check)
    answer = engine.fill_mask(options.text, **asked, on_progress=share)
    if options.json:
        return print_json(answer)
    _print_notices(answer)
    for number, mask in enumerate(answer["masks"], 1):
        if len(answer["masks"]) > 1:
            print(f"mask {number}")
        width = max(len(row["word"]) for row in mask)
        for score, row in zip(_scores(mask), mask, strict=True):
            scored = f"  ({row['scored']})" if "scored" in row else ""
            print(f"{score}  {row['word']:<{width}}  {row['sequence']}{scored}")
    if "joint" in answer:
        print("together")
        for score, filling in zip(_scores(answer["joint"]), answer["joint"], strict=True):
            print(f"{score}  {filling['sequence']}")


def _scores(rows: list[dict]) -> list[str]:
    """Return the probabilities as the page writes them, all of one width."""
    scores = [probability(row["score"]) for row in rows]
    return [score.ljust(max(map(len, scores))) for score in scores]


def score_command(options: argparse.Namespace, settings: Settings) -> None:
    """Print the surprisal of each word of a sentence, then its scores; of a file the scores of each sentence."""
    engine = Engine(settings, catalogue_of(settings))

    asked = {"method": options.method, "on_progress": share}
    if is_sentence_file(options.text):
        each = partial(engine.score_each, model=options.model, **asked)
        return ask_each(options.text, settings, each, SCORE, as_json=options.json)
    (score,) = engine.score(options.text, [options.model], **asked)["scores"]
    if options.json:
        return print_json(score)
    _print_notices(score)
    for word in score["words"]:
        print(f"{word['surprisal']:6.2f} bits  {word['text']}")
    print(
        f"pseudo-perplexity {score['pseudo_perplexity']:.2f} per token, {score['bits_per_word']:.2f} bits per word, "
        f"log-likelihood {score['log_likelihood']:.2f} nats"
    )


def models_command(options: argparse.Namespace, settings: Settings) -> None:
    """List the models of the picker."""
    models = Engine(settings, catalogue_of(settings)).models()
    if options.json:
        return print_json(models)
    width = max(len(model["name"]) for model in models)
    for model in models:
        print(
            f"{model['name']:<{width}}  {model['domain']:<10}  {model['license']:<10}  {model['availability']}"
        )


def _print_notices(answer: dict) -> None:
    for notice in answer["notices"]:
        print(f"note: {notice}", file=sys.stderr)
