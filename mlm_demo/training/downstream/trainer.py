"""The Trainer of downstream tasks."""

from collections.abc import Sequence
from typing import Any

import torch
from transformers import TrainerCallback, TrainingArguments

from mlm_demo.models.device import bfloat16_is_fast
from mlm_demo.models.task_model import TaskModel
from mlm_demo.system.distributed import broadcast
from mlm_demo.training.dataset import NumberedDataset
from mlm_demo.training.downstream.dataset import LengthSampler, QuestionCollator
from mlm_demo.training.downstream.task import DownstreamTask
from mlm_demo.training.fast.dropout import QuickDropout
from mlm_demo.training.fast.precision import attention_for_training
from mlm_demo.training.run_trainer import RunTrainer
from mlm_demo.training.schedule import TimedSchedule

NO_EPOCH = 1 << 20  # draws the candidates of the evaluation, the same each time and not those of training


class TaskTrainer(RunTrainer):
    """Trains a model on examples of its task, and evaluates it on others; none for no evaluation."""

    def __init__(
        self,
        model: TaskModel,
        task: DownstreamTask,
        examples: Sequence[Any],
        eval_examples: Sequence[Any],
        args: TrainingArguments,
        schedule: TimedSchedule,
        callbacks: Sequence[TrainerCallback] = (),
    ):
        super().__init__(
            args,
            schedule,
            callbacks,
            model=model.model,
            train_dataset=NumberedDataset(len(examples)),
            eval_dataset=NumberedDataset(0),
            data_collator=QuestionCollator(task, model, examples, args.seed),
        )
        self.task, self.examples, self.eval_examples = task, examples, eval_examples
        self.eval_collator = QuestionCollator(task, model, eval_examples, 0)
        self.bfloat16 = bfloat16_is_fast(model.device)
        self.model_accepts_loss_kwargs = False  # the loss is a mean: accumulated ones are averaged

    def train(self, *arguments, **named):
        """Train as Trainer does."""
        with attention_for_training(self.model, self.bfloat16):
            return super().train(*arguments, **named)

    def _get_train_sampler(self, train_dataset=None) -> LengthSampler:
        lengths = [self.task.length(example) for example in self.examples]
        # Of a whole step, so that the order stays the same when a batch is halved.
        batch_size = self.args.train_batch_size * self.args.gradient_accumulation_steps
        return LengthSampler(self.train_dataset, lengths, batch_size, self.args.seed)

    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
        """Return the mean loss of the questions of a batch."""
        autocast = torch.autocast(inputs["owner"].device.type, torch.bfloat16, enabled=self.bfloat16)
        with autocast, QuickDropout():
            outputs = [model(**part) for part in inputs["parts"]]
        loss = self.task.loss(outputs, inputs["targets"], inputs["owner"])
        return (loss, outputs) if return_outputs else loss

    @torch.no_grad()
    def eval_loss(self) -> float:
        """Return the mean loss of the evaluation examples with the current weights."""
        self.model.eval()
        total, size = 0.0, self.args.train_batch_size
        for start in range(0, len(self.eval_examples), size):
            numbers = range(start, min(start + size, len(self.eval_examples)))
            batch = self._prepare_inputs(self.eval_collator([(NO_EPOCH, number) for number in numbers]))
            outputs = [self.model(**part) for part in batch["parts"]]
            total += float(self.task.loss(outputs, batch["targets"], batch["owner"])) * len(numbers)
        return broadcast(total / len(self.eval_examples))
