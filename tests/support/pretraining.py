"""Small trainings from scratch for tests."""

import random

from mlm_demo.corpus.corpus import Corpus, Counts
from mlm_demo.training.dataset import make_blocks
from mlm_demo.training.pretraining.config import WORDPIECE, PretrainConfig
from mlm_demo.training.pretraining.fresh import fresh_model
from mlm_demo.training.pretraining.pretrain import pretrain
from mlm_demo.training.pretraining.tokenizer import train_tokenizer

NAMES = ("Anna", "Boris", "Clara", "Dmitri", "Elena", "Fedor", "Galina", "Hugo")
PLACES = ("garden", "forest", "village", "harbor", "market", "station", "library", "museum")


def story(seed: int) -> str:
    """Return sentences in which a name decides the place, so that the context tells what word frequencies do not."""
    drawn = random.Random(seed)
    chosen = [drawn.randrange(len(NAMES)) for _ in range(12)]
    return " ".join(f"In the morning {NAMES[n]} went to the {PLACES[n]} again." for n in chosen)


TEXTS = [story(seed) for seed in range(60)]
CORPUS = Corpus(TEXTS[12:], TEXTS[:12], Counts(files=1, documents=60, words=6480), "0" * 64)


def small_config(**changes) -> PretrainConfig:
    """Return the options of a run of seconds."""
    sizes = {"vocab_size": 300, "layers": 1, "hidden": 32, "block_size": 32, "batch_size": 16}
    return PretrainConfig(**{"max_steps": 12, "learning_rate": 1e-2, **sizes, **changes})


def run(output, config=None, corpus=CORPUS, **options):
    """Train from scratch; return the model and the result."""
    config = config or small_config()
    tokenizer = train_tokenizer(config.tokenizer, corpus.training, config.vocab_size, config.block_size)
    mlm = fresh_model(tokenizer, config, "cpu")
    blocks = make_blocks(mlm, corpus.training, [], config)
    return mlm, pretrain(mlm, corpus, config, output, blocks=blocks, **options)


def fresh(kind=WORDPIECE, **changes):
    """Return a model with random weights and its config."""
    config = small_config(tokenizer=kind, **changes)
    tokenizer = train_tokenizer(kind, CORPUS.training, config.vocab_size, config.block_size)
    return fresh_model(tokenizer, config, "cpu"), config
