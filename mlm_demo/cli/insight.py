"""The commands `why` and `contrast`."""

import argparse

from mlm_demo.cli.terminal import columns, print_json, print_notes, share
from mlm_demo.errors import ParameterError
from mlm_demo.inference.engine import Engine
from mlm_demo.runs.adapted_models import catalogue_of
from mlm_demo.settings import Settings
from mlm_demo.web.fill.charts import probability

WORDS_SHOWN = 10


def why_command(options: argparse.Namespace, settings: Settings) -> None:
    """Print the guess at a mask, and its probability without each word of the sentence, or the word's share."""
    asked = {name: getattr(options, name) for name in ("model", "mask", "targets", "precision", "measure")}
    found = Engine(settings, catalogue_of(settings)).why(options.text, **asked, on_progress=share)
    if options.json:
        return print_json(found)
    print(f"{found['guess']}  {probability(found['score'])}")
    if found["measure"] == "gradient":
        rows = [["word", "share of the gradient"]]
        rows += [[word["word"], f"{word['share']:.1%}"] for word in found["words"]]
    else:
        rows = [["without", "probability", "change (nats)"]]
        rows += [
            [word["word"], probability(word["score"]), f"{-word['change']:+.2f}"] for word in found["words"]
        ]
    for line in columns(rows, right=len(rows[0]) - 1):
        print(line)


def contrast_command(options: argparse.Namespace, settings: Settings) -> None:
    """Print how far two blanks are apart, and the words that differ most."""
    models = options.model or [""]
    if len(models) > 2:
        raise ParameterError(f"There are {len(models)} models; give one, or one for each sentence.")
    engine = Engine(settings, catalogue_of(settings))
    found = engine.contrast(
        (options.text, options.other_text or options.text), (models[0], models[-1]), on_progress=share
    )
    if options.json:
        return print_json(found)
    print_notes(found["notices"])
    if found["distance"] is not None:
        print(f"{found['distance']:.3f} bits apart (Jensen-Shannon divergence, 0 to 1)")
    rows = [["word", "first", "second"]]
    rows += [
        [word["word"], probability(word["first"]), probability(word["second"])]
        for word in found["words"][:WORDS_SHOWN]
    ]
    for line in columns(rows, right=2):
        print(line)
