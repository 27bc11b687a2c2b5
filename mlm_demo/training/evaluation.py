"""How well a model predicts masked tokens of a text: loss, perplexity and accuracy, before and after training.

The masks are frozen: 15% of the tokens, drawn from a seed, so that models with the same tokenizer answer the same
questions. A token that the tokenizer does not know is never one of them: to guess [UNK] there is no knowledge. Each
document has blocks of its own, so that documents can be resampled: the 95% intervals are percentiles of a bootstrap
over documents, paired when two models are compared. Of few documents it is over their blocks, and of one block there is
no interval. Do not compare the metrics of models with different tokenizers.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import ceil, exp
from typing import TYPE_CHECKING

import numpy as np

from mlm_demo.errors import CorpusError
from mlm_demo.models.masked_lm import MaskedLM
from mlm_demo.training.masking import IGNORED, Masking, mask_blocks, vocabulary_ids
from mlm_demo.training.packing import NO_WORD, Blocks, one_by_one
from mlm_demo.training.result import Change, Interval, Metrics

if TYPE_CHECKING:
    import torch

PROBABILITY = 0.15
ENOUGH_MASKED, MAX_DRAWS = 2000, 6  # masked tokens of a short text, by drawing its masks several times
RESAMPLES = 2000
DRAWN_AT_ONCE = 4_000_000  # document numbers held while resampling: 32 MB
BLOCKS_PER_PASS = 32
FEW_DOCUMENTS = 5  # of fewer, blocks are resampled


@dataclass(frozen=True)
class DocumentSums:
    """For each document the sum of losses in nats, the number of hits, and the number of masked tokens.

    documents: how many there are if the arrays are for the blocks of few documents instead.
    """

    loss: np.ndarray
    hits: np.ndarray
    count: np.ndarray
    documents: int | None = None


@dataclass(frozen=True)
class MaskedEvalSet:
    """Documents as blocks with frozen masks: the same questions for every model with this tokenizer.

    number: (blocks,), the number of each block, which a block has in common with itself under other masks;
    unknown_share: of the tokens, those that the tokenizer does not know.
    """

    blocks: Blocks
    ids: np.ndarray
    labels: np.ndarray
    number: np.ndarray
    unknown_share: float

    @classmethod
    def of(
        cls,
        mlm: MaskedLM,
        texts: Sequence[str],
        *,
        block_size: int = 128,
        seed: int = 0,
        redraw: bool = False,
    ) -> "MaskedEvalSet":
        """Cut texts into blocks and mask them; raise CorpusError if they hold no token that the model knows.

        redraw: repeat a short text with other masks, up to MAX_DRAWS times, for some ENOUGH_MASKED masked tokens. The
        chance of the masks then adds less to the interval than the choice of the documents.
        """
        blocks = one_by_one(mlm.tokenizer, texts, min(block_size, mlm.max_tokens))
        if not len(blocks):
            raise CorpusError("There is no text to evaluate on; give a file with some paragraphs.")
        masking = Masking(mlm.mask_id, vocabulary_ids(mlm), PROBABILITY, seed=seed)
        draws = 1
        if redraw:
            draws = min(max(1, ceil(ENOUGH_MASKED / (PROBABILITY * blocks.tokens))), MAX_DRAWS)
        masked = [mask_blocks(blocks, range(len(blocks)), masking, epoch) for epoch in range(draws)]
        number = np.tile(np.arange(len(blocks)), draws)
        ids = np.concatenate([draw.ids for draw in masked])
        labels = np.concatenate([draw.labels for draw in masked])
        unknown_id = mlm.tokenizer.unk_token_id
        unknown = labels == unknown_id if unknown_id is not None else np.zeros_like(labels, bool)
        ids[unknown], labels[unknown] = labels[unknown], IGNORED
        asked = (labels != IGNORED).any(axis=1)
        if not asked.any():
            raise CorpusError(
                f"{mlm.name} knows none of the words of the text; choose a model of its language."
            )
        share = float(((blocks.ids == unknown_id) & (blocks.words != NO_WORD)).sum() / blocks.tokens)
        return cls(blocks.select(number[asked]), ids[asked], labels[asked], number[asked], share)

    @property
    def owner(self) -> np.ndarray:
        """The document of each block, or its own number if the documents are few."""
        document = self.blocks.document
        return self.number if len(np.unique(document)) < FEW_DOCUMENTS else document

    def first(self, count: int) -> "MaskedEvalSet":
        """Return the first blocks alone."""
        rows = slice(count)
        parts = (self.blocks.select(rows), self.ids[rows], self.labels[rows], self.number[rows])
        return MaskedEvalSet(*parts, self.unknown_share)


def sum_by_document(
    mlm: MaskedLM, eval_set: MaskedEvalSet, on_progress: Callable[[float], None] = lambda share: None
) -> DocumentSums:
    """Evaluate a model, BLOCKS_PER_PASS blocks at a time; logits are never kept."""
    owners, documents = eval_set.owner, len(np.unique(eval_set.blocks.document))
    loss, hits, count = (np.zeros(int(owners.max()) + 1) for _ in range(3))
    for rows, logits in masked_logits(mlm, eval_set):
        labels = eval_set.labels[rows]
        row, column = np.nonzero(labels != IGNORED)
        truth, owner = labels[row, column], owners[rows][row]
        log_probabilities = logits.log_softmax(-1)
        np.add.at(loss, owner, -log_probabilities[range(len(truth)), truth].cpu().numpy())
        np.add.at(hits, owner, log_probabilities.argmax(-1).cpu().numpy() == truth)
        np.add.at(count, owner, 1)
        on_progress(rows.stop / len(eval_set.blocks))
    return DocumentSums(loss, hits, count, documents if documents < FEW_DOCUMENTS else None)


def masked_logits(mlm: MaskedLM, eval_set: MaskedEvalSet) -> Iterator[tuple[slice, "torch.Tensor"]]:
    """Yield for BLOCKS_PER_PASS blocks at a time their rows and their logits: (masked tokens, vocab_size) float32."""
    for first in range(0, len(eval_set.blocks), BLOCKS_PER_PASS):
        rows = slice(first, min(first + BLOCKS_PER_PASS, len(eval_set.blocks)))
        part = eval_set.blocks.select(rows)
        text = (part.ids != part.pad_id) | (part.words != NO_WORD)  # not padding, which is left out
        ends = [int(np.flatnonzero(row).max()) + 1 for row in text]
        ids = [row[:end].tolist() for row, end in zip(eval_set.ids[rows], ends, strict=True)]
        masked = [np.flatnonzero(labels != IGNORED).tolist() for labels in eval_set.labels[rows]]
        yield rows, mlm.logits_at(ids, masked)


def compute_metrics(sums: DocumentSums, seed: int = 0) -> Metrics:
    """Return the metrics of one model with their intervals."""
    resampled, units = _resample(seed, sums.count, sums.loss, sums.hits), int((sums.count > 0).sum())
    count, loss, hits = resampled if units > 1 else (None, None, None)
    mean_loss = _interval(sums.loss.sum() / sums.count.sum(), loss, count)
    accuracy = _interval(sums.hits.sum() / sums.count.sum(), hits, count)
    perplexity = Interval(
        *(v if v is None else exp(min(v, 700)) for v in (mean_loss.value, mean_loss.low, mean_loss.high))
    )
    few = sums.documents is not None
    return Metrics(
        mean_loss,
        perplexity,
        accuracy,
        documents=sums.documents if few else units,
        masked_tokens=int(sums.count.sum()),
        sections=units if few else None,
    )


def compute_change(before: DocumentSums, after: DocumentSums, seed: int = 0) -> Change:
    """Return the difference between two models that answered the same questions."""
    loss, hits, total = after.loss - before.loss, after.hits - before.hits, before.count.sum()
    count, drawn_loss, drawn_hits = _resample(seed, before.count, loss, hits)
    if (before.count > 0).sum() < 2:
        count = drawn_loss = drawn_hits = None
    return Change(
        _interval(loss.sum() / total, drawn_loss, count), _interval(hits.sum() / total, drawn_hits, count)
    )


def _resample(seed: int, *values: np.ndarray) -> np.ndarray:
    """Sum values over documents drawn with replacement: (documents,) each → (values, RESAMPLES)."""
    generator, documents = np.random.default_rng(seed), len(values[0])
    share, table = np.full(documents, 1 / documents), np.stack(values, axis=1)
    at_once = max(1, DRAWN_AT_ONCE // documents)
    parts = [
        generator.multinomial(documents, share, min(at_once, RESAMPLES - first)) @ table
        for first in range(0, RESAMPLES, at_once)
    ]
    return np.concatenate(parts).T


def _interval(value: float, resampled: np.ndarray | None, count: np.ndarray | None) -> Interval:
    """Return a mean with the interval of its resampled sums over their counts; without one for None."""
    if resampled is None:
        return Interval(float(value), None, None)
    with np.errstate(invalid="ignore"):  # a draw may hold no document with a masked token
        low, high = np.nanpercentile(resampled / count, [2.5, 97.5])
    return Interval(float(value), float(low), float(high))
