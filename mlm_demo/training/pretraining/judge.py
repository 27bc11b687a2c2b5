"""What a model from scratch is asked: held-out tokens and words, beside what word frequencies alone would answer.

The loss per token depends on how a vocabulary splits words, so models with different vocabularies are compared by bits
per byte or per word of the same text. There a word is hidden whole and its tokens are predicted from left to right, as
Score does it (Kauf & Ivanova 2023), so that no token of a word gives another one away.
"""

from collections import Counter
from dataclasses import dataclass
from math import log

import numpy as np

from mlm_demo.corpus.corpus import Corpus
from mlm_demo.models.masked_lm import MaskedLM
from mlm_demo.training.cloze import Graded, Question, answer_questions, write_questions
from mlm_demo.training.dataset import general_texts
from mlm_demo.training.evaluation import (
    FEW_DOCUMENTS,
    DocumentSums,
    MaskedEvalSet,
    compute_change,
    compute_metrics,
    masked_logits,
    sum_by_document,
)
from mlm_demo.training.exam import ExamAnswer
from mlm_demo.training.judge import halves
from mlm_demo.training.masking import IGNORED, vocabulary_ids
from mlm_demo.training.packing import NO_WORD, Blocks
from mlm_demo.training.pretraining.config import PretrainConfig
from mlm_demo.training.pretraining.result import PretrainFigures, Rate
from mlm_demo.training.result import Comparison, Interval

GUESSES, PROBES = 12, 3  # held-out sentences in the result, and of these during training
WORDS = 1_000  # hidden one by one


@dataclass(frozen=True)
class HiddenWords:
    """Words hidden one by one: a row for each token of each, with the word's earlier tokens in sight.

    count: words by document, as in DocumentSums; total: the words of the whole text, hidden or not.
    """

    rows: MaskedEvalSet
    count: np.ndarray
    total: int


class PretrainJudge:
    """Evaluates mlm with its current weights. choosing: the set that chooses the best step.

    blocks: those to train on, whose tokens are counted.
    """

    def __init__(self, mlm: MaskedLM, corpus: Corpus, blocks: Blocks, config: PretrainConfig):
        self.mlm = mlm
        choosing, judging = halves(corpus.held_out)
        sizes = {"block_size": config.block_size, "seed": config.seed}
        self.choosing = MaskedEvalSet.of(mlm, choosing, **sizes)
        self.judging = MaskedEvalSet.of(mlm, judging, **sizes, redraw=True)
        self.bytes = sum(len(text.encode()) for text in judging)
        self.text_words = sum(len(text.split()) for text in judging)
        self.frequencies = log_frequencies(blocks, mlm)
        self.hidden = hide_words(mlm, self.judging, config.seed)
        self.questions = self._questions(corpus)
        self.before = answer_questions(mlm, self.questions)

    def _questions(self, corpus: Corpus) -> list[Question]:
        """Return questions on words of one token, if there are enough, the most frequent first."""
        replay, general = general_texts()
        found = write_questions(
            self.mlm.tokenizer, corpus.held_out, [*corpus.training, *corpus.held_out], [*general, *replay]
        )
        graded = answer_questions(self.mlm, found)
        tokens = {(answer.sentence, answer.start): answer.tokens for answer in graded}
        asked = [question for question in found if (question.sentence, question.start) in tokens]
        words = Counter(word for text in corpus.training for word in text.lower().split())
        asked.sort(key=lambda q: (tokens[q.sentence, q.start], -words[q.term.lower()]))
        return asked[:GUESSES]

    def answer_probes(self) -> list[dict]:
        """Return the model's answers to the few questions that are shown during training."""
        return [answer.to_json() for answer in answer_questions(self.mlm, self.questions[:PROBES])]

    def figures(self) -> PretrainFigures:
        """Evaluate the model on the texts that judge."""
        before, after = (
            frequency_sums(self.frequencies, self.judging),
            sum_by_document(self.mlm, self.judging),
        )
        words, alone = hidden_word_sums(self.mlm, self.hidden, self.frequencies)
        bits = self.hidden.total / log(2)  # of the whole text, by nats per hidden word
        return PretrainFigures(
            held_out=Comparison(
                compute_metrics(before), compute_metrics(after), compute_change(before, after)
            ),
            bits_per_byte=_rate(alone, words, bits / self.bytes),
            bits_per_word=_rate(alone, words, bits / max(1, self.text_words)),
            unknown_share=self.judging.unknown_share,
        )

    def guesses(self) -> tuple[ExamAnswer, ...]:
        """Return the model's answers to all questions, beside those before the first step."""
        after = answer_questions(self.mlm, self.questions)
        return tuple(_answer(old, new) for old, new in zip(self.before, after, strict=True))


def log_frequencies(blocks: Blocks, mlm: MaskedLM) -> np.ndarray:
    """Return (vocab_size,) the log of each token's share of the blocks, with one occurrence added to each."""
    counts = np.bincount(blocks.ids[blocks.words != NO_WORD], minlength=mlm.vocab_size).astype(float)
    ids = vocabulary_ids(mlm)
    shares = np.zeros(mlm.vocab_size)
    shares[ids] = (counts[ids] + 1) / (counts[ids] + 1).sum()
    with np.errstate(divide="ignore"):
        return np.log(shares)


def frequency_sums(log_frequencies: np.ndarray, eval_set: MaskedEvalSet) -> DocumentSums:
    """Return what `sum_by_document` returns for a model that knows how frequent each token is, and nothing else."""
    owners, documents = eval_set.owner, len(np.unique(eval_set.blocks.document))
    row, column = np.nonzero(eval_set.labels != IGNORED)
    truth, owner = eval_set.labels[row, column], owners[row]
    loss, hits, count = (np.zeros(int(owners.max()) + 1) for _ in range(3))
    np.add.at(loss, owner, -log_frequencies[truth])
    np.add.at(hits, owner, truth == log_frequencies.argmax())
    np.add.at(count, owner, 1)
    return DocumentSums(loss, hits, count, documents if documents < FEW_DOCUMENTS else None)


def hide_words(mlm: MaskedLM, eval_set: MaskedEvalSet, seed: int) -> HiddenWords:
    """Choose up to WORDS words of a text that the vocabulary can write, and hide each by itself."""
    number, first = np.unique(eval_set.number, return_index=True)
    blocks = eval_set.blocks.select(first)  # each once, whatever masks it was drawn with
    starts = np.diff(blocks.words, axis=1, prepend=NO_WORD) != 0
    row, column = np.nonzero(starts & (blocks.words != NO_WORD))
    writable = np.flatnonzero(blocks.ids[row, column] != mlm.tokenizer.unk_token_id)
    chosen = np.random.default_rng(seed).permutation(writable)[:WORDS]
    ids, labels, source = [], [], []
    for at in np.sort(chosen):
        inside = np.flatnonzero(blocks.words[row[at]] == blocks.words[row[at], column[at]])
        for n, position in enumerate(inside):
            ids.append(blocks.ids[row[at]].astype(np.int64))
            ids[-1][inside[n:]] = mlm.mask_id
            labels.append(np.full_like(ids[-1], IGNORED))
            labels[-1][position] = blocks.ids[row[at], position]
            source.append(row[at])
    rows = MaskedEvalSet(
        blocks.select(np.array(source)), np.array(ids), np.array(labels), number[source], 0.0
    )
    few = len(np.unique(blocks.document)) < FEW_DOCUMENTS
    owner_of_word = (number if few else blocks.document)[row[chosen]]
    count = np.bincount(owner_of_word, minlength=int(rows.owner.max()) + 1).astype(float)
    return HiddenWords(rows, count, len(row))


def hidden_word_sums(
    mlm: MaskedLM, hidden: HiddenWords, log_frequencies: np.ndarray
) -> tuple[DocumentSums, DocumentSums]:
    """Return the losses of hidden words by document, in nats: of the model, and of frequencies alone."""
    owners, size = hidden.rows.owner, len(hidden.count)
    loss, alone = np.zeros(size), np.zeros(size)
    for rows, logits in masked_logits(mlm, hidden.rows):
        labels = hidden.rows.labels[rows]
        truth = labels[labels != IGNORED]
        log_probabilities = logits.log_softmax(-1)[range(len(truth)), truth].cpu().numpy()
        np.add.at(loss, owners[rows], -log_probabilities)
        np.add.at(alone, owners[rows], -log_frequencies[truth])
    return tuple(DocumentSums(part, np.zeros(size), hidden.count) for part in (loss, alone))


def _rate(alone: DocumentSums, model: DocumentSums, scale: float) -> Rate:
    found = compute_metrics(model).loss
    ends = (None if end is None else end * scale for end in (found.low, found.high))
    value = float(alone.loss.sum() / alone.count.sum()) * scale
    return Rate(value, Interval(found.value * scale, *ends))


def _answer(old: Graded, new: Graded) -> ExamAnswer:
    return ExamAnswer(**new.to_json(), rank_before=old.rank, guess_before=old.guess)
