"""Small trainings for the tests of the training room."""

import hashlib
from functools import partial
from itertools import chain, count

import numpy as np
import pytest
import torch

from mlm_demo.corpus.corpus import Corpus, Counts
from mlm_demo.models.masked_lm import MaskedLM
from mlm_demo.training.config import AdaptConfig
from mlm_demo.training.dataset import general_texts, make_blocks
from mlm_demo.training.evaluation import DocumentSums, MaskedEvalSet
from mlm_demo.training.train import train
from tests.support.tiny_models import SENTENCES, build

TEXTS = [f"{s} {t}" for s in SENTENCES for t in SENTENCES]
CONFIG = AdaptConfig(max_steps=8, batch_size=4, block_size=32, learning_rate=1e-3)
CORPUS = Corpus(TEXTS[6:], TEXTS[:6], Counts(files=1, documents=36, words=600), "0" * 64)
LEARNING = AdaptConfig(max_steps=12, batch_size=8, block_size=32, learning_rate=3e-3)  # learns much of CORPUS
needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")


def fresh(architecture="BERT"):
    """Build a tiny model with the same random weights each time."""
    return MaskedLM(*build(architecture), name="tiny")


def eval_sets(mlm, texts, config):
    """Return the sets that choose, with these texts as the domain, None for no texts."""
    if not texts:
        return None
    of = partial(MaskedEvalSet.of, mlm, block_size=config.block_size, seed=config.seed)
    return of(texts), of(general_texts()[0][:8])  # a few paragraphs: no test looks at these losses


def run(output, config=CONFIG, mlm=None, eval_texts=(), texts=TEXTS, **options):
    """Train a model, a fresh one unless given; return it and how it went."""
    mlm = mlm or fresh()
    blocks = make_blocks(mlm, texts, [], config)
    return mlm, train(mlm, blocks, eval_sets(mlm, eval_texts, config), config, output, **options)


def weights(mlm):
    """Copy the weights of a model."""
    return {name: tensor.clone() for name, tensor in mlm.model.state_dict().items()}


class LossesByWeights:
    """Stands in for `sum_by_document`: these losses in turn, then rising ones, and for the same weights the same."""

    def __init__(self, *losses: float):
        self.losses, self.known = chain(losses, count(max(losses) + 1)), {}

    def __call__(self, mlm, eval_set) -> DocumentSums:
        digest = hashlib.sha256()
        for weight in mlm.model.parameters():
            digest.update(weight.detach().numpy().tobytes())
        if digest.hexdigest() not in self.known:
            self.known[digest.hexdigest()] = float(next(self.losses))
        return DocumentSums(np.array([self.known[digest.hexdigest()]]), np.zeros(1), np.ones(1))
