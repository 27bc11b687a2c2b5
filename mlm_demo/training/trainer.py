"""transformers' Trainer with our masks, loss, learning rate and evaluation.

Trainer brings gradient accumulation, checkpoints, resuming, and training in several processes with one device each
(started by torchrun). Ours are the masks (drawn from seed, epoch and block, so that a resumed run sees the same
inputs as an uninterrupted one), the loss (the head at masked positions only), the learning rate (schedule.py) and the
evaluation (with frozen masks).
"""

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch.optim.lr_scheduler import LambdaLR
from transformers import EarlyStoppingCallback, PrinterCallback, Trainer, TrainerCallback, TrainingArguments
from transformers.trainer_utils import rotate_checkpoints

from mlm_demo.errors import ModelError, TrainingError
from mlm_demo.models.device import bfloat16_is_fast
from mlm_demo.models.masked_lm import MaskedLM
from mlm_demo.system.distributed import broadcast, world_size
from mlm_demo.training.dataset import BlockDataset, EpochSampler, MaskingCollator
from mlm_demo.training.evaluation import MaskedEvalSet, sum_by_document
from mlm_demo.training.fast.chunked_loss import ChunkedLoss
from mlm_demo.training.fast.compile import Compiled, layers_to_compile
from mlm_demo.training.fast.cuda_graph import GraphedStep
from mlm_demo.training.fast.precision import attention_for_training
from mlm_demo.training.masking import IGNORED, Masking
from mlm_demo.training.packing import Blocks
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
SETTLING = 50  # steps that Adam averages squared gradients over: 1 / (1 - beta2), with beta2 0.98


class MaskedLMTrainer(Trainer):
    """Trains `mlm.model` on blocks and evaluates it on `eval_set`, None for no evaluation."""

    def __init__(
        self,
        mlm: MaskedLM,
        args: TrainingArguments,
        blocks: Blocks,
        masking: Masking,
        eval_set: MaskedEvalSet | None,
        schedule: TimedSchedule,
        callbacks: Sequence[TrainerCallback] = (),
        compiles: bool = False,
    ):
        """compiles: whether to compile the parts of the step that a GPU captures."""
        graphs = mlm.device.type == "cuda" and args.gradient_accumulation_steps == 1 and world_size() == 1
        super().__init__(
            model=mlm.model,
            args=args,
            train_dataset=BlockDataset(len(blocks)),
            eval_dataset=BlockDataset(0),
            data_collator=MaskingCollator(blocks, masking, even=graphs),
            callbacks=[schedule, *callbacks],
        )
        self.remove_callback(PrinterCallback)
        self.mlm, self.eval_set, self.schedule = mlm, eval_set, schedule
        # Not by the Trainer's own `bf16`, whose wrapper stays on the model: it would round the evaluation too, and
        # keep a second training of the model from rounding.
        self.bfloat16 = bfloat16_is_fast(mlm.device)
        self.chunked_loss = ChunkedLoss(mlm, self.bfloat16)
        self.graphed_step = None
        if graphs:
            methods = [(layer, "forward") for layer in layers_to_compile(mlm.model)]
            compiled = Compiled([*methods, (self.chunked_loss, "loss_and_gradient")]) if compiles else None
            self.graphed_step = GraphedStep(self._forward_backward, list(mlm.model.parameters()), compiled)
        # Our loss divides by the number of masked tokens in all accumulated batches, so Trainer must pass that on.
        self.model_accepts_loss_kwargs, self.loss_is_scaled_for_ga = True, True

    def train(self, *arguments, **named):
        """Train as Trainer does."""
        with attention_for_training(self.mlm.model, self.bfloat16):
            return super().train(*arguments, **named)

    def _run_epoch(self, *arguments, **named):
        """Run an epoch, unless training is over: Trainer would add a step after the checkpoint of the last one."""
        if not self.control.should_training_stop:
            super()._run_epoch(*arguments, **named)

    def _save_checkpoint(self, *arguments, **named):
        """Save a checkpoint, and rotate by step: Trainer goes by the clock, which may have been set back."""
        super()._save_checkpoint(*arguments, **named)
        if self.args.should_save:
            rotate_checkpoints(self.args.output_dir, CHECKPOINTS_KEPT, self.state.best_model_checkpoint)

    def _get_train_sampler(self, train_dataset=None) -> EpochSampler:
        return EpochSampler(self.train_dataset, self.args.seed)

    def training_step(self, model, inputs, num_items_in_batch=None) -> torch.Tensor:
        """Make a training step; on a GPU by a CUDA graph."""
        if self.graphed_step is None:
            return super().training_step(model, inputs, num_items_in_batch)
        model.train()
        return self.graphed_step({**self._prepare_inputs(inputs), "count": num_items_in_batch})

    def _forward_backward(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        """Do what Trainer does with a batch on one GPU; count: its number of masked tokens."""
        inputs = dict(batch)
        loss = self.compute_loss(self.model, inputs, num_items_in_batch=inputs.pop("count"))
        loss.backward()
        return loss.detach()

    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
        """Return the losses of the masked tokens over the number of masked tokens in the whole step."""
        masked, labels = inputs.pop("masked"), inputs.pop("labels")
        length = inputs["input_ids"].shape[1]
        rows, columns = masked // length, masked % length
        autocast = torch.autocast(self.mlm.device.type, torch.bfloat16, enabled=self.bfloat16)
        with autocast, self.mlm.positions.at(rows, columns), self.chunked_loss.projection_deferred():
            outputs = model(**inputs)
        picked = self.mlm.positions.pick(outputs.logits, rows, columns)
        total = self.chunked_loss.sum_of_losses(picked, labels)
        # The number counts the tokens of all processes, whose gradients are then averaged: so times their count.
        loss = (
            total / num_items_in_batch * world_size()
            if num_items_in_batch is not None
            else total / (labels != IGNORED).sum()
        )
        return (loss, outputs) if return_outputs else loss

    def evaluate(self, *_arguments, **_named) -> dict[str, float]:
        """Return the eval loss under the name that early stopping looks for."""
        metrics = {"eval_loss": self.eval_loss()}
        self.log(metrics)
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics

    def eval_loss(self) -> float:
        """Return the mean loss of the masked tokens of the evaluation set with the current weights."""
        self.model.eval()
        try:
            sums = sum_by_document(self.mlm, self.eval_set)
        except ModelError:  # the logits are NaN, since the last log line
            raise nan_loss(self.state.global_step) from None
        # Processes round differently, but must act on the same loss.
        return broadcast(float(sums.loss.sum() / sums.count.sum()))

    def _load_best_model(self) -> None:
        """Leave this to keep_best: Trainer would not call it for a run stopped before its first evaluation."""

    def keep_best(self, start: Mapping[str, torch.Tensor]) -> int:
        """Load the weights with the lowest eval loss; return the step they are from.

        start: the weights before the first step, step 0. The other candidates are the best checkpoint and the current
        weights, which have not been evaluated yet if the run was stopped.
        """
        state = self.state
        step, loss = state.best_global_step, state.best_metric
        # Not by the path in the state, which is where the run started: its folder may have been moved.
        best = Path(self.args.output_dir, f"checkpoint-{step}")
        if step != state.global_step:
            current = self.eval_loss()
            if not best.is_dir() or current <= loss:
                step, loss = state.global_step, current
        if self.start_loss <= loss:
            self.mlm.model.load_state_dict(start, strict=False)  # it holds one of each pair of tied weights
            return 0
        if step != state.global_step:
            state.best_model_checkpoint = str(best)
            super()._load_best_model()
        return step

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


class Patience(EarlyStoppingCallback):
    """Ends a run after several evaluations without a lower eval loss, once training has settled.

    An evaluation counts from SETTLING steps after the warm-up on. Before, the learning rate is near its peak and Adam
    has averaged few gradients, so the eval loss often rises and falls again; and ending a short run early saves little.
    So a run of fewer than about 90 steps always uses its whole budget. A run that Patience ended ends again when
    resumed.
    """

    ran_out = False  # whether this, and nothing else, ended the run

    def on_train_begin(self, args, state, control, **more):
        """Stop if patience had run out before the resume."""
        super().on_train_begin(args, state, control, **more)
        if not has_settled(args, state):  # an older version counted every evaluation
            self.early_stopping_patience_counter = 0
        if self.early_stopping_patience_counter >= self.early_stopping_patience:
            self._end(control)

    def on_evaluate(self, args, state, control, metrics, **more):
        """Count an evaluation without a lower eval loss; stop when patience runs out."""
        if not has_settled(args, state):
            return
        self.check_metric_value(args, state, control, metrics["eval_loss"])
        if self.early_stopping_patience_counter >= self.early_stopping_patience:
            self._end(control)

    def _end(self, control) -> None:
        self.ran_out = not control.should_training_stop  # the budget or a person may have come first
        control.should_training_stop = True


def has_settled(args, state) -> bool:
    """Return whether training is far enough past its warm-up for the eval loss to show a trend."""
    return state.global_step >= args.warmup_steps + SETTLING


def nan_loss(step: int) -> TrainingError:
    """Return the error for a loss that is NaN."""
    return TrainingError(
        f"The loss became NaN at step {step}. Progress up to the last checkpoint is kept; try a lower learning rate."
    )


class LogCallback(TrainerCallback):
    """Passes on each log line, stops the run when asked to, and fails it when the loss becomes NaN."""

    def __init__(
        self,
        on_log: Callable[[dict], None],
        should_stop: Callable[[], bool],
        expected_steps: Callable[[int], int],
    ):
        self.pass_on, self.should_stop, self.stopped = on_log, should_stop, False
        self.expected_steps = expected_steps
        self.start_losses: Sequence[float] = ()  # the eval losses before the first step, in their order

    def on_train_begin(self, args, state, control, **_):
        """Log the eval losses before the first step, where their curve begins."""
        for loss in self.start_losses:
            line = {"eval_loss": loss, "epoch": 0.0, "step": 0}
            state.log_history.append(line)
            self.pass_on({**line, "of": self.expected_steps(0)})

    def on_step_end(self, args, state, control, **_):
        """Stop after this step, with a checkpoint."""
        if broadcast(self.should_stop()) and not self.stopped:
            self.stopped = control.should_training_stop = control.should_save = True

    def on_log(self, args, state, control, logs=None, **_):
        """Pass on step, loss and learning rate; raise TrainingError at the first loss that is NaN."""
        logs = logs or {}
        loss = logs.get("loss", logs.get("eval_loss", 0.0))
        if not np.isfinite(loss):
            raise nan_loss(state.global_step)
        step = state.global_step
        self.pass_on({"step": step, "of": self.expected_steps(step), "epoch": state.epoch, **logs})
