"""The Trainer of masked language models, with our masks, loss and evaluation.

The masks are drawn from seed, epoch and block, so that a resumed run sees the same inputs as an uninterrupted one. The
loss runs the head at masked positions only. The evaluation has frozen masks.
"""

import math
from collections.abc import Sequence

import torch
from torch.utils.data import SequentialSampler
from transformers import TrainerCallback, TrainingArguments

from mlm_demo.errors import ModelError
from mlm_demo.models.device import bfloat16_is_fast
from mlm_demo.models.masked_lm import MaskedLM
from mlm_demo.system.distributed import broadcast, world_size
from mlm_demo.training.callbacks import nan_loss
from mlm_demo.training.dataset import MaskingCollator, NumberedDataset, ShuffledDataset
from mlm_demo.training.evaluation import MaskedEvalSet, sum_by_document
from mlm_demo.training.fast.chunked_loss import ChunkedLoss
from mlm_demo.training.fast.compile import Compiled, layers_of
from mlm_demo.training.fast.cuda_graph import GraphedStep
from mlm_demo.training.fast.precision import attention_for_training, takes_bfloat16
from mlm_demo.training.masking import IGNORED, Masking
from mlm_demo.training.packing import Blocks
from mlm_demo.training.run_trainer import RunTrainer
from mlm_demo.training.schedule import TimedSchedule


class MaskedLMTrainer(RunTrainer):
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
        choosing_set: MaskedEvalSet | None = None,
    ):
        """choosing_set: a larger eval_set, to choose the weights to keep; compiles: the parts that a GPU captures."""
        graphs = mlm.device.type == "cuda" and args.gradient_accumulation_steps == 1 and world_size() == 1
        super().__init__(
            args,
            schedule,
            callbacks,
            model=mlm.model,
            train_dataset=ShuffledDataset(len(blocks), args.seed),
            eval_dataset=NumberedDataset(0),
            data_collator=MaskingCollator(blocks, masking, self._share_over, even=graphs),
        )
        self.mlm, self.eval_set, self.choosing_set = mlm, eval_set, choosing_set or eval_set
        # Not by the Trainer's own `bf16`, whose wrapper stays on the model: it would round the evaluation too, and
        # keep a second training of the model from rounding.
        self.bfloat16 = bfloat16_is_fast(mlm.device) and takes_bfloat16(mlm.model)
        self.chunked_loss = ChunkedLoss(mlm, self.bfloat16)
        self.graphed_step = None
        if graphs:
            loss = (self.chunked_loss, "loss_and_gradient")
            compiled = Compiled(layers_of(mlm.model), [loss]) if compiles else None
            self.compiles = compiled is not None
            self.graphed_step = GraphedStep(self._forward_backward, list(mlm.model.parameters()), compiled)
        # Our loss divides by the number of masked tokens in all accumulated batches, so Trainer must pass that on.
        self.model_accepts_loss_kwargs, self.loss_is_scaled_for_ga = True, True

    def train(self, *arguments, **named):
        """Train as Trainer does."""
        with attention_for_training(self.mlm.model, self.bfloat16):
            return super().train(*arguments, **named)

    def _get_train_sampler(self, train_dataset=None) -> SequentialSampler:
        return SequentialSampler(self.train_dataset)  # which shuffles

    def _share_over(self, epoch: int, position: int) -> float:
        """Return the share of the run that is over before a block of an epoch."""
        per_step = self.args.train_batch_size * self.args.gradient_accumulation_steps * world_size()
        steps_per_epoch = math.ceil(len(self.train_dataset) / per_step)
        return self.schedule.share_over(epoch * steps_per_epoch + position // per_step)

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

    def eval_loss(self) -> float:
        """Return the mean loss of the masked tokens of the evaluation set with the current weights."""
        return self._loss_on(self.eval_set)

    def choosing_loss(self) -> float:
        """Return the same on the larger set."""
        return self._loss_on(self.choosing_set)

    def _loss_on(self, eval_set: MaskedEvalSet) -> float:
        self.model.eval()
        try:
            sums = sum_by_document(self.mlm, eval_set)
        except ModelError:  # the logits are NaN, since the last log line
            raise nan_loss(self.state.global_step) from None
        # Processes round differently, but must act on the same loss.
        return broadcast(float(sums.loss.sum() / sums.count.sum()))
