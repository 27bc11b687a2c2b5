"""Train a masked language model: the budget becomes a plan, the plan becomes steps, with checkpoints to resume from.

Read `train` first.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from transformers import TrainerCallback, TrainingArguments

from mlm_demo.models.masked_lm import MaskedLM
from mlm_demo.system.distributed import broadcast, is_main_process
from mlm_demo.training.checkpoints import checkpoint_to_resume, step_of
from mlm_demo.training.config import MaskedLMConfig, steps_per_epoch
from mlm_demo.training.evaluation import MaskedEvalSet
from mlm_demo.training.fast.dropout import no_dropout
from mlm_demo.training.interpolation import copy_weights
from mlm_demo.training.judge import CHOOSING_BLOCKS
from mlm_demo.training.loop import Trained, run_steps
from mlm_demo.training.masking import Masking, make_masking
from mlm_demo.training.output_bias import fit_output_bias
from mlm_demo.training.packing import Blocks
from mlm_demo.training.plan import is_worth_compiling, load_plan, make_plan, save_plan
from mlm_demo.training.result import OutputBias
from mlm_demo.training.schedule import TimedSchedule
from mlm_demo.training.step_time import measure_step_time
from mlm_demo.training.trainer import MaskedLMTrainer


def train(
    mlm: MaskedLM,
    blocks: Blocks,
    eval_sets: tuple[MaskedEvalSet, MaskedEvalSet | None] | None,
    config: MaskedLMConfig,
    output: Path,
    *,
    resume: bool = False,
    step_time: float | None = None,
    on_progress: Callable[[dict], None] = lambda line: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Trained:
    """Train mlm in place, with checkpoints under output, and keep the weights with the lowest eval loss.

    eval_sets: text of the domain and general English, None to go without; the second may be None. They choose the
    strength of the start, and the first chooses the best of the start and some eight evaluations, so they flatter a
    result on the same texts. step_time: seconds per step as measured here, None to measure it if the budget is in
    minutes. Raise TrainingError for a loss that is NaN, a disk that cannot be written, or a model that does not fit in
    memory even one block at a time.
    """
    no_dropout(mlm.model)
    masking = make_masking(mlm, config)
    checkpoint = checkpoint_to_resume(output) if resume else None
    plan = load_plan(output, blocks.checksum, config) if checkpoint else None
    if plan is None:
        if config.minutes is not None and step_time is None:
            step_time = masked_lm_step_time(mlm, blocks, config)
        plan = broadcast(make_plan(len(blocks), config, mlm.device, step_time))
    domain, general = (
        (part and part.first(plan.eval_blocks) for part in eval_sets) if eval_sets else (None, None)
    )
    choosing = eval_sets[0].first(max(plan.eval_blocks, CHOOSING_BLOCKS)) if eval_sets else None
    start_seconds = 0.0
    if domain:
        began = time.monotonic()
        output_bias = fit_output_bias(mlm, blocks, masking, domain, general)
        if (
            not checkpoint
        ):  # else the weights follow from the checkpoint, and the start is to be compared with
            plan = replace(plan, output_bias=output_bias)
            start_seconds = time.monotonic() - began  # they count as training
    if not checkpoint and is_main_process():
        save_plan(output, plan, blocks.checksum, config)
    done = min(1, step_of(checkpoint) / plan.steps) if checkpoint else 0
    learner = _MaskedLMLearner(
        mlm=mlm,
        blocks=blocks,
        masking=masking,
        eval_set=domain,
        choosing_set=choosing,
        compiles=is_worth_compiling(mlm.device, plan.seconds and plan.seconds * (1 - done)),
        output_bias=plan.output_bias,
        tokens_per_step=blocks.tokens / steps_per_epoch(len(blocks), config.batch_size),
        # Main memory has room for them: measuring the step time holds such a copy too.
        start_weights=copy_weights(mlm.model) if domain or mlm.device.type == "cuda" else {},
    )
    return run_steps(
        learner,
        plan,
        config,
        output,
        checkpoint=checkpoint,
        start_seconds=start_seconds,
        output_bias=plan.output_bias,
        on_progress=on_progress,
        should_stop=should_stop,
    )


@dataclass(frozen=True, kw_only=True)
class _MaskedLMLearner:
    """A masked language model with its blocks, as `run_steps` wants it."""

    mlm: MaskedLM
    blocks: Blocks
    masking: Masking
    eval_set: MaskedEvalSet | None
    choosing_set: MaskedEvalSet | None
    compiles: bool
    output_bias: OutputBias | None
    tokens_per_step: float
    start_weights: Mapping[str, torch.Tensor]

    @property
    def model(self) -> torch.nn.Module:
        return self.mlm.model

    @property
    def evaluates(self) -> bool:
        return self.eval_set is not None

    def make_trainer(
        self, arguments: TrainingArguments, schedule: TimedSchedule, callbacks: Sequence[TrainerCallback]
    ) -> MaskedLMTrainer:
        return MaskedLMTrainer(
            self.mlm,
            arguments,
            self.blocks,
            self.masking,
            self.eval_set,
            schedule,
            callbacks,
            compiles=self.compiles,
            choosing_set=self.choosing_set,
        )

    def start_losses(self, trainer: MaskedLMTrainer) -> Sequence[float]:
        """Return the eval loss of the base model and, if it moved, of the start in closed form."""
        bias, loss = self.output_bias, trainer.eval_loss()
        return (bias.loss_before, loss) if bias and bias.strength else (loss,)


def masked_lm_step_time(mlm: MaskedLM, blocks: Blocks, config: MaskedLMConfig) -> float:
    """Return the seconds per step; see `measure_step_time`."""
    masking = make_masking(mlm, config)

    def make_trainer(arguments, schedule, callbacks) -> MaskedLMTrainer:
        return MaskedLMTrainer(mlm, arguments, blocks, masking, None, schedule, callbacks)

    return measure_step_time(mlm.model, len(blocks), config, make_trainer)
