"""The relevance of each sentence of a paper for a question: question NLI as ranking.

A paper is computed by itself, so its logits do not depend on which other papers are asked, or in which order.
"""

import math
import re
from collections import Counter
from collections.abc import Callable, Sequence

from mlm_demo.inference.extract.paper import Paper
from mlm_demo.models.task_model import TaskModel

# A paper of 6,000 words has about 250 sentences. Of a paper with more than this, a model reads those that share the
# most words with the question.
MAX_SENTENCES = 2000
CHUNK = 256  # windows between two looks at `should_stop`
WORD = re.compile(r"\w+")


class Stopped(Exception):
    """Someone asked to stop."""


def shortlist(question: str, paper: Paper) -> list[int]:
    """Return the numbers of the sentences that a model reads: all of them, or the best MAX_SENTENCES of a long paper.

    The best share the words of the question that are rare in the paper (inverse document frequency); of equal ones, the
    first.
    """
    count = len(paper.sentences)
    if count <= MAX_SENTENCES:
        return list(range(count))
    asked = set(WORD.findall(question.casefold()))
    shared = [asked & set(WORD.findall(paper.sentence(number).casefold())) for number in range(count)]
    frequency = Counter(word for words in shared for word in words)
    weight = {word: math.log(count / times) for word, times in frequency.items()}
    order = sorted(range(count), key=lambda number: -sum(sorted(weight[word] for word in shared[number])))
    return sorted(order[:MAX_SENTENCES])


def relevance_logits(
    model: TaskModel,
    question: str,
    paper: Paper,
    numbers: Sequence[int],
    *,
    on_progress: Callable[[float], None] = lambda share: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> list[float]:
    """Return the relevance logits of the sentences with these numbers.

    A sentence longer than a window has the logit of its best window. Raises PromptError for a question that cannot be
    asked, ModelError for broken weights, and Stopped.
    """
    texts = [paper.sentence(number) for number in numbers]
    windows = model.pairs.windows([question] * len(texts), texts, stride=0)
    flat = [(window, number) for number, found in enumerate(windows) for window in found]
    flat.sort(key=lambda item: len(item[0]))  # so that the windows of a chunk have similar lengths
    logits = [-math.inf] * len(texts)
    for start in range(0, len(flat), CHUNK):
        if should_stop():
            raise Stopped
        chunk = flat[start : start + CHUNK]
        for (_, number), logit in zip(chunk, model.logits([window for window, _ in chunk]), strict=True):
            logits[number] = max(logits[number], float(logit))
        on_progress(min(1.0, (start + CHUNK) / len(flat)))
    return logits


def probability(logit: float) -> float:
    """Return the logistic function of a logit, without overflow."""
    return 1 / (1 + math.exp(-logit)) if logit >= 0 else math.exp(logit) / (1 + math.exp(logit))
