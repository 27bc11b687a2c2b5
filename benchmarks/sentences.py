"""Sentences that a teacher might try: how often an expected word comes first, or among the first five.

Forty are everyday and forty biomedical (sentences.tsv). They were written before any model's answer was known, and no
sentence is changed because of an answer. Ninety-eight more everyday ones are by a second author, who had seen neither
the first nor our texts to train on (assets/texts).

--model M: this model, a name as for `python -m mlm_demo fill`, instead of the two built-in ones.
"""

import argparse
import csv
import sys
from dataclasses import dataclass
from pathlib import Path

from pairs import print_table, wants_json

from mlm_demo.inference.engine import TOP_K, Engine
from mlm_demo.settings import Settings

SENTENCES = Path(__file__).with_suffix(".tsv")
BUILT_IN = ("general", "biomedical")


@dataclass(frozen=True)
class Sentence:
    """A sentence with one mask, its kind, and the words that are equally right at the mask."""

    kind: str
    text: str
    expected: tuple[str, ...]


def read_sentences() -> list[Sentence]:
    with SENTENCES.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [Sentence(row["kind"], row["sentence"], tuple(row["expected"].split("|"))) for row in rows]


def first_words(engine: Engine, model: str, sentence: Sentence) -> list[str]:
    """Return a model's most probable words, the best first."""
    answer = engine.fill_mask(sentence.text, model, precision="exact")
    return [prediction["token_str"].strip().lower() for prediction in answer["masks"][0]]


def main() -> None:
    options = argparse.ArgumentParser(add_help=False)
    options.add_argument("--model")
    chosen, sys.argv[1:] = options.parse_known_args()
    as_json = wants_json(__doc__)
    engine, sentences = Engine(Settings.from_environment()), read_sentences()
    shares, misses, ratios = [], [], {}
    for model in [chosen.model] if chosen.model else BUILT_IN:
        for kind in dict.fromkeys(sentence.kind for sentence in sentences):
            own = [sentence for sentence in sentences if sentence.kind == kind]
            words = [first_words(engine, model, sentence) for sentence in own]
            answers = list(zip(own, words, strict=True))
            first = sum(words[0] in sentence.expected for sentence, words in answers) / len(own)
            missed = [(s, words) for s, words in answers if not set(s.expected) & set(words)]
            five = 1 - len(missed) / len(own)
            shares.append((model, kind, first, five))
            ratios |= {f"{model}_{kind}_first": first, f"{model}_{kind}_top5": five}
            misses += [(model, kind, s.text, ", ".join(s.expected), ", ".join(words)) for s, words in missed]
    if not as_json:  # the ratios hold the same shares
        print_table("Sentences", ("model", "sentences", "first", f"first {TOP_K}"), shares, {}, as_json)
    headings = ("model", "kind", "sentence", "expected", f"first {TOP_K}")
    print_table(f"Not among the first {TOP_K}", headings, misses, ratios, as_json)


if __name__ == "__main__":
    main()
