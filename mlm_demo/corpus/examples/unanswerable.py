"""Questions asked of texts that do not answer them, from examples in which every text answers.

Without such examples a model never learns when to say nothing: in SQuAD 1 each paragraph answers its question, and the
score of `no answer` stays whatever it was before training (Rajpurkar et al. 2018, arXiv 1806.03822).
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mlm_demo.corpus.examples.example import AnswerExample

ENOUGH = 0.1  # of the examples without an answer; then nothing is added
SHARE = 0.5  # of the questions are asked of another text as well
TRIES = 8  # texts to look at for one that lacks the answer


def with_unanswerable(examples: Sequence[AnswerExample], seed: int) -> list[AnswerExample]:
    """Return the examples, some of them followed by their question asked of another text that lacks its answers.

    The other text is of the same article if that has several, because a text on another topic is told apart without
    reading. Nothing is added if at least ENOUGH of the examples have no answer.
    """
    unanswered = sum(not example.answers for example in examples)
    if unanswered >= ENOUGH * len(examples):
        return list(examples)
    every = list(dict.fromkeys(example.context for example in examples))
    by_article: dict[str, dict[str, None]] = {}
    for example in examples:
        by_article.setdefault(example.group, {})[example.context] = None
    texts = {group: list(contexts) for group, contexts in by_article.items()}
    random, found = np.random.default_rng([seed, len(examples)]), []
    for example in examples:
        found.append(example)
        if not example.answers or random.random() >= SHARE:
            continue
        own = texts[example.group]
        if text := _without_answer(example, own if len(own) > 1 else every, random):
            found.append(replace(example, id=f"{example.id} elsewhere", context=text, answers=()))
    return found


def _without_answer(example: AnswerExample, texts: Sequence[str], random: np.random.Generator) -> str:
    """Return one of the texts that has no answer to an example's question, "" if TRIES of them have one."""
    golds = [answer.text.casefold() for answer in example.answers]
    for place in random.integers(len(texts), size=TRIES):
        text = texts[place]
        if text != example.context and not any(gold in text.casefold() for gold in golds):
            return text
    return ""
