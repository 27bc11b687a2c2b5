"""The plan of a run: its budget in steps on this machine, saved beside the checkpoints for a resume."""

import math
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import torch

from mlm_demo.errors import TrainingError
from mlm_demo.settings import on_zero_gpu
from mlm_demo.system.distributed import world_size
from mlm_demo.system.files import read, write
from mlm_demo.training.checkpoints import CHECKPOINTS, disk_errors_explained
from mlm_demo.training.config import EVALUATION_SHARE, steps_of_epochs
from mlm_demo.training.result import OutputBias

PLAN = "plan.json"
# During training; at least this many seconds apart where a checkpoint is costly.
EVALUATIONS, SECONDS_BETWEEN_CHECKPOINTS = 8, 5
# Compiling takes some ten seconds on a fast machine and makes steps a fifth shorter (docs/decisions/speed.md).
SECONDS_TO_COMPILE_FOR, TIME_COMPILED = 120, 0.8


class BudgetConfig(Protocol):
    """The budget of a run, one of three, and its batch size; a dataclass."""

    minutes: float | None
    max_steps: int | None
    epochs: float | None
    batch_size: int


@dataclass(frozen=True)
class Plan:
    """A budget in steps.

    warm_up: how many of the steps warm up; evaluate_every: steps between evaluations; eval_blocks: blocks, or other
    items, in each evaluation; seconds: the expected duration, None if unknown; output_bias: the start before the
    first step.
    """

    steps: int
    warm_up: int
    evaluate_every: int
    eval_blocks: int
    seconds: float | None = None
    output_bias: OutputBias | None = None

    def to_json(self) -> dict:
        """Return the plan as plan.json holds it."""
        values = asdict(self)
        return {"watched_blocks" if name == "eval_blocks" else name: value for name, value in values.items()}

    @classmethod
    def from_json(cls, values: dict) -> "Plan":
        """Read what to_json returned, which has kept the names of the first version."""
        plan = {"eval_blocks" if name == "watched_blocks" else name: v for name, v in values.items()}
        start = plan.pop("output_bias", None)  # the first version had none
        return cls(**plan, output_bias=OutputBias(**start) if start else None)


def make_plan(items: int, config: BudgetConfig, device: torch.device, step_time: float | None = None) -> Plan:
    """Turn the budget into steps over a number of items, such as blocks.

    step_time: seconds per step; needed if the budget is in minutes.
    """
    if config.minutes is not None:
        seconds = config.minutes * 60
        # If compiling saves less than this, the schedule still keeps to the minutes.
        faster = TIME_COMPILED if is_worth_compiling(device, seconds) else 1
        steps = max(1, int(seconds * (1 - EVALUATION_SHARE) / (step_time * faster)))
        eval_blocks = seconds * EVALUATION_SHARE / (step_time / config.batch_size) * 2
    else:
        steps = config.max_steps or steps_of_epochs(config.epochs, items, config.batch_size)
        seconds = steps * step_time if step_time else None
        eval_blocks = steps * config.batch_size * EVALUATION_SHARE * 2
    evaluations = _evaluations(device, seconds)
    return Plan(
        steps=steps,
        warm_up=min(40, math.ceil(steps * 0.1)),
        evaluate_every=max(1, math.ceil(steps / evaluations)),
        eval_blocks=min(max(round(eval_blocks / evaluations), 8), 400),
        seconds=seconds,
    )


def is_worth_compiling(device: torch.device, seconds: float | None) -> bool:
    """Return whether a run of `seconds` (None if unknown) earns back the time that compiling takes.

    Not on ZeroGPU, which lends a GPU for less than that at a time.
    """
    return (
        device.type == "cuda"
        and world_size() == 1
        and not on_zero_gpu()
        and (seconds or 0) >= SECONDS_TO_COMPILE_FOR
    )


def _evaluations(device: torch.device, seconds: float | None) -> int:
    """Return how many evaluations to make; each writes a checkpoint, which on a GPU costs as much as 100 steps."""
    if device.type != "cuda" or seconds is None:
        return EVALUATIONS
    return min(EVALUATIONS, max(1, int(seconds / SECONDS_BETWEEN_CHECKPOINTS)))


def save_plan(output: Path, plan: Plan, checksum: int, config: BudgetConfig) -> None:
    """Create an empty folder of checkpoints with the plan, which a resume has to follow.

    checksum: of the training data.
    """
    with disk_errors_explained(output):
        shutil.rmtree(output / CHECKPOINTS, ignore_errors=True)
        (output / CHECKPOINTS).mkdir(parents=True)
        write(output / CHECKPOINTS / PLAN, {"plan": plan.to_json(), **in_common(checksum, config)})


def in_common(checksum: int, config: BudgetConfig) -> dict:
    """Return what a run and its resume have to have in common, for `check_same`."""
    return {"settings": asdict(config), "blocks": checksum}


def load_plan(output: Path, checksum: int, config: BudgetConfig) -> Plan:
    """Return the plan of the run to resume; raise TrainingError if its options or its corpus differ."""
    saved = read(output / CHECKPOINTS / PLAN)
    check_same(saved, checksum, config)
    return Plan.from_json(saved["plan"])


def check_same(saved: Mapping[str, Any], checksum: int, config: BudgetConfig) -> None:
    """Raise TrainingError if options or corpus are not those that a run saved with `in_common`."""
    for name, value in asdict(config).items():
        before = saved["settings"].get(name, value)  # an older version may not have had the option
        if before != value:
            raise TrainingError(
                f"{name} is {value} now and was {before} when this run started; resume it with "
                "the same options."
            )
    if saved["blocks"] != checksum:
        raise TrainingError(
            "The corpus or the model is not the one this run started with; resume it with the same files and model."
        )


def drop_checkpoints_of_another_seed(output: Path, seed: int) -> None:
    """Remove checkpoints that a run with several seeds could not remove before it was killed."""
    folder = output / CHECKPOINTS
    if folder.exists() and read(folder / PLAN).get("settings", {}).get("seed") != seed:
        shutil.rmtree(folder)
