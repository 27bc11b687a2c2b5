"""What a run reads: the blocks of its corpus, and our own general English to replay and to judge forgetting by."""

from collections.abc import Sequence

import numpy as np

from mlm_demo.models.masked_lm import MaskedLM
from mlm_demo.settings import ASSETS
from mlm_demo.training.config import AdaptConfig
from mlm_demo.training.packing import REPLAYED, Blocks, one_by_one, pack

GENERAL_TEXT = ASSETS / "corpora" / "general_english.txt"


def make_blocks(mlm: MaskedLM, training: Sequence[str], replay: Sequence[str], config: AdaptConfig) -> Blocks:
    """The blocks of a run: the corpus, and the share of general text asked for."""
    size = min(config.block_size, mlm.max_tokens)
    if config.line_by_line:
        lines = [line for text in training for line in text.split("\n") if line.strip()]
        blocks = one_by_one(mlm.tokenizer, lines, size)
    else:
        blocks = pack(mlm.tokenizer, training, size)
    if not config.replay or not replay:
        return blocks
    general = pack(mlm.tokenizer, replay, size)
    wanted = round(len(blocks) * config.replay / (1 - config.replay))
    chosen = np.resize(np.random.default_rng(config.seed).permutation(len(general)), wanted)
    return Blocks(
        np.concatenate([blocks.ids, general.ids[chosen]]),
        np.concatenate([blocks.words, general.words[chosen]]),
        np.concatenate([blocks.document, np.full(wanted, REPLAYED, np.int32)]),
        blocks.pad_id,
    )


def general_texts() -> tuple[list[str], list[str]]:
    """Our own general English, a part to replay and a part to judge forgetting by; they share no paragraph."""
    paragraphs = [p.strip() for p in GENERAL_TEXT.read_text(encoding="utf-8").split("\n\n") if p.strip()]
    return paragraphs[1::2], paragraphs[::2]
