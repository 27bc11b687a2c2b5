"""The changes to a run that candidates.py tries; each is a class that overrides one part of a run."""

from collections.abc import Mapping
from dataclasses import replace
from unittest.mock import patch

import numpy as np
import torch

from mlm_demo.corpus.corpus import Corpus
from mlm_demo.models.masked_lm import MaskedLM
from mlm_demo.training.cloze import typical_terms
from mlm_demo.training.dataset import MaskingCollator, general_texts
from mlm_demo.training.evaluation import MaskedEvalSet, masked_logits
from mlm_demo.training.masking import IGNORED, Masking, mask_blocks, vocabulary_ids
from mlm_demo.training.packing import NO_WORD, REPLAYED, Blocks, pack

BEFORE = {"mlm_probability": 0.15, "schedule": "linear"}  # the defaults until the last of these was adopted


class Candidate:
    """A run as it was; a candidate overrides one of its parts."""

    about = "as it was"
    options: Mapping = BEFORE  # of adapt
    stops_at = 1.0  # the share of the planned steps after which somebody stops the run
    mean = ""  # the name of the candidate that is the mean of this run's last weights

    def blocks(self, mlm: MaskedLM, corpus: Corpus, blocks: Blocks) -> Blocks:
        """Return the blocks to train on."""
        return blocks

    def collator(self, mlm: MaskedLM, blocks: Blocks, masking: Masking, corpus: Corpus) -> MaskingCollator:
        """Return what draws the masks."""
        return MaskingCollator(blocks, masking)

    def frozen(self, name: str) -> bool:
        """Return whether a parameter keeps its value."""
        return False

    def factor(self, name: str, layers: int) -> float:
        """Return by how much a parameter's learning rate is larger."""
        return 1.0


class Options(Candidate):
    """Another value of an option."""

    def __init__(self, about: str, **options: float | str):
        self.about, self.options = about, {**BEFORE, **options}


class Masks(Options):
    """Mask more, to the end."""

    def __init__(self, share: float):
        super().__init__(f"{share:.0%} masked", mlm_probability=share)

    def collator(self, mlm, blocks, masking, corpus) -> MaskingCollator:
        """Leave out the fall to 15%."""
        return MaskingCollator(blocks, replace(masking, final_probability=None))


class TermCollator(MaskingCollator):
    """Spends half of the masks on the pieces of the domain's terms."""

    def __init__(self, blocks: Blocks, masking: Masking, is_term: np.ndarray):
        super().__init__(blocks, masking)
        self.is_term = is_term

    def __call__(self, items):
        """Draw the masks of a batch."""
        masks = _Drawn(self.is_term, self.masking.probability)
        numbers = iter([number for *_, number in items])
        with patch(
            "mlm_demo.training.masking._choose", lambda words, _m, r: masks.choose(next(numbers), words, r)
        ):
            return super().__call__(items)


class _Drawn:
    def __init__(self, is_term: np.ndarray, probability: float):
        self.is_term, self.probability = is_term, probability

    def choose(self, number: int, words: np.ndarray, random: np.random.Generator) -> np.ndarray:
        candidates = np.flatnonzero(words != NO_WORD)
        term = self.is_term[number, candidates]
        budget = self.probability * len(candidates)
        on_terms = min(budget / 2, 0.8 * term.sum())  # a term needs some context
        chance = np.where(term, on_terms / max(term.sum(), 1), (budget - on_terms) / max((~term).sum(), 1))
        drawn = random.random(len(candidates)) < chance
        if len(candidates) and not drawn.any():
            drawn[random.integers(len(candidates))] = True
        return candidates[drawn]


class Terms(Candidate):
    """Mask the terms of the exam's kind more often, piece by piece."""

    about = "half of the masks on the domain's terms"

    def collator(self, mlm, blocks, masking, corpus) -> MaskingCollator:
        """Find the pieces of terms once."""
        terms = typical_terms(corpus.training, [text for part in general_texts() for text in part])
        is_term = np.zeros(blocks.ids.shape, bool)
        known: dict[tuple, bool] = {}
        for row, words in enumerate(blocks.words):
            for word in range(int(words.max()) + 1):
                at = words == word
                ids = tuple(blocks.ids[row, at].tolist())
                if ids not in known:
                    text = mlm.tokenizer.decode(list(ids)).strip().lower()
                    known[ids] = text in terms or text.removesuffix("s") in terms
                is_term[row, at] = known[ids]
        return TermCollator(blocks, masking, is_term)


class Frozen(Candidate):
    """Keep the embeddings, and some of the lower layers, as they are."""

    def __init__(self, layers: int):
        self.prefixes = ("bert.embeddings.", *(f"bert.encoder.layer.{n}." for n in range(layers)))
        self.about = "embeddings" + (f" and {layers} lower layers" if layers else "") + " frozen"

    def frozen(self, name) -> bool:
        """Tell by the name."""
        return name.startswith(self.prefixes)


class FastHead(Candidate):
    """Learn faster where hidden states become tokens."""

    about = "three times the rate for the head"

    def factor(self, name, layers) -> float:
        """Tell the head by its name; its projection is tied to the embeddings and not meant."""
        return 3.0 if name.startswith("cls.") else 1.0


class LayerDecay(Candidate):
    """Learn more slowly the lower the layer."""

    about = "layer-wise decay of the rate, 0.8 a layer"

    def factor(self, name, layers) -> float:
        """Return the factor of a layer; embeddings are below the first."""
        if name.startswith("bert.embeddings."):
            return 0.8 ** (layers + 1)
        if name.startswith("bert.encoder.layer."):
            return 0.8 ** (layers - int(name.split(".")[3]))
        return 1.0


class OwnReplay(Candidate):
    """Mix in what the base model itself writes: general paragraphs whose tokens it has drawn anew."""

    about = "replay of 10% of the base's own fillings"
    rounds, share = 8, 0.3

    def blocks(self, mlm, corpus, blocks) -> Blocks:
        """Draw 30% of the tokens anew, eight times over, so that most were."""
        general = pack(mlm.tokenizer, general_texts()[0], blocks.ids.shape[1])
        wanted = round(len(blocks) * 0.1 / 0.9)
        general = general.select(np.resize(np.arange(len(general)), wanted))
        ids, generator = general.ids.copy(), torch.Generator().manual_seed(0)
        mlm.model.eval()
        for number in range(self.rounds):
            now = Blocks(ids, general.words, general.document, general.pad_id)
            masking = Masking(mlm.mask_id, vocabulary_ids(mlm), self.share, seed=1000 + number)
            masked = mask_blocks(now, range(wanted), masking, epoch=0)
            asked = MaskedEvalSet(now, masked.ids, masked.labels, np.arange(wanted), unknown_share=0)
            for rows, logits in masked_logits(mlm, asked):
                chances = logits.softmax(-1).clone()
                chances[:, mlm.tokenizer.all_special_ids] = 0
                drawn = torch.multinomial(chances, 1, generator=generator)[:, 0]
                part = ids[rows]
                part[masked.labels[rows] != IGNORED] = drawn.numpy()
                ids[rows] = part
        replayed = np.full(wanted, REPLAYED, np.int32)
        return Blocks(
            np.concatenate([blocks.ids, ids]),
            np.concatenate([blocks.words, general.words]),
            np.concatenate([blocks.document, replayed]),
            blocks.pad_id,
        )


class Plain(Candidate):
    """The run as it was."""

    mean = "mean"


class Stopped(Candidate):
    """Somebody stops a run of half as long again."""

    about = "stopped at two thirds of a longer run"
    stops_at = 2 / 3
    mean = "stopped-mean"


class Mean(Candidate):
    """The mean of the weights after each step of the last third of another run (LAWA, arXiv 2209.14981)."""

    def __init__(self, of: type[Candidate]):
        self.about = f"the mean of the last third's weights, {of.about}"


MORE_MASKS, THIRD = "30% masked, 15% in the last fifth", "the rate falls to a third"
NOW = {"mlm_probability": 0.3, "schedule": "linear-to-third"}
CANDIDATES = {
    "plain": Plain,
    "mean": lambda: Mean(Plain),
    "stopped": Stopped,
    "stopped-mean": lambda: Mean(Stopped),
    "mask30-fall": lambda: Options(MORE_MASKS, mlm_probability=0.3),
    "constant": lambda: Options("the rate stays at its peak", schedule="constant"),
    "third": lambda: Options(THIRD, schedule="linear-to-third"),
    "third-mask30-fall": lambda: Options(f"{MORE_MASKS}; {THIRD}: as it is", **NOW),
    "terms": Terms,
    "freeze": lambda: Frozen(0),
    "freeze2": lambda: Frozen(2),
    "head": FastHead,
    "decay": LayerDecay,
    "own": OwnReplay,
    "replay": lambda: Options("replay of 10% general text", replay=0.1),
    "mask20": lambda: Masks(0.2),
    "mask30": lambda: Masks(0.3),
}
