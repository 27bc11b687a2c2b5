"""What the tasks are worth without a model: chance, a classifier that does not read the question, shared words.

A table of models without these rows says little: most pools of sentences can be solved without reading the question.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from math import ceil, fsum

import numpy as np

from mlm_demo.corpus.examples.example import Answer, AnswerExample, EvidencePool
from mlm_demo.corpus.sentences import split_sentences
from mlm_demo.training.downstream.answer_metrics import token_f1

PlacedWord = tuple[int, int, str]  # its start and end in the context, and the word in lower case
WORD = re.compile(r"\w+")
LENGTHS = (None, 16, 8, 5, 3)  # words of an answer that are tried; None for the whole sentence
FITTED_ON = 500  # examples
REACH = 8  # words on each side of a span whose nearness to the question's words counts


def words_of(text: str) -> list[str]:
    """Return the words of a text in lower case."""
    return WORD.findall(text.lower())


def random_scores(pool: EvidencePool) -> np.ndarray:
    """Return equal scores, whose metrics are exactly the expected ones of a random order: (sentences,)."""
    return np.zeros(len(pool.sentences))


class QuestionBlind:
    """A naive Bayes classifier of sentences that never sees the question; words are counted, add-one smoothed."""

    def __init__(self, pools: Iterable[EvidencePool]):
        """Train on the labels of pools."""
        counts = {True: Counter(), False: Counter()}
        for pool in pools:
            for sentence, label in zip(pool.sentences, pool.labels, strict=True):
                counts[label].update(words_of(sentence))
        vocabulary = counts[True].keys() | counts[False].keys()
        totals = {label: counts[label].total() + len(vocabulary) for label in counts}
        self._log_odds = {
            word: float(
                np.log((counts[True][word] + 1) / totals[True] * totals[False] / (counts[False][word] + 1))
            )
            for word in vocabulary
        }

    def scores(self, pool: EvidencePool) -> np.ndarray:
        """Return the log odds of evidence without the prior: (sentences,) in nats. Unknown words count nothing."""
        return np.array([sum(self._log_odds.get(w, 0.0) for w in words_of(s)) for s in pool.sentences])


class WordOverlap:
    """Scores by the words that a sentence shares with the question, rare words more.

    A word's weight is its inverse document frequency log(sentences / sentences with the word).
    """

    def __init__(self, sentences: Iterable[str]):
        """Count in how many sentences each word stands."""
        sets = [set(words_of(sentence)) for sentence in dict.fromkeys(sentences)]
        frequency = Counter(word for words in sets for word in words)
        self._idf = {word: float(np.log(len(sets) / count)) for word, count in frequency.items()}

    def scores(self, pool: EvidencePool) -> np.ndarray:
        """Return the summed weights of the shared words: (sentences,) in nats."""
        question = set(words_of(pool.question))
        return np.array([self.weight(question.intersection(words_of(s))) for s in pool.sentences])

    def weight(self, words: Iterable[str]) -> float:
        """Return the summed weights of words, each of which counts once."""
        return fsum(self._idf.get(word, 0.0) for word in words)  # the same whatever the order of a set


class SpanOverlap:
    """Answers with the sentence that shares the most with the question, or with a span of a fixed length in it.

    The span is the one closest to the shared words that holds few of them. Its length, or the whole sentence, is
    what gives the best F1 on training examples.
    """

    def __init__(self, examples: Sequence[AnswerExample]):
        """Choose the length on at most FITTED_ON of the examples; all of them count for the words' weights."""
        self._sentences: dict[str, list[list[PlacedWord]]] = {}  # of a context: start, end and each word
        contexts = dict.fromkeys(example.context for example in examples)
        self._overlap = WordOverlap(
            " ".join(word for _, _, word in sentence) for text in contexts for sentence in self._split(text)
        )
        answered = [example for example in examples if example.answers]
        fitted = answered[:: ceil(len(answered) / FITTED_ON) or 1]
        best = [self._best_sentence(set(words_of(e.question)), e.context) for e in fitted]

        def summed_f1(length: int | None) -> float:
            spans = (
                self._span(e.question, e.context, words, length)
                for e, words in zip(fitted, best, strict=True)
            )
            return sum(
                token_f1(span and span.text, [answer.text for answer in e.answers])
                for e, span in zip(fitted, spans, strict=True)
            )

        self.length = max(LENGTHS, key=summed_f1)

    def answer(self, question: str, context: str) -> Answer | None:
        """Return the answer to a question; None if the context has no words."""
        best = self._best_sentence(set(words_of(question)), context)
        return self._span(question, context, best, self.length)

    def _best_sentence(self, asked: set[str], context: str) -> Sequence[PlacedWord]:
        return max(
            self._split(context),
            key=lambda words: self._overlap.weight(asked.intersection(word for _, _, word in words)),
            default=[],
        )

    def _span(
        self, question: str, context: str, sentence: Sequence[PlacedWord], length: int | None
    ) -> Answer | None:
        if not sentence:
            return None
        first, last = 0, len(sentence) - 1
        if length is not None and length < len(sentence):
            first = self._closest(set(words_of(question)), [word for _, _, word in sentence], length)
            last = first + length - 1
        start, end = sentence[first][0], sentence[last][1]
        return Answer(start, context[start:end])

    def _closest(self, asked: set[str], words: Sequence[str], length: int) -> int:
        """Return where the span begins that is closest to the words that were asked for."""
        weights = [self._overlap.weight([word]) if word in asked else 0.0 for word in words]

        def closeness(first: int) -> float:
            last = first + length - 1
            before = sum(weights[i] / (1 + first - i) for i in range(max(0, first - REACH), first))
            after = sum(
                weights[i] / (1 + i - last) for i in range(last + 1, min(len(words), last + REACH + 1))
            )
            return before + after - sum(weights[first : last + 1])

        return max(range(len(words) - length + 1), key=closeness)

    def _split(self, context: str) -> list[list[PlacedWord]]:
        """Return the words of each sentence of a context with their offsets; sentences without words are left out."""
        if context not in self._sentences:
            found = [
                [(word.start(), word.end(), word[0].lower()) for word in WORD.finditer(context, *sentence)]
                for sentence in split_sentences(context)
            ]
            self._sentences[context] = [words for words in found if words]
        return self._sentences[context]
