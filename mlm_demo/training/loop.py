"""The steps of a run after its plan: train with checkpoints, divide the batch when memory runs out, keep the best.

Read `run_steps` first. Every kind of training goes through it, and brings a Trainer of its own.
"""

import math
import resource
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch
from transformers import TrainerCallback, TrainingArguments

from mlm_demo.errors import TrainingError
from mlm_demo.models.loader import quiet
from mlm_demo.training.callbacks import LogCallback, Patience
from mlm_demo.training.checkpoints import CHECKPOINTS, disk_errors_explained, last_checkpoint
from mlm_demo.training.config import PATIENCE
from mlm_demo.training.out_of_memory import divide_batch, one_device, out_of_memory, share_of_process
from mlm_demo.training.plan import Plan
from mlm_demo.training.result import OutputBias, Training
from mlm_demo.training.run_trainer import DEFAULT_ARGUMENTS, Kept, RunTrainer
from mlm_demo.training.schedule import TimedSchedule

LOG_LINES = 200  # of the training loss, about so many in a run
MOST_STEPS = 100_000_000  # no run makes so many


class StepConfig(Protocol):
    """What the steps of a run need to know of its options: a batch has `batch_size` items of `length` tokens.

    It is computed in `gradient_accumulation_steps` parts; schedule: one of config.SCHEDULES.
    """

    minutes: float | None
    batch_size: int
    gradient_accumulation_steps: int
    learning_rate: float
    schedule: str
    weight_decay: float
    seed: int

    @property
    def item(self) -> str:
        """What a batch consists of, such as `block`."""

    @property
    def length(self) -> int:
        """The tokens of an item, at most."""


MakeTrainer = Callable[[TrainingArguments, TimedSchedule, Sequence[TrainerCallback]], RunTrainer]


class Learner(Protocol):
    """Something to train: a model with its data.

    tokens_per_step: of text, on average. start_weights: those before the first step, one of each pair of tied ones;
    empty to go without. start_losses: the eval losses before the first step, of the Trainer made last.
    """

    model: torch.nn.Module
    evaluates: bool
    tokens_per_step: float
    start_weights: Mapping[str, torch.Tensor]

    def make_trainer(
        self, arguments: TrainingArguments, schedule: TimedSchedule, callbacks: Sequence[TrainerCallback]
    ) -> RunTrainer:
        """Return a Trainer for these arguments."""

    def start_losses(self, trainer: RunTrainer) -> Sequence[float]:
        """Return the eval losses before the first step."""


@dataclass(frozen=True, kw_only=True)
class Trained(Training):
    """How training went, with its log: lines with `step`, `seconds` and `loss` or `eval_loss`."""

    log: tuple[dict, ...]


def run_steps(
    learner: Learner,
    plan: Plan,
    config: StepConfig,
    output: Path,
    *,
    checkpoint: Path | None = None,
    start_seconds: float = 0.0,
    output_bias: OutputBias | None = None,
    on_progress: Callable[[dict], None] = lambda line: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Trained:
    """Train a learner's model in place, from a checkpoint if given, and keep the weights with the lowest eval loss.

    start_seconds: of training, spent before the first step. Checkpoints go under output. Raise TrainingError for a loss
    that is NaN, a disk that cannot be written, or a model that does not fit in memory even with one row at a time.
    """
    device, evaluates = next(learner.model.parameters()).device, learner.evaluates
    accumulate = config.gradient_accumulation_steps
    batch = config.batch_size // accumulate

    def speed(step: int, seconds: float) -> dict:
        return {
            "seconds": seconds,
            "tokens_per_second": step * learner.tokens_per_step / seconds,
            "peak_megabytes": peak_megabytes(device),
        }

    def on_log(line: dict) -> None:
        if "loss" in line:
            line |= {
                "seconds_left": schedule.seconds_left(line["step"]),
                **speed(line["step"], schedule.seconds),
            }
        on_progress(line)

    while True:
        schedule = TimedSchedule(
            plan.steps,
            plan.warm_up,
            config.minutes and config.minutes * 60,
            evaluations=math.ceil(plan.steps / plan.evaluate_every),
            seconds_before=start_seconds,
            falling=config.schedule,
        )
        log = LogCallback(on_log, should_stop, schedule.expected_steps)
        try:
            arguments = _arguments(device, plan, config, output, batch, accumulate, evaluates=evaluates)
            callbacks = [log, *([Patience(PATIENCE)] if evaluates else [])]
            trainer = learner.make_trainer(arguments, schedule, callbacks)
            if trainer.compiles:
                on_log({"note": "Compiling the model for this GPU: ten seconds or more, once."})
            if evaluates and checkpoint is None:
                log.start_losses = learner.start_losses(trainer)
            # `quiet` because checkpoints are reported to lack tied weights.
            with quiet(), disk_errors_explained(output), out_of_memory():
                trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
                kept = (
                    trainer.keep_best(learner.start_weights) if evaluates else Kept(trainer.state.global_step)
                )
            break
        except torch.OutOfMemoryError as error:
            # A part of the batch at once, and as many times more often: the same step.
            parts = divide_batch(batch, config, error)
            batch, accumulate = batch // parts, accumulate * parts
            checkpoint = last_checkpoint(output)
            if checkpoint is None and learner.start_weights:
                learner.model.load_state_dict(learner.start_weights, strict=False)
            elif checkpoint is None and trainer.state.global_step:  # no weights to start again from
                raise TrainingError(
                    f"Memory ran out at step {trainer.state.global_step}; choose fewer {config.item}s per step than "
                    f"{config.batch_size}, shorter ones than {config.length} tokens, or a smaller model."
                ) from error
            on_log(
                {
                    "note": f"Out of memory; continuing with {batch} {config.item}s at once, {accumulate} times per "
                    "step."
                }
            )
    learner.model.eval()
    state = trainer.state
    return Trained(
        steps=state.global_step,
        planned=schedule.expected_steps(state.global_step),
        stopped=log.stopped,
        ended=_ended(trainer, log),
        best_step=kept.step,
        mean_with_start=kept.mean_with_start,
        output_bias=output_bias,
        **speed(state.global_step, schedule.seconds),
        log=tuple(state.log_history),
    )


def _ended(trainer: RunTrainer, log: LogCallback) -> str:
    """Return why a run ended, in the words of Trained."""
    if log.stopped:
        return "stopped"
    callbacks = trainer.callback_handler.callbacks
    ran_out = any(callback.ran_out for callback in callbacks if isinstance(callback, Patience))
    return "no_improvement" if ran_out else "budget"


def peak_megabytes(device: torch.device) -> float:
    """Return the most memory this process has used: on the GPU if it trains there, else main memory."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 1e6
    unit = 1e6 if sys.platform == "darwin" else 1e3  # getrusage(2): bytes there, kilobytes elsewhere
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def _arguments(
    device: torch.device,
    plan: Plan,
    config: StepConfig,
    output: Path,
    batch: int,
    accumulate: int,
    *,
    evaluates: bool,
) -> TrainingArguments:
    # TimedSchedule evaluates and ends a run in minutes.
    by_clock = config.minutes is not None
    most_steps, evaluate_every = (MOST_STEPS,) * 2 if by_clock else (plan.steps, plan.evaluate_every)
    evaluation = {}
    if evaluates:
        evaluation = {
            "eval_strategy": "steps",
            "eval_steps": evaluate_every,
            "load_best_model_at_end": True,
            "metric_for_best_model": "eval_loss",
            "greater_is_better": False,
        }
    arguments = TrainingArguments(
        output_dir=str(output / CHECKPOINTS),
        max_steps=most_steps,
        per_device_train_batch_size=share_of_process(batch),
        gradient_accumulation_steps=accumulate,
        learning_rate=config.learning_rate,
        warmup_steps=plan.warm_up,  # for Patience; the learning rate follows TimedSchedule
        adam_beta2=0.98,
        weight_decay=config.weight_decay,
        optim="adamw_torch_fused",
        use_cpu=device.type == "cpu",
        seed=config.seed,
        save_steps=evaluate_every,
        logging_first_step=True,  # shows that training runs, long before the next line of a long run
        **{
            **DEFAULT_ARGUMENTS,
            "save_strategy": "steps",
            "logging_steps": max(1, plan.steps // LOG_LINES),
            **evaluation,
        },
    )
    one_device(arguments)
    return arguments
