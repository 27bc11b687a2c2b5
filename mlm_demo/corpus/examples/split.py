"""Split examples into a training part and a held-out part, so that no question and no article stands in both."""

import random
from collections.abc import Sequence
from typing import TypeVar

from mlm_demo.corpus.examples.example import AnswerExample, EvidencePool
from mlm_demo.errors import CorpusError

E = TypeVar("E", AnswerExample, EvidencePool)
TOLERANCE = 1.5  # times the wanted share: units that would make the held-out part larger are passed over
ENOUGH = 0.5  # of the wanted share; less held out by articles, and the examples are split by question


def split_examples(examples: Sequence[E], seed: int, share: float = 0.2) -> tuple[list[E], list[E]]:
    """Return the training part and the held-out part, each in the order of the examples.

    Articles that share a question stay together. Where that leaves too little to hold out, as when the same few
    questions are asked of every article, the split is by question, and where there is one question, by article.

    share: of the examples, to hold out. Raises CorpusError if all examples have one question and one article.
    """
    by_article = [example.group for example in examples]
    by_question = [_folded(example.question) for example in examples]
    enough = ENOUGH * share * len(examples)
    held: set[int] = set()
    for units in (_linked(by_article, by_question), by_question if len(set(by_question)) > 1 else by_article):
        drawn = _draw(units, seed, share)
        if len(drawn) > len(held):
            held = drawn
        if len(held) >= enough:
            break
    if not held:
        raise CorpusError(
            "All examples have the same question and the same document, so none can be held out to measure on; add "
            "other questions or documents."
        )
    return (
        [example for i, example in enumerate(examples) if i not in held],
        [example for i, example in enumerate(examples) if i in held],
    )


def _folded(question: str) -> str:
    return " ".join(question.casefold().split()).rstrip("?. ")


def _linked(articles: Sequence[str], questions: Sequence[str]) -> list[str]:
    """Return a unit for each example: the articles that are linked by questions in common are one."""
    parents: dict[str, str] = {}

    def root(article: str) -> str:
        while (parent := parents.setdefault(article, article)) != article:
            parents[article] = article = parents[parent]
        return article

    first_with: dict[str, str] = {}
    for article, question in zip(articles, questions, strict=True):
        parents[root(article)] = root(first_with.setdefault(question, article))
    return [root(article) for article in articles]


def _draw(units: Sequence[str], seed: int, share: float) -> set[int]:
    """Draw units until they hold about the share of the examples; return the numbers of these examples."""
    members: dict[str, list[int]] = {}
    for i, unit in enumerate(units):
        members.setdefault(unit, []).append(i)
    if len(members) < 2:
        return set()
    wanted = share * len(units)
    held: set[int] = set()
    for unit in random.Random(seed).sample(list(members), len(members)):
        most = TOLERANCE * wanted if held else max(TOLERANCE * wanted, len(units) / 2)
        if len(held) + len(members[unit]) <= most:
            held.update(members[unit])
        if len(held) >= wanted:
            break
    return held
