"""One training run: a budget into a plan, the plan into steps, with checkpoints to go on from.

Read `train` first.
"""

import resource
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from transformers import TrainingArguments

from mlm_demo.errors import TrainingError
from mlm_demo.models.loader import quiet
from mlm_demo.models.masked_lm import MaskedLM
from mlm_demo.system.distributed import broadcast, is_main_process
from mlm_demo.training.checkpoints import CHECKPOINTS, checkpoint_to_resume, last_checkpoint, step_of, written
from mlm_demo.training.config import AdaptConfig
from mlm_demo.training.ending import PATIENCE
from mlm_demo.training.evaluation import MaskedEvalSet
from mlm_demo.training.masking import make_masking
from mlm_demo.training.packing import Blocks
from mlm_demo.training.plan import (
    QUIET,
    Plan,
    halve_batch,
    is_worth_compiling,
    make_plan,
    note_plan,
    one_device,
    out_of_memory,
    plan_begun,
    share_of_process,
)
from mlm_demo.training.schedule import TimedSchedule
from mlm_demo.training.trainer import MaskedLMTrainer, Patience, Watch


@dataclass(frozen=True)
class Trained:
    """How a run went, legs before a resume included: steps taken of those planned, why it ended (`stopped` by somebody,
    `no_improvement` of its eval loss, its `budget`), the step of the weights that were kept (0: the base's), tokens of
    text read a second, peak memory, the log lines with `step`, `seconds` and `loss` or `eval_loss`."""

    steps: int
    planned: int
    stopped: bool
    ended: str
    best_step: int
    seconds: float
    tokens_per_second: float
    peak_megabytes: float
    log: tuple[dict, ...]


def train(
    mlm: MaskedLM,
    blocks: Blocks,
    watched: Sequence[str],
    config: AdaptConfig,
    output: Path,
    *,
    resume: bool = False,
    seconds_a_step: float | None = None,
    on_progress: Callable[[dict], None] = lambda line: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Trained:
    """Train mlm in place, with checkpoints under output; the weights that do best on the watched text stay.

    watched: held-out texts for early stopping, none to go without (the best of the base and at most eight evaluations
    is picked by them, so they flatter the result by that much); seconds_a_step: what a trial here gave, None to make
    one if minutes are the budget. Raises TrainingError for a loss that is NaN, a disk that cannot be written, or a
    model that does not fit the memory even one block at a time.
    """
    no_dropout(mlm)
    masking = make_masking(mlm, config)
    checkpoint = checkpoint_to_resume(output) if resume else None
    if checkpoint:
        plan = plan_begun(output, blocks, config)
    else:
        plan = broadcast(make_plan(mlm, blocks, masking, config, seconds_a_step))
        if is_main_process():
            note_plan(output, plan, blocks, config)
    frozen = (
        MaskedEvalSet.of(mlm, watched, block_size=config.block_size, seed=config.seed) if watched else None
    )
    frozen = frozen and frozen.first(plan.watched_blocks)
    batch, accumulate = config.batch_size, 1
    fresh = _weights(mlm) if frozen or mlm.device.type == "cuda" else {}
    done = step_of(checkpoint) / plan.steps if checkpoint else 0
    compiles = is_worth_compiling(mlm, plan.seconds and plan.seconds * (1 - done))
    tokens_a_step = config.batch_size * blocks.tokens / max(len(blocks), 1)

    def speed(step: int, seconds: float) -> dict:
        return {
            "seconds": seconds,
            "tokens_per_second": step * tokens_a_step / seconds,
            "peak_megabytes": peak_megabytes(mlm.device),
        }

    def tell(line: dict) -> None:
        if "loss" in line:
            line |= {
                "seconds_left": schedule.seconds_left(line["step"]),
                **speed(line["step"], schedule.seconds),
            }
        on_progress(line)

    while True:
        schedule = TimedSchedule(plan.steps, plan.warm_up, config.minutes and config.minutes * 60)
        watch = Watch(tell, should_stop)
        try:
            arguments = _arguments(
                mlm, plan, config, output, batch, accumulate, early_stop=frozen is not None
            )
            callbacks = [watch, *([Patience(PATIENCE)] if frozen else [])]
            trainer = MaskedLMTrainer(
                mlm, arguments, blocks, masking, frozen, schedule, callbacks, compiles=compiles
            )
            if trainer.graphed_step and trainer.graphed_step.compiled:
                tell({"note": "Compiling the model for this GPU: ten seconds or more, once."})
            if frozen and not checkpoint:
                watch.begin_with = trainer.eval_loss()
            # Tied weights are reported as missing from each checkpoint.
            with quiet(), written(output), out_of_memory():
                trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
                best_step = trainer.keep_best(fresh) if frozen else trainer.state.global_step
            break
        except torch.OutOfMemoryError as error:
            # Half as much at once, twice as often: the same step.
            batch, accumulate = halve_batch(batch, config, error), accumulate * 2
            checkpoint = last_checkpoint(output)
            if checkpoint is None and fresh:
                mlm.model.load_state_dict(fresh, strict=False)
            elif checkpoint is None and trainer.state.global_step:  # no weights to begin with again
                raise TrainingError(
                    f"This machine's memory was used up at step {trainer.state.global_step}; choose fewer blocks a "
                    f"step than {config.batch_size}, shorter ones than {config.block_size} tokens, or a smaller model."
                ) from error
            tell({"note": f"Out of memory; going on with {batch} blocks at once, {accumulate} times a step."})
    mlm.model.eval()
    state = trainer.state
    return Trained(
        steps=state.global_step,
        planned=plan.steps,
        stopped=watch.stopped,
        ended=_ended(trainer, watch),
        best_step=best_step,
        **speed(state.global_step, schedule.seconds),
        log=tuple(state.log_history),
    )


def _ended(trainer: MaskedLMTrainer, watch: Watch) -> str:
    """Why a run ended, as Trained has it."""
    if watch.stopped:
        return "stopped"
    # A resumed Trainer has exchanged the callback that it was given for the one of the checkpoint.
    callbacks = trainer.callback_handler.callbacks
    ran_out = any(callback.ran_out for callback in callbacks if isinstance(callback, Patience))
    return "no_improvement" if ran_out else "budget"


def _weights(mlm: MaskedLM) -> dict[str, torch.Tensor]:
    """Copy the weights to the machine's memory, for a run that improves nothing, or is out of memory before its first
    checkpoint. A trial holds such a copy too, so it fits where the trial did.
    """
    return {name: weight.detach().cpu().clone() for name, weight in mlm.model.named_parameters()}


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
    """The most memory this process has held: of the GPU if it works there, else of the machine's."""
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
    early_stop: bool,
) -> TrainingArguments:
    watching = {}
    if early_stop:
        watching = {
            "eval_strategy": "steps",
            "eval_steps": plan.evaluate_every,
            "load_best_model_at_end": True,
            "metric_for_best_model": "eval_loss",
            "greater_is_better": False,
        }
    arguments = TrainingArguments(
        output_dir=str(output / CHECKPOINTS),
        max_steps=plan.steps,
        per_device_train_batch_size=share_of_process(batch),
        gradient_accumulation_steps=accumulate,
        learning_rate=config.learning_rate,
        warmup_steps=plan.warm_up,  # for Patience; the rate is the schedule's
        adam_beta2=0.98,
        weight_decay=0.01,
        optim="adamw_torch_fused",
        use_cpu=mlm.device.type == "cpu",
        seed=config.seed,
        save_steps=plan.evaluate_every,
        restore_callback_states_from_checkpoint=True,  # how long early stopping has waited
        logging_first_step=True,  # whoever looks on sees that it goes, long before a 200th of a long run is done
        **{**QUIET, "save_strategy": "steps", "logging_steps": max(1, plan.steps // 200), **watching},
    )
    one_device(arguments)
    return arguments
