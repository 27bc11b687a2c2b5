"""Measure how long a training step takes on this machine."""

import tempfile
import time

import numpy as np
import torch
from transformers import TrainerCallback, TrainingArguments

from mlm_demo.models.masked_lm import MaskedLM
from mlm_demo.system.distributed import broadcast
from mlm_demo.training.config import AdaptConfig
from mlm_demo.training.masking import Masking
from mlm_demo.training.out_of_memory import halve_batch, one_device, out_of_memory, share_of_process
from mlm_demo.training.packing import Blocks
from mlm_demo.training.run_trainer import DEFAULT_ARGUMENTS
from mlm_demo.training.schedule import TimedSchedule
from mlm_demo.training.trainer import MaskedLMTrainer

STEPS, COUNTED = 8, 4  # the first steps are slower: memory gets allocated, caches are cold
MAX_SECONDS, MIN_STEPS = 10, 3  # if a step takes seconds, fewer steps must do


def measure_step_time(mlm: MaskedLM, blocks: Blocks, masking: Masking, config: AdaptConfig) -> float:
    """Return the seconds per step, from a few steps whose changes to the weights are undone.

    Raise TrainingError if not even one block at a time fits in memory.
    """
    weights = {name: tensor.clone() for name, tensor in mlm.model.state_dict().items()}
    batch = whole = min(config.batch_size, len(blocks))
    try:
        while True:
            try:
                with out_of_memory():
                    return broadcast(_seconds(mlm, blocks, masking, batch)) * whole / batch
            except torch.OutOfMemoryError as error:
                batch = halve_batch(batch, config, error)
    finally:
        mlm.model.load_state_dict(weights)
        mlm.model.eval()


def _seconds(mlm: MaskedLM, blocks: Blocks, masking: Masking, batch: int) -> float:
    args = TrainingArguments(
        output_dir=tempfile.gettempdir(),
        max_steps=STEPS,
        per_device_train_batch_size=share_of_process(batch),
        learning_rate=1e-9,
        use_cpu=mlm.device.type == "cpu",
        **DEFAULT_ARGUMENTS,
    )
    stopwatch = Stopwatch()
    one_device(args)
    MaskedLMTrainer(mlm, args, blocks, masking, None, TimedSchedule(STEPS, 0, None), [stopwatch]).train()
    taken = np.diff(stopwatch.ends)[-COUNTED:]
    if mlm.device.type == "cuda":  # synchronized only before the first and after the last of these
        return float(np.mean(taken))
    return float(np.median(taken))  # robust to one disturbed step


class Stopwatch(TrainerCallback):
    """Notes when each step ends, and ends the measurement early if it takes long."""

    def __init__(self):
        self.ends: list[float] = []

    def on_step_end(self, args, state, control, model, **_):
        """Note the time; stop if there were enough steps. All processes stop after the same step."""
        number = len(self.ends) + 1
        if model.device.type == "cuda" and number in (STEPS - COUNTED, STEPS):
            torch.cuda.synchronize()  # the GPU lags behind the kernels queued for it
        self.ends.append(time.monotonic())
        late = self.ends[-1] - self.ends[0] > MAX_SECONDS
        if broadcast(late) and len(self.ends) >= MIN_STEPS:
            control.should_training_stop = True
