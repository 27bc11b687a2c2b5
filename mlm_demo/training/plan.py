"""What the budget of a run comes to on this machine, kept beside its checkpoints so that resuming follows it."""

import json
import math
import shutil
import tempfile
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from transformers import TrainerCallback, TrainingArguments

from mlm_demo.errors import TrainingError
from mlm_demo.models.masked_lm import MaskedLM
from mlm_demo.settings import on_zero_gpu
from mlm_demo.system.distributed import broadcast, world_size
from mlm_demo.system.memory import ran_out
from mlm_demo.training.checkpoints import CHECKPOINTS, written
from mlm_demo.training.config import SHARE_FOR_WATCHING, AdaptConfig
from mlm_demo.training.evaluation import vocabulary_ids
from mlm_demo.training.masking import Masking
from mlm_demo.training.packing import Blocks
from mlm_demo.training.schedule import TimedSchedule
from mlm_demo.training.trainer import MaskedLMTrainer

PLAN = "plan.json"
TRIAL_STEPS, COUNTED = 8, 4  # the first are slower: memory is fetched, caches are cold
TRIAL_SECONDS, FEWEST_STEPS = 10, 3  # where a step takes seconds, fewer must do
EVALUATIONS, SECONDS_BETWEEN_CHECKPOINTS = 8, 5  # on the way; these seconds at least where they are costly
# Compiling takes some ten seconds on a fast machine, and a step a fifth less time after it (docs/decisions.md).
SECONDS_TO_COMPILE_FOR, TIME_COMPILED = 120, 0.8
QUIET = {
    "save_strategy": "no",
    "report_to": "none",
    "disable_tqdm": True,
    "logging_nan_inf_filter": False,
    "remove_unused_columns": False,
    "dataloader_num_workers": 0,
}


@dataclass(frozen=True)
class Plan:
    """What a budget comes to: steps, those of them for warm-up, steps between evaluations, blocks watched at each,
    seconds as far as they are known."""

    steps: int
    warm_up: int
    evaluate_every: int
    watched_blocks: int
    seconds: float | None = None


def make_masking(mlm: MaskedLM, config: AdaptConfig) -> Masking:
    """How a run hides tokens."""
    return Masking(mlm.mask_id, vocabulary_ids(mlm), config.mlm_probability, config.whole_word, config.seed)


def make_plan(
    mlm: MaskedLM,
    blocks: Blocks,
    masking: Masking,
    config: AdaptConfig,
    seconds_a_step: float | None = None,
) -> Plan:
    """Turn the budget into steps; minutes are measured out by a trial, made here if it was not before."""
    an_epoch = max(1, math.ceil(len(blocks) / config.batch_size))
    if config.minutes is not None:
        seconds = config.minutes * 60
        a_step = seconds_a_step or trial(mlm, blocks, masking, config)
        # The schedule keeps the minutes, should compiling not come to that.
        faster = TIME_COMPILED if is_worth_compiling(mlm, seconds) else 1
        steps = max(1, int(seconds * (1 - SHARE_FOR_WATCHING) / (a_step * faster)))
        blocks_to_watch = seconds * SHARE_FOR_WATCHING / (a_step / config.batch_size) * 2
    else:
        steps = max(1, config.max_steps or round(config.epochs * an_epoch))
        seconds = steps * seconds_a_step if seconds_a_step else None
        blocks_to_watch = steps * config.batch_size * SHARE_FOR_WATCHING * 2
    evaluations = _evaluations(mlm, seconds)
    return Plan(
        steps=steps,
        warm_up=min(40, math.ceil(steps * 0.1)),
        evaluate_every=max(1, math.ceil(steps / evaluations)),
        watched_blocks=min(max(round(blocks_to_watch / evaluations), 8), 400),
        seconds=seconds,
    )


def is_worth_compiling(mlm: MaskedLM, seconds: float | None) -> bool:
    """Whether to compile for so many seconds, None if nobody knows; not where a GPU is lent for less at a time."""
    return (
        mlm.device.type == "cuda"
        and world_size() == 1
        and not on_zero_gpu()
        and (seconds or 0) >= SECONDS_TO_COMPILE_FOR
    )


def _evaluations(mlm: MaskedLM, seconds: float | None) -> int:
    """How many evaluations, each with a checkpoint: on a GPU one of these takes as long as a hundred steps."""
    if mlm.device.type != "cuda" or seconds is None:
        return EVALUATIONS
    return min(EVALUATIONS, max(1, int(seconds / SECONDS_BETWEEN_CHECKPOINTS)))


def trial(mlm: MaskedLM, blocks: Blocks, masking: Masking, config: AdaptConfig) -> float:
    """Seconds that one step takes here, by doing a few; the weights are put back.

    Raises TrainingError if not even one block at a time fits the memory.
    """
    weights = {name: tensor.clone() for name, tensor in mlm.model.state_dict().items()}
    batch = whole = min(config.batch_size, len(blocks))
    try:
        while True:
            try:
                with out_of_memory():
                    return broadcast(_seconds(mlm, blocks, masking, batch)) * whole / batch
            except torch.OutOfMemoryError as error:
                batch = halve_batch(batch, config, error)
    finally:
        mlm.model.load_state_dict(weights)
        mlm.model.eval()


def halve_batch(batch: int, config: AdaptConfig, error: torch.OutOfMemoryError) -> int:
    """How many blocks at once to try next; raises TrainingError if there was but one."""
    if batch == 1:
        raise TrainingError(
            f"The model does not fit this device's memory even with one block of {config.block_size} tokens at a time; "
            "choose shorter blocks or a smaller model."
        ) from error
    torch.cuda.empty_cache()
    return batch // 2


@contextmanager
def out_of_memory() -> Iterator[None]:
    """Within this context the machine's own memory running out is the torch.OutOfMemoryError of a GPU."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if ran_out(error) and not isinstance(error, torch.OutOfMemoryError):
            raise torch.OutOfMemoryError(str(error)) from error
        raise


def share_of_process(batch: int) -> int:
    """How many blocks of a batch each process takes; raises TrainingError if they cannot be shared out."""
    if batch % world_size():
        raise TrainingError(
            f"batch_size is {batch}; for {world_size()} processes it must be a multiple of {world_size()}."
        )
    return batch // world_size()


def _seconds(mlm: MaskedLM, blocks: Blocks, masking: Masking, batch: int) -> float:
    args = TrainingArguments(
        output_dir=tempfile.gettempdir(),
        max_steps=TRIAL_STEPS,
        per_device_train_batch_size=share_of_process(batch),
        learning_rate=1e-9,
        use_cpu=mlm.device.type == "cpu",
        **QUIET,
    )
    stopwatch = Stopwatch()
    one_device(args)
    MaskedLMTrainer(
        mlm, args, blocks, masking, None, TimedSchedule(TRIAL_STEPS, 0, None), [stopwatch]
    ).train()
    taken = np.diff(stopwatch.marks)[-COUNTED:]
    if mlm.device.type == "cuda":  # it was waited for at the ends alone
        return float(np.mean(taken))
    return float(np.median(taken))  # not moved by a step that was disturbed


class Stopwatch(TrainerCallback):
    """Notes when each step ended, and ends a trial that has taken long."""

    def __init__(self):
        self.marks: list[float] = []

    def on_step_end(self, args, state, control, model, **_):
        """End after this step if there were enough; of several processes all do, or none."""
        number = len(self.marks) + 1
        if model.device.type == "cuda" and number in (TRIAL_STEPS - COUNTED, TRIAL_STEPS):
            torch.cuda.synchronize()  # it lags behind what it has been told
        self.marks.append(time.monotonic())
        late = self.marks[-1] - self.marks[0] > TRIAL_SECONDS
        if broadcast(late) and len(self.marks) >= FEWEST_STEPS:
            control.should_training_stop = True


def one_device(args: TrainingArguments) -> None:
    """Keep a process to one GPU: Trainer would split each batch between all it sees, and the hidden positions not.

    A batch goes there while the one before is worked on: copied otherwise, it waits for that one's end.
    """
    args._n_gpu = min(args.n_gpu, 1)
    args.accelerator_config.non_blocking = args.device.type == "cuda"


def note_plan(output: Path, plan: Plan, blocks: Blocks, config: AdaptConfig) -> None:
    """Keep beside the checkpoints what resuming has to follow."""
    with written(output):
        shutil.rmtree(output / CHECKPOINTS, ignore_errors=True)
        (output / CHECKPOINTS).mkdir(parents=True)
        noted = {"plan": asdict(plan), "settings": asdict(config), "blocks": zlib.crc32(blocks.ids.tobytes())}
        (output / CHECKPOINTS / PLAN).write_text(json.dumps(noted))


def plan_begun(output: Path, blocks: Blocks, config: AdaptConfig) -> Plan:
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
