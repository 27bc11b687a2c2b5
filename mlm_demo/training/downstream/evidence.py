"""Evidence: rank the sentences of a text by whether they answer a question (question NLI as ranking)."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from torch.nn.functional import pad

from mlm_demo.corpus.examples.example import EvidencePool
from mlm_demo.models.pairs import Window
from mlm_demo.models.task_model import TaskModel
from mlm_demo.models.tasks import EVIDENCE
from mlm_demo.training.downstream.baselines import QuestionBlind, WordOverlap, random_scores
from mlm_demo.training.downstream.config import FinetuneConfig
from mlm_demo.training.downstream.pair_threshold import balanced_pairs, calibrate_pairs
from mlm_demo.training.downstream.ranking_metrics import rank_pools
from mlm_demo.training.downstream.task import Calibration, Item, Scores

CANDIDATES = 6  # of a question in a step: one that answers it, if there is one, and others
NEAR = 3  # of the others, if there are as many, from those that share the most words with the question
NEAR_SHARE = 3  # the third of the others that shares the most counts as near
MAX_TOKENS = FinetuneConfig.length  # of a question with a sentence


class EvidenceTask:
    """Trained with several candidates per question: the loss is a softmax over them and `no answer`, whose logit is 0.

    So the logits of one question can be ranked, and their sign says whether a sentence answers it at all.
    """

    name = EVIDENCE
    metrics: ClassVar = {
        "mrr": "mean reciprocal rank",
        "p1": "right sentence first",
        "accuracy": "accuracy on balanced pairs",
        "f1": "F1 of the sentences of a question",
    }
    in_percent: ClassVar = {"p1", "accuracy", "f1"}

    def completed(self, examples: Sequence[EvidencePool], seed: int) -> list[EvidencePool]:
        """Return the examples as they are: most sentences of a pool do not answer."""
        return list(examples)

    def item(self, model: TaskModel, example: EvidencePool, random: np.random.Generator) -> Item:
        """Return one sentence that answers, drawn at random, and CANDIDATES - 1 others, NEAR of them near.

        Near ones are what a question is mistaken for: its aim, its method, another paper on the subject (Karpukhin and
        others 2020, arXiv 2004.04906, add such passages to random ones).
        """
        labels = np.asarray(example.labels)
        chosen = [int(random.choice(right))] if len(right := np.flatnonzero(labels)) else []
        others = _nearest_first(example)
        near = random.permutation(others[: max(NEAR, len(others) // NEAR_SHARE)])[:NEAR]
        rest = random.permutation(np.setdiff1d(others, near))
        chosen += np.concatenate([near, rest])[: CANDIDATES - len(chosen)].tolist()
        sentences = [example.sentences[number] for number in chosen]
        windows = self._windows(model, [example.question] * len(chosen), sentences)
        return Item(windows, [float(labels[number]) for number in chosen])

    def _windows(self, model: TaskModel, questions: Sequence[str], sentences: Sequence[str]) -> list[Window]:
        """Return a window per pair; the end of a very long sentence is cut off."""
        return [windows[0] for windows in model.pairs.windows(questions, sentences, MAX_TOKENS)]

    def length(self, example: EvidencePool) -> int:
        """Return the characters of a pair, on average."""
        return len(example.question) + sum(map(len, example.sentences)) // max(1, len(example.sentences))

    def loss(
        self, outputs: Sequence[Any], targets: Sequence[torch.Tensor], owner: torch.Tensor
    ) -> torch.Tensor:
        """Return the mean over the questions of the negative log probability of the right candidate."""
        logits = torch.cat([output.logits[:, 0].float() for output in outputs])
        labels = torch.cat(list(targets))
        questions = int(owner.max()) + 1
        # Candidates of a question in a row, with `no answer` first.
        order = torch.argsort(owner, stable=True)
        counts = torch.bincount(owner, minlength=questions)
        place = torch.arange(len(owner), device=owner.device) - torch.repeat_interleave(
            counts.cumsum(0) - counts, counts
        )
        table = logits.new_full((questions, int(counts.max())), float("-inf"))
        table[owner[order], place] = logits[order]
        right = torch.zeros_like(table)
        right[owner[order], place] = labels[order]
        table = pad(table, (1, 0))
        right = pad(right, (1, 0))
        right[:, 0] = (right.sum(1) == 0).float()
        return torch.nn.functional.cross_entropy(table, right.argmax(1))

    def calibrate(self, found: Sequence[np.ndarray], examples: Sequence[EvidencePool]) -> Calibration:
        """Return the logit above which a sentence counts as one that answers."""
        return calibrate_pairs(found, [pool.labels for pool in examples])

    def evaluate(
        self, found: Sequence[np.ndarray], examples: Sequence[EvidencePool], threshold: float
    ) -> Scores:
        """Rank all sentences of each pool."""
        return _scores(examples, found, threshold)

    def baselines(
        self, training: Sequence[EvidencePool], examples: Sequence[EvidencePool]
    ) -> dict[str, Scores]:
        """Return how well three rules rank; each has the threshold that is best on these very examples."""
        blind, overlap = QuestionBlind(training), WordOverlap(_sentences(training))
        rules = {
            "random": random_scores,
            "looks of sentences, question unread": blind.scores,
            "words in common": overlap.scores,
        }
        found = {}
        for name, rule in rules.items():
            scores = [rule(pool) for pool in examples]
            threshold = calibrate_pairs(scores, [pool.labels for pool in examples]).threshold
            found[name] = _scores(examples, scores, threshold)
        return found

    def predict(self, model: TaskModel, examples: Sequence[EvidencePool]) -> list[np.ndarray]:
        """Return the logit of each sentence of each pool."""
        questions = [pool.question for pool in examples for _ in pool.sentences]
        sentences = [sentence for pool in examples for sentence in pool.sentences]
        logits = np.array(
            [float(logit) for logit in model.logits(self._windows(model, questions, sentences))]
        )
        return np.split(logits, np.cumsum([len(pool.sentences) for pool in examples])[:-1])


def _nearest_first(pool: EvidencePool) -> np.ndarray:
    """Return the numbers of the sentences that do not answer, those first that share the most words with the question.

    A word counts by its rarity in the pool.
    """
    shared = WordOverlap(pool.sentences).scores(pool)
    others = np.flatnonzero(~np.asarray(pool.labels))
    return others[np.argsort(-shared[others], kind="stable")]


def _scores(pools: Sequence[EvidencePool], scores: Sequence[np.ndarray], threshold: float) -> Scores:
    labels = [np.asarray(pool.labels) for pool in pools]
    reciprocal, first = rank_pools(scores, labels)
    accuracy, f1 = np.array(
        [balanced_pairs(one, of_pool, threshold) for one, of_pool in zip(scores, labels, strict=True)]
    ).T
    values = {"mrr": reciprocal, "p1": first, "accuracy": accuracy, "f1": f1}
    return Scores(tuple(pool.group for pool in pools), values)


def _sentences(pools: Sequence[EvidencePool]) -> list[str]:
    return [sentence for pool in pools for sentence in pool.sentences]
