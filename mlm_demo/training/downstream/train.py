"""A model with the examples of its task, as the steps of a run want it."""

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import TrainerCallback, TrainingArguments

from mlm_demo.models.task_model import TaskModel
from mlm_demo.system.distributed import broadcast, is_main_process
from mlm_demo.training.checkpoints import last_checkpoint
from mlm_demo.training.config import steps_per_epoch
from mlm_demo.training.downstream.config import FinetuneConfig
from mlm_demo.training.downstream.task import DownstreamTask
from mlm_demo.training.downstream.trainer import TaskTrainer
from mlm_demo.training.fast.dropout import no_dropout
from mlm_demo.training.interpolation import copy_weights
from mlm_demo.training.loop import Trained, run_steps
from mlm_demo.training.plan import load_plan, make_plan, save_plan
from mlm_demo.training.schedule import TimedSchedule
from mlm_demo.training.step_time import measure_step_time

TOKENS_PER_CHARACTER = 0.22  # of English text, to tell the speed


def train_task(
    model: TaskModel,
    task: DownstreamTask,
    examples: Sequence[Any],
    eval_examples: Sequence[Any],
    config: FinetuneConfig,
    output: Path,
    *,
    on_progress: Callable[[dict], None] = lambda line: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Trained:
    """Train a model in place with one seed, from the last checkpoint under output if there is one.

    Dropout is on if the examples are so few that some are seen twice, and off otherwise. eval_examples choose the
    weights to keep, so they flatter a result on the same ones. Raises TrainingError as `run_steps` does.
    """
    checkpoint, checksum = last_checkpoint(output), checksum_of(examples)
    make_trainer = _trainer_maker(model, task, examples, ())
    if checkpoint:
        plan = load_plan(output, checksum, config)
    else:
        step_time = None
        if config.minutes is not None:
            step_time = measure_step_time(model.model, len(examples), config, make_trainer)
        plan = broadcast(make_plan(len(examples), config, model.device, step_time))
        if is_main_process():
            save_plan(output, plan, checksum, config)
    if plan.steps * config.batch_size <= len(examples):
        no_dropout(model.model)
    learner = _TaskLearner(
        model=model.model,
        make_trainer=_trainer_maker(model, task, examples, eval_examples[: plan.eval_blocks]),
        evaluates=bool(eval_examples),
        tokens_per_step=len(examples)
        / steps_per_epoch(len(examples), config.batch_size)
        * _mean_length(task, examples)
        * TOKENS_PER_CHARACTER,
        start_weights=copy_weights(model.model),
    )
    return run_steps(
        learner, plan, config, output, checkpoint=checkpoint, on_progress=on_progress, should_stop=should_stop
    )


@dataclass(frozen=True, kw_only=True)
class _TaskLearner:
    """What `run_steps` wants; see `Learner`."""

    model: torch.nn.Module
    make_trainer: Callable[..., TaskTrainer]
    evaluates: bool
    tokens_per_step: float
    start_weights: Mapping[str, torch.Tensor]

    def start_losses(self, trainer: TaskTrainer) -> Sequence[float]:
        """Return the eval loss of the untrained head."""
        return (trainer.eval_loss(),)


def _trainer_maker(
    model: TaskModel, task: DownstreamTask, examples: Sequence[Any], eval_examples: Sequence[Any]
) -> Callable[..., TaskTrainer]:
    def make_trainer(
        arguments: TrainingArguments, schedule: TimedSchedule, callbacks: Sequence[TrainerCallback]
    ) -> TaskTrainer:
        return TaskTrainer(model, task, examples, eval_examples, arguments, schedule, callbacks)

    return make_trainer


def _mean_length(task: DownstreamTask, examples: Sequence[Any]) -> float:
    return sum(map(task.length, examples)) / max(1, len(examples))


def checksum_of(examples: Sequence[Any]) -> int:
    """Return a number that other examples hardly share."""
    checksum = 0
    for example in examples:
        checksum = zlib.crc32(repr(example).encode(), checksum)
    return checksum
