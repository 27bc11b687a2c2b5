"""How well a model predicts hidden tokens of a text: loss, perplexity, accuracy, before and after.

The masks are frozen: drawn once from a seed, 15 % of the tokens, so that two models with the same tokenizer are
asked the very same questions. Each document has blocks of its own, so that documents can be resampled: the 95 %
intervals are percentiles of a bootstrap over documents, paired where two models are compared. Figures of models
with different tokenizers must not be compared.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from math import exp

import numpy as np

from mlm_demo.errors import CorpusError
from mlm_demo.models.masked_lm import MaskedLM
from mlm_demo.training.masking import IGNORED, Masking, mask_blocks, random_ids
from mlm_demo.training.packing import Blocks, one_by_one

PROBABILITY = 0.15
RESAMPLES = 2000
DRAWN_AT_ONCE = 4_000_000  # numbers of documents held while resampling: 32 MB
BLOCKS_PER_PASS = 32


@dataclass(frozen=True)
class Interval:
    """A value with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class DocumentSums:
    """What came out for each document: the sum of losses in nats, the hits, the number of hidden tokens."""

    loss: np.ndarray
    hits: np.ndarray
    count: np.ndarray


@dataclass(frozen=True)
class Metrics:
    """Loss a hidden token in nats, its exponential, and the share of hidden tokens ranked first."""

    loss: Interval
    perplexity: Interval
    accuracy: Interval
    documents: int
    masked_tokens: int

    def to_json(self) -> dict:
        """As the command line prints it and a run keeps it."""
        return asdict(self)


@dataclass(frozen=True)
class MaskedEvalSet:
    """Documents as blocks with their masks drawn; the same questions for every model of this tokenizer."""

    blocks: Blocks
    ids: np.ndarray
    labels: np.ndarray

    def first(self, blocks: int) -> "MaskedEvalSet":
        """The first so many blocks."""
        whole = self.blocks
        some = Blocks(whole.ids[:blocks], whole.words[:blocks], whole.document[:blocks], whole.pad_id)
        return MaskedEvalSet(some, self.ids[:blocks], self.labels[:blocks])


def masked_eval_set(
    mlm: MaskedLM, texts: Sequence[str], *, block_size: int = 128, seed: int = 0
) -> MaskedEvalSet:
    """Draw the masks for texts; raises CorpusError if there is no token in them."""
    size = min(block_size, mlm.max_tokens)
    blocks = one_by_one(mlm.tokenizer, texts, size)
    if not len(blocks):
        raise CorpusError("There is no text to evaluate on; give a file with some paragraphs.")
    masking = Masking(mlm.mask_id, vocabulary_ids(mlm), PROBABILITY, seed=seed)
    masked = mask_blocks(blocks, range(len(blocks)), masking, epoch=0)
    return MaskedEvalSet(blocks, masked.ids, masked.labels)


def vocabulary_ids(mlm: MaskedLM) -> np.ndarray:
    """The ids that a random token is drawn from."""
    return random_ids(len(mlm.tokenizer), mlm.tokenizer.all_special_ids)


def document_sums(
    mlm: MaskedLM, text: MaskedEvalSet, on_progress: Callable[[float], None] = lambda share: None
) -> DocumentSums:
    """Put the questions to a model; memory is bounded by BLOCKS_PER_PASS, scores are never kept."""
    documents = int(text.blocks.document.max()) + 1
    loss, hits, count = (np.zeros(documents) for _ in range(3))
    for first in range(0, len(text.blocks), BLOCKS_PER_PASS):
        rows = range(first, min(first + BLOCKS_PER_PASS, len(text.blocks)))
        asked = [np.flatnonzero(text.labels[row] != IGNORED) for row in rows]
        # Padding is left out: a row ends with its last token.
        ends = [int(np.flatnonzero(text.blocks.words[row] >= 0).max()) + 1 + len(mlm.suffix) for row in rows]
        ids = [text.ids[row, :end].tolist() for row, end in zip(rows, ends, strict=True)]
        logits = mlm.logits_at(ids, [positions.tolist() for positions in asked])
        truth = np.concatenate(
            [text.labels[row, positions] for row, positions in zip(rows, asked, strict=True)]
        )
        owner = np.repeat(text.blocks.document[list(rows)], [len(positions) for positions in asked])
        scores = logits.log_softmax(-1)
        np.add.at(loss, owner, -scores[range(len(truth)), truth].cpu().numpy())
        np.add.at(hits, owner, scores.argmax(-1).cpu().numpy() == truth)
        np.add.at(count, owner, 1)
        on_progress((rows[-1] + 1) / len(text.blocks))
    return DocumentSums(loss, hits, count)


def figures(result: DocumentSums, seed: int = 0) -> Metrics:
    """The figures of one model with their intervals."""
    count, loss, hits = _resampled(seed, result.count, result.loss, result.hits)
    mean_loss = _interval(result.loss.sum() / result.count.sum(), loss / count)
    accuracy = _interval(result.hits.sum() / result.count.sum(), hits / count)
    perplexity = Interval(*(exp(min(v, 700)) for v in (mean_loss.value, mean_loss.low, mean_loss.high)))
    return Metrics(mean_loss, perplexity, accuracy, int((result.count > 0).sum()), int(result.count.sum()))


@dataclass(frozen=True)
class Change:
    """After minus before, paired: loss in nats and accuracy; an interval that leaves out 0 is a real change."""

    loss: Interval
    accuracy: Interval


def change(before: DocumentSums, after: DocumentSums, seed: int = 0) -> Change:
    """The difference between two models asked the same questions."""
    loss, hits, total = after.loss - before.loss, after.hits - before.hits, before.count.sum()
    count, drawn_loss, drawn_hits = _resampled(seed, before.count, loss, hits)
    return Change(
        _interval(loss.sum() / total, drawn_loss / count), _interval(hits.sum() / total, drawn_hits / count)
    )


def _resampled(seed: int, *values: np.ndarray) -> np.ndarray:
    """(documents,) each → (values, RESAMPLES): their sums over documents drawn with replacement, a part at a time."""
    generator, documents = np.random.default_rng(seed), len(values[0])
    share, table = np.full(documents, 1 / documents), np.stack(values, axis=1)
    at_once = max(1, DRAWN_AT_ONCE // documents)
    parts = [
        generator.multinomial(documents, share, min(at_once, RESAMPLES - first)) @ table
        for first in range(0, RESAMPLES, at_once)
    ]
    return np.concatenate(parts).T


def _interval(value: float, resampled: np.ndarray) -> Interval:
    low, high = np.nanpercentile(resampled, [2.5, 97.5])
    return Interval(float(value), float(low), float(high))
