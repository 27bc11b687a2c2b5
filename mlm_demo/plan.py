"""What the budget of a run comes to on this machine."""

import math
import tempfile
import time
from dataclasses import dataclass

import numpy as np
import torch
from transformers import PrinterCallback, TrainingArguments

from mlm_demo.adapt_config import AdaptConfig
from mlm_demo.errors import TrainingError
from mlm_demo.evaluation import vocabulary_ids
from mlm_demo.masked_lm import MaskedLM
from mlm_demo.masking import Masking
from mlm_demo.packing import Blocks
from mlm_demo.trainer import MaskedLMTrainer, Watch

TRIAL_STEPS, COUNTED = 8, 4  # the first are slower: memory is fetched, caches are cold
# Evaluations on the way, and about the share of the time they may take together.
EVALUATIONS, SHARE_FOR_WATCHING = 8, 0.06
QUIET = {
    "save_strategy": "no",
    "report_to": "none",
    "disable_tqdm": True,
    "logging_nan_inf_filter": False,
    "remove_unused_columns": False,
    "dataloader_num_workers": 0,
}


@dataclass(frozen=True)
class Plan:
    """What a budget comes to on this machine; kept beside the checkpoints, so that resuming follows it."""

    steps: int
    warm_up: int
    evaluate_every: int
    watched_blocks: int


def make_masking(mlm: MaskedLM, config: AdaptConfig) -> Masking:
    """How a run hides tokens."""
    return Masking(mlm.mask_id, vocabulary_ids(mlm), config.mlm_probability, config.whole_word, config.seed)


def make_plan(
    mlm: MaskedLM,
    blocks: Blocks,
    masking: Masking,
    config: AdaptConfig,
    seconds_a_step: float | None = None,
) -> Plan:
    """Turn the budget into steps; minutes are measured out by a trial, made here if it was not before."""
    an_epoch = max(1, math.ceil(len(blocks) / config.batch_size))
    if config.minutes is not None:
        seconds = seconds_a_step or trial(mlm, blocks, masking, config)
        steps = int(config.minutes * 60 * (1 - SHARE_FOR_WATCHING) / seconds)
        watched = int(
            config.minutes * 60 * SHARE_FOR_WATCHING / EVALUATIONS / (seconds / config.batch_size) * 2
        )
    else:
        steps = config.max_steps or round(config.epochs * an_epoch)
        watched = round(steps * config.batch_size * SHARE_FOR_WATCHING / EVALUATIONS * 2)
    steps = max(1, steps)
    return Plan(
        steps=steps,
        warm_up=min(40, math.ceil(steps * 0.1)),
        evaluate_every=max(1, math.ceil(steps / EVALUATIONS)),
        watched_blocks=min(max(watched, 8), 400),
    )


def trial(mlm: MaskedLM, blocks: Blocks, masking: Masking, config: AdaptConfig) -> float:
    """Seconds that one step takes here, by doing a few; the weights are put back.

    Raises TrainingError if not even one block at a time fits the memory.
    """
    weights = {name: tensor.clone() for name, tensor in mlm.model.state_dict().items()}
    batch = whole = min(config.batch_size, len(blocks))
    try:
        while True:
            try:
                return _seconds(mlm, blocks, masking, batch) * whole / batch
            except torch.OutOfMemoryError as error:
                batch = half(batch, config, error)
    finally:
        mlm.model.load_state_dict(weights)


def half(batch: int, config: AdaptConfig, error: torch.OutOfMemoryError) -> int:
    """How many blocks at once to try next; raises TrainingError if there was but one."""
    if batch == 1:
        raise TrainingError(
            f"The model does not fit this device's memory even with one block of {config.block_size} tokens at a time; "
            "choose shorter blocks or a smaller model."
        ) from error
    torch.cuda.empty_cache()
    return batch // 2


def _seconds(mlm: MaskedLM, blocks: Blocks, masking: Masking, batch: int) -> float:
    args = TrainingArguments(
        output_dir=tempfile.gettempdir(),
        max_steps=TRIAL_STEPS,
        per_device_train_batch_size=batch,
        learning_rate=1e-9,
        use_cpu=mlm.device.type == "cpu",
        **QUIET,
    )
    marks = []
    watch = Watch(lambda line: None, lambda: bool(marks.append(time.monotonic())))
    trainer = MaskedLMTrainer(mlm, args, blocks, masking, None, callbacks=[watch])
    trainer.remove_callback(PrinterCallback)
    trainer.train()
    return float(np.median(np.diff(marks)[-COUNTED:]))  # not moved by a step that was disturbed
