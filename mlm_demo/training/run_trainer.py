"""transformers' Trainer as every run uses it: learning rate, checkpoints, resuming, and the choice of the best weights.

Trainer brings gradient accumulation, checkpoints, resuming, and training in several processes with one device each
(started by torchrun). Ours are the learning rate (schedule.py) and the choice of the weights to keep. A subclass brings
the data, the loss and the evaluation.
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from torch.optim.lr_scheduler import LambdaLR
from transformers import PrinterCallback, Trainer, TrainerCallback, TrainingArguments
from transformers.trainer_utils import rotate_checkpoints

from mlm_demo.training.interpolation import copy_weights
from mlm_demo.training.schedule import TimedSchedule

DEFAULT_ARGUMENTS = {
    "save_strategy": "no",
    "report_to": "none",
    "disable_tqdm": True,
    "logging_nan_inf_filter": False,
    "remove_unused_columns": False,
    "dataloader_num_workers": 0,
}
CHECKPOINTS_KEPT = 2  # the newest and the best
CLEARLY_BETTER = 0.1  # nats that the few items of an evaluation do not lead astray by


class Kept(NamedTuple):
    """Which weights of a run were kept: those of a step, 0 for the start, or their mean with the start's."""

    step: int
    mean_with_start: bool = False


class RunTrainer(Trainer):
    """A Trainer that follows a schedule. A subclass defines `eval_loss`, and `training_step` or `compute_loss`."""

    compiles = False  # whether it compiles the model before the first step

    def __init__(
        self,
        args: TrainingArguments,
        schedule: TimedSchedule,
        callbacks: Sequence[TrainerCallback],
        **trainer_arguments,
    ):
        """trainer_arguments: the model, the data and the collator, as Trainer takes them."""
        super().__init__(args=args, callbacks=[schedule, *callbacks], **trainer_arguments)
        self.remove_callback(PrinterCallback)
        self.schedule = schedule

    def _run_epoch(self, *arguments, **named):
        """Run an epoch, unless training is over: Trainer would add a step after the checkpoint of the last one."""
        if not self.control.should_training_stop:
            super()._run_epoch(*arguments, **named)

    def _save_checkpoint(self, *arguments, **named):
        """Save a checkpoint, and rotate by step: Trainer goes by the clock, which may have been set back."""
        super()._save_checkpoint(*arguments, **named)
        if self.args.should_save:
            rotate_checkpoints(self.args.output_dir, CHECKPOINTS_KEPT, self.state.best_model_checkpoint)

    def evaluate(self, *_arguments, **_named) -> dict[str, float]:
        """Return the eval loss under the name that early stopping looks for."""
        metrics = {"eval_loss": self.eval_loss()}
        self.log(metrics)
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics

    def eval_loss(self) -> float:
        """Return the mean loss on the held-out data with the current weights."""
        raise NotImplementedError

    def _load_best_model(self) -> None:
        """Leave this to keep_best: Trainer would not call it for a run stopped before its first evaluation."""

    def keep_best(self, start: Mapping[str, torch.Tensor]) -> Kept:
        """Load the weights with the lowest eval loss; return which they are.

        start: the weights before the first step, step 0. The other candidates are the best checkpoint, the current
        weights and, if the start beats both, its mean with the better one: a model that is already good often loses by
        every step and still gains by their mean. They are compared on more items than the evaluations of the run have,
        which are few: the best of eight such evaluations is often an early one by chance.
        """
        state = self.state
        step, loss, weights = state.global_step, self.choosing_loss(), None
        # Not by the path in the state, which is where the run started: its folder may have been moved.
        best = Path(self.args.output_dir, f"checkpoint-{state.best_global_step}")
        if state.best_global_step != step and best.is_dir():
            weights, state.best_model_checkpoint = copy_weights(self.model), str(best)
            super()._load_best_model()
            if (other := self.choosing_loss()) < loss:
                step, loss, weights = state.best_global_step, other, None
        if self.start_loss < (state.best_metric or math.inf) + CLEARLY_BETTER:
            weights = weights or copy_weights(self.model)
            self._load(start)
            if (at_start := self.choosing_loss()) <= loss:
                self._load({name: torch.lerp(weight, weights[name], 0.5) for name, weight in start.items()})
                if self.choosing_loss() < at_start:
                    return Kept(step, mean_with_start=True)
                self._load(start)
                return Kept(0)
        if weights:
            self._load(weights)
        return Kept(step)

    def choosing_loss(self) -> float:
        """Return the mean loss by which the weights to keep are chosen."""
        return self.eval_loss()

    def _load(self, weights: Mapping[str, torch.Tensor]) -> None:
        self.model.load_state_dict(weights, strict=False)  # they hold one of each pair of tied ones

    @property
    def start_loss(self) -> float:
        """The eval loss before the first step, with which the log of each checkpoint begins."""
        before = [line["eval_loss"] for line in self.state.log_history if line["step"] == 0]
        return before[-1] if before else math.inf

    def create_scheduler(self, num_training_steps: int, optimizer=None) -> LambdaLR:
        """Create the learning rate scheduler, which follows the schedule of the run."""
        if self.lr_scheduler is None:
            # A plain function, so that checkpoints do not save it.
            self.lr_scheduler = LambdaLR(optimizer or self.optimizer, lambda step: self.schedule.factor(step))
            self._created_lr_scheduler = True
        return self.lr_scheduler
