"""The judge of a run: the questions that the model answers before training, during it and after it.

One half of the held-out texts chooses (the strength of the start, the best step, the share between base and adapted
model), the other half judges, so no choice flatters the figures. The general English that chooses and the one that
judges differ too. The exam's questions are from all held-out texts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mlm_demo.corpus.corpus import Corpus
from mlm_demo.models.masked_lm import MaskedLM
from mlm_demo.training.cloze import Graded, Question, answer_questions, share_within, write_questions
from mlm_demo.training.config import PRICE_OF_FORGETTING, AdaptConfig
from mlm_demo.training.dataset import general_texts
from mlm_demo.training.evaluation import (
    DocumentSums,
    MaskedEvalSet,
    compute_change,
    compute_metrics,
    sum_by_document,
)
from mlm_demo.training.exam import ExamAnswer
from mlm_demo.training.result import Comparison, ExamShares, Figures, Point

PROBES, MAX_PROBE_RANK = 3, 200
CHOOSING_BLOCKS = (
    80  # of each text that chooses: the shares are compared on the same masks, so few are enough
)


@dataclass(frozen=True)
class Evaluation:
    """One model's answers: on held-out text of the domain, on general text, and in the cloze exam."""

    domain: DocumentSums
    general: DocumentSums
    exam: list[Graded]


@dataclass(frozen=True)
class ChoosingLosses:
    """One model's losses on the text that chooses, in nats: of the domain, and of general English."""

    domain: float
    general: float


class Judge:
    """Evaluates mlm with its current weights.

    choosing: the sets that choose, of the domain and of general English.
    """

    def __init__(self, mlm: MaskedLM, corpus: Corpus, config: AdaptConfig):
        self.mlm = mlm
        replay, general = general_texts()
        choosing, judging = halves(corpus.held_out)
        self.choosing = self._eval_set(choosing, config), self._eval_set(replay, config)
        self._judging = [self._eval_set(texts, config, redraw=True) for texts in (judging, general)]
        self.questions = write_questions(
            mlm.tokenizer, corpus.held_out, [*corpus.training, *corpus.held_out], [*general, *replay]
        )
        self.before = self.evaluate()
        self.probes = _choose_probes(self.questions, self.before.exam)

    def _eval_set(self, texts: Sequence[str], config: AdaptConfig, *, redraw: bool = False) -> MaskedEvalSet:
        return MaskedEvalSet.of(
            self.mlm, texts, block_size=config.block_size, seed=config.seed, redraw=redraw
        )

    def evaluate(self) -> Evaluation:
        """Evaluate the model on the texts that judge, and in the exam."""
        domain, general = (sum_by_document(self.mlm, eval_set) for eval_set in self._judging)
        return Evaluation(domain, general, answer_questions(self.mlm, self.questions))

    def choosing_losses(self) -> ChoosingLosses:
        """Evaluate the model on the texts that choose."""
        sums = [sum_by_document(self.mlm, eval_set.first(CHOOSING_BLOCKS)) for eval_set in self.choosing]
        return ChoosingLosses(*(float(part.loss.sum() / part.count.sum()) for part in sums))

    def answer_probes(self) -> list[dict]:
        """Return the model's answers to the few questions that are shown during training."""
        return [answer.to_json() for answer in answer_questions(self.mlm, self.probes)]

    def point(self, share: float, after: Evaluation) -> Point:
        """Return the metrics of the model at a share, beside those before training."""
        before = self.before
        return Point(
            share,
            Figures(
                domain=_comparison(before.domain, after.domain),
                general=_comparison(before.general, after.general),
                exam=ExamShares(
                    questions=len(after.exam),
                    top_1_before=share_within(before.exam, 1),
                    top_1_after=share_within(after.exam, 1),
                    top_5_before=share_within(before.exam, 5),
                    top_5_after=share_within(after.exam, 5),
                ),
            ),
            tuple(
                ExamAnswer(**new.to_json(), rank_before=old.rank, guess_before=old.guess)
                for old, new in zip(before.exam, after.exam, strict=True)
            ),
        )


def halves(texts: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the held-out texts that choose and those that judge; a single text does both."""
    return list(texts[::2]), list(texts[1::2]) or list(texts)


def choose_share(losses: Mapping[float, ChoosingLosses]) -> float:
    """Return the share with the lowest domain loss + PRICE_OF_FORGETTING × general loss; losses: by share."""
    return min(losses, key=lambda share: losses[share].domain + PRICE_OF_FORGETTING * losses[share].general)


def _choose_probes(questions: Sequence[Question], graded: Sequence[Graded]) -> list[Question]:
    """Choose the questions to show during training, preferably neither solved already nor far out of reach."""
    ranks = {(answer.sentence, answer.term): answer.rank for answer in graded}
    within_reach = [q for q in questions if 1 < ranks.get((q.sentence, q.term), 0) <= MAX_PROBE_RANK]
    return within_reach[:PROBES] or list(questions[:PROBES])


def _comparison(before: DocumentSums, after: DocumentSums) -> Comparison:
    return Comparison(compute_metrics(before), compute_metrics(after), compute_change(before, after))
