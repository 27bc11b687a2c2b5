"""One training run: a budget into a plan, the plan into steps, with checkpoints to go on from.

Read `train` first.
"""

import json
import resource
import shutil
import sys
import time
import zlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from transformers import EarlyStoppingCallback, PrinterCallback, TrainingArguments

from mlm_demo.adapt_config import AdaptConfig
from mlm_demo.errors import TrainingError
from mlm_demo.evaluation import freeze
from mlm_demo.loader import quiet
from mlm_demo.masked_lm import MaskedLM
from mlm_demo.packing import REPLAYED, Blocks, one_by_one, pack
from mlm_demo.plan import QUIET, Plan, half, make_masking, make_plan
from mlm_demo.run_folder import CHECKPOINTS, checkpoint_to_resume, last_checkpoint, step_of, written
from mlm_demo.trainer import MaskedLMTrainer, Watch

PLAN = "plan.json"
PATIENCE = 3  # evaluations without a better loss before a run ends early


@dataclass(frozen=True)
class Trained:
    """How a run went: steps taken of those planned, tokens of text read a second, peak memory, the log lines."""

    steps: int
    planned: int
    stopped: bool
    seconds: float
    tokens_per_second: float
    peak_megabytes: float
    log: tuple[dict, ...]


def make_blocks(mlm: MaskedLM, training: Sequence[str], replay: Sequence[str], config: AdaptConfig) -> Blocks:
    """The blocks of a run: the corpus, and the share of general text asked for."""
    size = min(config.block_size, mlm.max_tokens)
    if config.line_by_line:
        lines = [line for text in training for line in text.split("\n") if line.strip()]
        blocks = one_by_one(mlm.tokenizer, lines, size)
    else:
        blocks = pack(mlm.tokenizer, training, size)
    if not config.replay or not replay:
        return blocks
    general = pack(mlm.tokenizer, replay, size)
    wanted = round(len(blocks) * config.replay / (1 - config.replay))
    chosen = np.resize(np.random.default_rng(config.seed).permutation(len(general)), wanted)
    return Blocks(
        np.concatenate([blocks.ids, general.ids[chosen]]),
        np.concatenate([blocks.words, general.words[chosen]]),
        np.concatenate([blocks.document, np.full(wanted, REPLAYED, np.int32)]),
        blocks.pad_id,
    )


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
    """Train mlm in place, with checkpoints under output; the best on the watched text is what stays.

    watched: held-out texts for early stopping, none to go without; seconds_a_step: what a trial here gave, None to make
    one if minutes are the budget. Raises TrainingError for a loss that is NaN,
    a disk that cannot be written, or a model that does not fit the memory even one block at a time.
    """
    no_dropout(mlm)
    masking = make_masking(mlm, config)
    checkpoint = checkpoint_to_resume(output) if resume else None
    if checkpoint:
        plan = _plan_begun(output, blocks, config)
    else:
        plan = make_plan(mlm, blocks, masking, config, seconds_a_step)
        _note_plan(output, plan, blocks, config)
    frozen = freeze(mlm, watched, block_size=config.block_size, seed=config.seed) if watched else None
    frozen = frozen and frozen.first(plan.watched_blocks)
    batch, accumulate, log = config.batch_size, 1, []
    begun, start = 0, 0.0
    fresh = _weights(mlm) if mlm.device.type == "cuda" else {}
    tokens_a_step = config.batch_size * blocks.tokens / max(len(blocks), 1)

    def speed(step: int) -> dict:
        seconds = time.monotonic() - start
        return {
            "steps_taken": step - begun,
            "seconds": seconds,
            "tokens_per_second": (step - begun) * tokens_a_step / seconds,
            "peak_megabytes": peak_megabytes(mlm.device),
        }

    def tell(line: dict) -> None:
        log.append(line)
        on_progress({**line, **speed(line["step"])} if "loss" in line else line)

    while True:
        watch = Watch(tell, should_stop)
        begun, start = step_of(checkpoint) if checkpoint else 0, time.monotonic()
        try:
            arguments = _arguments(
                mlm, plan, config, output, batch, accumulate, early_stop=frozen is not None
            )
            callbacks = [watch, *([EarlyStoppingCallback(PATIENCE)] if frozen else [])]
            trainer = MaskedLMTrainer(mlm, arguments, blocks, masking, frozen, callbacks=callbacks)
            trainer.remove_callback(PrinterCallback)
            with quiet(), written(output):  # tied weights are reported as missing from each checkpoint
                trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
            break
        except torch.OutOfMemoryError as error:
            # Half as much at once, twice as often: the same step.
            batch, accumulate = half(batch, config, error), accumulate * 2
            checkpoint = last_checkpoint(output)
            if checkpoint is None and fresh:
                mlm.model.load_state_dict(fresh)
            tell({"note": f"Out of memory; going on with {batch} blocks at once, {accumulate} times a step."})
    mlm.model.eval()
    steps = trainer.state.global_step
    end = speed(steps)
    figures = (end[name] for name in ("seconds", "tokens_per_second", "peak_megabytes"))
    return Trained(steps, plan.steps, watch.stopped, *figures, tuple(log))


def _weights(mlm: MaskedLM) -> dict[str, torch.Tensor]:
    """A copy of the weights in the machine's memory: out of memory may come before the first checkpoint."""
    return {name: tensor.cpu().clone() for name, tensor in mlm.model.state_dict().items()}


def _note_plan(output: Path, plan: Plan, blocks: Blocks, config: AdaptConfig) -> None:
    """Keep beside the checkpoints what resuming has to follow."""
    with written(output):
        shutil.rmtree(output / CHECKPOINTS, ignore_errors=True)
        (output / CHECKPOINTS).mkdir(parents=True)
        noted = {"plan": asdict(plan), "settings": asdict(config), "blocks": zlib.crc32(blocks.ids.tobytes())}
        (output / CHECKPOINTS / PLAN).write_text(json.dumps(noted))


def _plan_begun(output: Path, blocks: Blocks, config: AdaptConfig) -> Plan:
    """The plan of the run that is resumed; raises TrainingError if its settings or its corpus were others."""
    noted = json.loads((output / CHECKPOINTS / PLAN).read_text())
    for name, value in asdict(config).items():
        if noted["settings"][name] != value:
            raise TrainingError(
                f"{name} is {value} now and was {noted['settings'][name]} when this run began; resume it as it was."
            )
    if noted["blocks"] != zlib.crc32(blocks.ids.tobytes()):
        raise TrainingError(
            "The corpus or the model is not what this run began with; resume it with the same files and model."
        )
    return Plan(**noted["plan"])


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
    return TrainingArguments(
        output_dir=str(output / CHECKPOINTS),
        max_steps=plan.steps,
        warmup_steps=plan.warm_up,
        per_device_train_batch_size=batch,
        gradient_accumulation_steps=accumulate,
        learning_rate=config.learning_rate,
        adam_beta2=0.98,
        weight_decay=0.01,
        optim="adamw_torch_fused",
        use_cpu=mlm.device.type == "cpu",
        seed=config.seed,
        save_steps=plan.evaluate_every,
        save_total_limit=2,
        restore_callback_states_from_checkpoint=True,  # how long early stopping has waited
        **{**QUIET, "save_strategy": "steps", "logging_steps": max(1, plan.steps // 200), **watching},
    )
