"""Questions asked of texts that do not answer them, from examples in which every text answers.

Without such examples a model never learns when to say nothing: in SQuAD 1 each paragraph answers its question, and the
score of `no answer` stays whatever it was before training (Rajpurkar et al. 2018, arXiv 1806.03822).
"""

from collections.abc import Sequence

import numpy as np

from mlm_demo.corpus.examples.example import AnswerExample

ENOUGH = 0.1  # of the examples without an answer; then nothing is added
SHARE = 0.5  # of the questions are asked of another text as well
TRIES = 8  # texts to look at for one that lacks the answer


def with_unanswerable(examples: Sequence[AnswerExample], seed: int) -> list[AnswerExample]:
    """Return the examples, and after them some of their questions asked of another text that lacks their answers.

    The other text is of the same article if that has several, because a text on another topic is told apart without
    reading. Nothing is added if at least ENOUGH of the examples have no answer.
    """
    answered = [example for example in examples if example.answers]
    if len(examples) - len(answered) >= ENOUGH * len(examples):
        return list(examples)
    every = list(dict.fromkeys(example.context for example in examples))
    by_article: dict[str, dict[str, None]] = {}
    for example in examples:
        by_article.setdefault(example.group, {})[example.context] = None
    texts = {group: list(contexts) for group, contexts in by_article.items()}
    random, added = np.random.default_rng([seed, len(examples)]), []
    for example in answered:
        if random.random() >= SHARE:
            continue
        own = texts[example.group]
        pool = own if len(own) > 1 else every
        golds = [answer.text.casefold() for answer in example.answers]
        for place in random.integers(len(pool), size=TRIES):
            text = pool[place]
            if text != example.context and not any(gold in text.casefold() for gold in golds):
                added.append(
                    AnswerExample(
                        f"{example.id} elsewhere", example.question, text, (), example.group, example.title
                    )
                )
                break
    return [*examples, *added]
