"""transformers' Trainer with our masks and our loss.

What Trainer brings stays its own: accumulation, checkpoints, resuming, several processes with a device each (started by
torchrun). Ours are the masks (drawn from seed, epoch and block, so a resumed run sees what an undisturbed one does),
the loss (the head at the hidden positions only), the learning rate (schedule.py) and the evaluation (frozen masks).
"""

from collections.abc import Callable, Sequence

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
from mlm_demo.training.evaluation import MaskedEvalSet, document_sums
from mlm_demo.training.fast.chunked_loss import VocabularyLoss
from mlm_demo.training.fast.compile import Compiled, layers_to_compile
from mlm_demo.training.fast.cuda_graph import RecordedStep
from mlm_demo.training.fast.precision import attention_for_training
from mlm_demo.training.masking import IGNORED, Masking
from mlm_demo.training.packing import Blocks
from mlm_demo.training.schedule import TimedSchedule

CHECKPOINTS_KEPT = 2  # the newest and the best


class MaskedLMTrainer(Trainer):
    """Trains `mlm.model` on blocks; evaluates on frozen texts."""

    def __init__(
        self,
        mlm: MaskedLM,
        args: TrainingArguments,
        blocks: Blocks,
        masking: Masking,
        watched: MaskedEvalSet | None,
        schedule: TimedSchedule,
        callbacks: Sequence[TrainerCallback] = (),
        compiles: bool = False,
    ):
        """compiles: whether to compile what is recorded on a GPU."""
        records = mlm.device.type == "cuda" and args.gradient_accumulation_steps == 1 and world_size() == 1
        super().__init__(
            model=mlm.model,
            args=args,
            train_dataset=BlockDataset(len(blocks)),
            eval_dataset=BlockDataset(0),
            data_collator=MaskingCollator(blocks, masking, even=records),
            callbacks=[schedule, *callbacks],
        )
        self.remove_callback(PrinterCallback)
        self.mlm, self.watched, self.schedule = mlm, watched, schedule
        # Not by the Trainer's own `bf16`, whose wrapper stays on the model: figures would be rounded too, and a second
        # training on it would not be.
        self.rounded = bfloat16_is_fast(mlm.device)
        self.vocabulary_loss = VocabularyLoss(mlm, self.rounded)
        self.recorded = None
        if records:
            methods = [(layer, "forward") for layer in layers_to_compile(mlm.model)]
            compiled = Compiled([*methods, (self.vocabulary_loss, "slopes")]) if compiles else None
            self.recorded = RecordedStep(self._passes, list(mlm.model.parameters()), compiled)
        # Our loss divides by the number of hidden tokens of all accumulated batches, so it needs to be told it.
        self.model_accepts_loss_kwargs, self.loss_is_scaled_for_ga = True, True

    def train(self, *arguments, **named):
        """As Trainer's."""
        with attention_for_training(self.mlm.model, self.rounded):
            return super().train(*arguments, **named)

    def _run_epoch(self, *arguments, **named):
        """As Trainer's, which makes a step more after the checkpoint of the last one."""
        if not self.control.should_training_stop:
            super()._run_epoch(*arguments, **named)

    def _save_checkpoint(self, *arguments, **named):
        """As Trainer's, which tells the newest by the clock: set back, that would cost the checkpoint just made."""
        super()._save_checkpoint(*arguments, **named)
        if self.args.should_save:
            rotate_checkpoints(self.args.output_dir, CHECKPOINTS_KEPT, self.state.best_model_checkpoint)

    def _get_train_sampler(self, train_dataset=None) -> EpochSampler:
        return EpochSampler(self.train_dataset, self.args.seed)

    def training_step(self, model, inputs, num_items_in_batch=None) -> torch.Tensor:
        """As Trainer's; on a GPU as recorded."""
        if self.recorded is None:
            return super().training_step(model, inputs, num_items_in_batch)
        model.train()
        return self.recorded({**self._prepare_inputs(inputs), "count": num_items_in_batch})

    def _passes(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        """What Trainer does with a batch, count its number of hidden tokens, on one GPU."""
        inputs = dict(batch)
        loss = self.compute_loss(self.model, inputs, num_items_in_batch=inputs.pop("count"))
        loss.backward()
        return loss.detach()

    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
        """The sum of the losses of the hidden tokens over their number in the whole step."""
        hidden, labels = inputs.pop("hidden"), inputs.pop("labels")
        length = inputs["input_ids"].shape[1]
        rows, columns = hidden // length, hidden % length
        autocast = torch.autocast(self.mlm.device.type, torch.bfloat16, enabled=self.rounded)
        with autocast, self.mlm.positions.at(rows, columns), self.vocabulary_loss.asked():
            outputs = model(**inputs)
        given = self.mlm.positions.pick(outputs.logits, rows, columns)
        total = self.vocabulary_loss.sum_of_losses(given, labels)
        # The number is that of all processes, whose gradients are averaged: each gives its part times their count.
        loss = (
            total / num_items_in_batch * world_size()
            if num_items_in_batch is not None
            else total / (labels != IGNORED).sum()
        )
        return (loss, outputs) if return_outputs else loss

    def evaluate(self, *_arguments, **_named) -> dict[str, float]:
        """The loss on the watched text, under the name that early stopping looks for."""
        metrics = {"eval_loss": self.eval_loss()}
        self.log(metrics)
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics

    def eval_loss(self) -> float:
        """The mean loss of the hidden tokens of the watched text as the weights are."""
        self.model.eval()
        try:
            result = document_sums(self.mlm, self.watched)
        except ModelError:  # its predictions are no numbers: it has come to that since the last log line
            raise no_number(self.state.global_step) from None
        return float(result.loss.sum() / result.count.sum())

    def _load_best_model(self) -> None:
        """The best of those evaluated, unless the weights as they are when the run is stopped are better still."""
        if (
            self.state.best_global_step != self.state.global_step
            and self.eval_loss() > self.state.best_metric
        ):
            super()._load_best_model()

    def create_scheduler(self, num_training_steps: int, optimizer=None) -> LambdaLR:
        """As Trainer's, by the schedule of the run."""
        if self.lr_scheduler is None:
            # A plain function, which a checkpoint leaves out.
            self.lr_scheduler = LambdaLR(optimizer or self.optimizer, lambda step: self.schedule.factor(step))
            self._created_lr_scheduler = True
        return self.lr_scheduler


class Patience(EarlyStoppingCallback):
    """As transformers', but a run that was ended by it is not taken up again by resuming it."""

    def on_train_begin(self, args, state, control, **more):
        """Stop if it was out of patience before."""
        super().on_train_begin(args, state, control, **more)
        if self.early_stopping_patience_counter >= self.early_stopping_patience:
            control.should_training_stop = True


def no_number(step: int) -> TrainingError:
    """What is said when a loss is NaN."""
    return TrainingError(
        f"The loss is no number any more (step {step}); what was learned until the last checkpoint is kept. Try a "
        "lower learning rate."
    )


class Watch(TrainerCallback):
    """Passes each log line on, stops when asked to, and ends a run whose loss is no number."""

    def __init__(self, tell: Callable[[dict], None], should_stop: Callable[[], bool]):
        self.tell, self.should_stop, self.stopped = tell, should_stop, False
        self.begin_with: float | None = None  # the loss on the watched text before the first step

    def on_train_begin(self, args, state, control, **_):
        """Tell where the curve of the watched text begins."""
        if self.begin_with is not None:
            begin = {"eval_loss": self.begin_with, "epoch": 0.0, "step": 0}
            state.log_history.append(begin)
            self.tell({**begin, "of": state.max_steps})

    def on_step_end(self, args, state, control, **_):
        """Stop after this step, with a checkpoint."""
        if broadcast(self.should_stop()) and not self.stopped:
            self.stopped = control.should_training_stop = control.should_save = True

    def on_log(self, args, state, control, logs=None, **_):
        """Tell the step, the loss, the learning rate; raises TrainingError at the first loss that is NaN."""
        logs = logs or {}
        loss = logs.get("loss", logs.get("eval_loss", 0.0))
        if not np.isfinite(loss):
            raise no_number(state.global_step)
        self.tell({"step": state.global_step, "of": state.max_steps, "epoch": state.epoch, **logs})
