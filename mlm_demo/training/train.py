"""One training run: the budget becomes a plan, the plan becomes steps, with checkpoints to resume from.

Read `train` first.
"""

import math
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from transformers import TrainingArguments

from mlm_demo.errors import TrainingError
from mlm_demo.models.loader import quiet
from mlm_demo.models.masked_lm import MaskedLM
from mlm_demo.system.distributed import broadcast, is_main_process
from mlm_demo.training.checkpoints import (
    CHECKPOINTS,
    checkpoint_to_resume,
    disk_errors_explained,
    last_checkpoint,
    step_of,
)
from mlm_demo.training.config import PATIENCE, AdaptConfig
from mlm_demo.training.evaluation import MaskedEvalSet
from mlm_demo.training.interpolation import copy_weights
from mlm_demo.training.masking import make_masking
from mlm_demo.training.out_of_memory import halve_batch, one_device, out_of_memory, share_of_process
from mlm_demo.training.output_bias import fit_output_bias
from mlm_demo.training.packing import Blocks
from mlm_demo.training.plan import Plan, is_worth_compiling, load_plan, make_plan, save_plan
from mlm_demo.training.result import OutputBias, Training
from mlm_demo.training.schedule import TimedSchedule
from mlm_demo.training.trainer import DEFAULT_ARGUMENTS, LogCallback, MaskedLMTrainer, Patience

LOG_LINES = 200  # of the training loss, about so many in a run
MOST_STEPS = 100_000_000  # no run makes so many


@dataclass(frozen=True, kw_only=True)
class Trained(Training):
    """How training went, with its log: lines with `step`, `seconds` and `loss` or `eval_loss`."""

    log: tuple[dict, ...]


def train(
    mlm: MaskedLM,
    blocks: Blocks,
    eval_sets: tuple[MaskedEvalSet, MaskedEvalSet] | None,
    config: AdaptConfig,
    output: Path,
    *,
    resume: bool = False,
    step_time: float | None = None,
    on_progress: Callable[[dict], None] = lambda line: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Trained:
    """Train mlm in place, with checkpoints under output, and keep the weights with the lowest eval loss.

    eval_sets: text of the domain and general English, None to go without. Both choose the strength of the start, and
    the first chooses the best of the start and some eight evaluations, so they flatter a result on the same texts.
    step_time: seconds per step as measured here, None to measure it if the budget is in minutes. Raise TrainingError
    for a loss that is NaN, a disk that cannot be written, or a model that does not fit in memory even one block at a
    time.
    """
    no_dropout(mlm)
    masking = make_masking(mlm, config)
    checkpoint = checkpoint_to_resume(output) if resume else None
    plan = load_plan(output, blocks, config) if checkpoint else None
    plan = plan or broadcast(make_plan(mlm, blocks, masking, config, step_time))
    domain, general = (part.first(plan.eval_blocks) for part in eval_sets) if eval_sets else (None, None)
    start_seconds = 0.0
    if domain and not checkpoint:
        began = time.monotonic()
        plan = replace(plan, output_bias=fit_output_bias(mlm, blocks, masking, domain, general))
        start_seconds = time.monotonic() - began  # they count as training
    if not checkpoint and is_main_process():
        save_plan(output, plan, blocks, config)
    batch, accumulate = config.batch_size, 1
    # Main memory has room for them: measuring the step time holds such a copy too.
    start_weights = copy_weights(mlm.model) if domain or mlm.device.type == "cuda" else {}
    done = min(1, step_of(checkpoint) / plan.steps) if checkpoint else 0
    compiles = is_worth_compiling(mlm, plan.seconds and plan.seconds * (1 - done))
    tokens_per_step = config.batch_size * blocks.tokens / max(len(blocks), 1)

    def speed(step: int, seconds: float) -> dict:
        return {
            "seconds": seconds,
            "tokens_per_second": step * tokens_per_step / seconds,
            "peak_megabytes": peak_megabytes(mlm.device),
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
        )
        log = LogCallback(on_log, should_stop, schedule.expected_steps)
        try:
            arguments = _arguments(mlm, plan, config, output, batch, accumulate, evaluates=domain is not None)
            callbacks = [log, *([Patience(PATIENCE)] if domain else [])]
            trainer = MaskedLMTrainer(
                mlm, arguments, blocks, masking, domain, schedule, callbacks, compiles=compiles
            )
            if trainer.graphed_step and trainer.graphed_step.compiled:
                on_log({"note": "Compiling the model for this GPU: ten seconds or more, once."})
            if domain and not checkpoint:
                log.start_losses = _start_losses(plan.output_bias, trainer.eval_loss())
            # `quiet` because checkpoints are reported to lack tied weights.
            with quiet(), disk_errors_explained(output), out_of_memory():
                trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
                best_step = trainer.keep_best(start_weights) if domain else trainer.state.global_step
            break
        except torch.OutOfMemoryError as error:
            # Half the blocks at once, twice as often: the same step.
            batch, accumulate = halve_batch(batch, config, error), accumulate * 2
            checkpoint = last_checkpoint(output)
            if checkpoint is None and start_weights:
                mlm.model.load_state_dict(start_weights, strict=False)
            elif checkpoint is None and trainer.state.global_step:  # no weights to start again from
                raise TrainingError(
                    f"Memory ran out at step {trainer.state.global_step}; choose fewer blocks per step than "
                    f"{config.batch_size}, shorter ones than {config.block_size} tokens, or a smaller model."
                ) from error
            on_log(
                {
                    "note": f"Out of memory; continuing with {batch} blocks at once, {accumulate} times per step."
                }
            )
    mlm.model.eval()
    state = trainer.state
    return Trained(
        steps=state.global_step,
        planned=schedule.expected_steps(state.global_step),
        stopped=log.stopped,
        ended=_ended(trainer, log),
        best_step=best_step,
        output_bias=plan.output_bias,
        **speed(state.global_step, schedule.seconds),
        log=tuple(state.log_history),
    )


def _start_losses(output_bias: OutputBias | None, loss: float) -> tuple[float, ...]:
    """Return the eval losses before the first step: of the base model, and of the start in closed form if it moved."""
    return (output_bias.loss_before, loss) if output_bias and output_bias.strength else (loss,)


def _ended(trainer: MaskedLMTrainer, log: LogCallback) -> str:
    """Return why a run ended, in the words of Trained."""
    if log.stopped:
        return "stopped"
    # A resumed Trainer has replaced the callback that it was given by the one of the checkpoint.
    callbacks = trainer.callback_handler.callbacks
    ran_out = any(callback.ran_out for callback in callbacks if isinstance(callback, Patience))
    return "no_improvement" if ran_out else "budget"


def no_dropout(mlm: MaskedLM) -> None:
    """Switch dropout off in the modules; the config, and so the saved model, keeps its own values.

    A short run over a large corpus hardly sees a block twice, so there is nothing to overfit to.
    """
    for module in mlm.model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
        for name in ("attention_dropout", "dropout_prob"):
            if isinstance(getattr(module, name, None), float):
                setattr(module, name, 0.0)


def peak_megabytes(device: torch.device) -> float:
    """Return the most memory this process has used: on the GPU if it trains there, else main memory."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 1e6
    unit = 1e6 if sys.platform == "darwin" else 1e3  # getrusage(2): bytes there, kilobytes elsewhere
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def _arguments(
    mlm: MaskedLM,
    plan: Plan,
    config: AdaptConfig,
    output: Path,
    batch: int,
    accumulate: int,
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
        weight_decay=0.01,
        optim="adamw_torch_fused",
        use_cpu=mlm.device.type == "cpu",
        seed=config.seed,
        save_steps=evaluate_every,
        restore_callback_states_from_checkpoint=True,  # the count of Patience
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
