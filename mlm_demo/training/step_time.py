"""Measure how long a training step takes on this machine."""

import tempfile
import time

import numpy as np
import torch
from transformers import TrainerCallback, TrainingArguments

from mlm_demo.system.distributed import broadcast
from mlm_demo.training.loop import MakeTrainer, StepConfig
from mlm_demo.training.out_of_memory import divide_batch, one_device, out_of_memory, share_of_process
from mlm_demo.training.run_trainer import DEFAULT_ARGUMENTS
from mlm_demo.training.schedule import TimedSchedule

STEPS, COUNTED = 8, 4  # the first steps are slower: memory gets allocated, caches are cold
MAX_SECONDS, MIN_STEPS = 10, 3  # if a step takes seconds, fewer steps must do


def measure_step_time(
    model: torch.nn.Module, items: int, config: StepConfig, make_trainer: MakeTrainer
) -> float:
    """Return the seconds per step, from a few steps whose changes to the weights are undone.

    items: in the training data. Raise TrainingError if not even one item at a time fits in memory.
    """
    weights = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    whole = min(config.batch_size, items)
    batch = max(1, whole // config.gradient_accumulation_steps)
    try:
        while True:
            try:
                with out_of_memory():
                    return broadcast(_seconds(model.device, batch, make_trainer)) * whole / batch
            except torch.OutOfMemoryError as error:
                batch //= divide_batch(batch, config, error)
    finally:
        model.load_state_dict(weights)
        model.eval()


def _seconds(device: torch.device, batch: int, make_trainer: MakeTrainer) -> float:
    args = TrainingArguments(
        output_dir=tempfile.gettempdir(),
        max_steps=STEPS,
        per_device_train_batch_size=share_of_process(batch),
        learning_rate=1e-9,
        use_cpu=device.type == "cpu",
        **DEFAULT_ARGUMENTS,
    )
    stopwatch = Stopwatch()
    one_device(args)
    make_trainer(args, TimedSchedule(STEPS, 0, None), [stopwatch]).train()
    taken = np.diff(stopwatch.ends)[-COUNTED:]
    if device.type == "cuda":  # synchronized only before the first and after the last of these
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
