"""Fine-tune a model for a downstream task: several seeds, each trained and judged, the best of them kept.

`finetune` trains each seed from the same base on the same examples, judges it on held-out ones beside simple rules, and
writes the seed that is best on other held-out examples as an ordinary transformers folder. `result.json` is written
last: a folder that holds it is complete.
"""

import copy
import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict, fields, replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from mlm_demo.corpus.examples.split import split_examples
from mlm_demo.errors import TrainingError, shown
from mlm_demo.models.cpu.optimize import optimize_task_for_cpu
from mlm_demo.models.masked_lm import MaskedLM
from mlm_demo.models.task_loader import with_head
from mlm_demo.models.task_model import TaskModel
from mlm_demo.system.distributed import is_main_process
from mlm_demo.system.files import read, write
from mlm_demo.training.adapt import versions
from mlm_demo.training.checkpoints import (
    CHECKPOINTS,
    SEEDS,
    claimed,
    disk_errors_explained,
    published,
    remove_leftovers,
)
from mlm_demo.training.curve import curve_svg
from mlm_demo.training.downstream.config import HALF, FinetuneConfig
from mlm_demo.training.downstream.judging import metric_rows
from mlm_demo.training.downstream.model_card import model_card
from mlm_demo.training.downstream.result import BEFORE, ExampleFacts, FinetuneResult, SeedResult
from mlm_demo.training.downstream.task import Calibration, DownstreamTask, Scores
from mlm_demo.training.downstream.train import checksum_of, train_task
from mlm_demo.training.loop import Trained
from mlm_demo.training.phase import Phase
from mlm_demo.training.plan import check_same, drop_checkpoints_of_another_seed, in_common
from mlm_demo.training.result import RESULT, Training, build

CURVE = "curve.json"  # of the best model, in its folder
BEST = "best"  # under SEEDS: the best model so far
MOST_SPECIAL = 4  # special tokens around a question and a text


def finetune(
    base: MaskedLM | TaskModel,
    task: DownstreamTask,
    training: Sequence[Any],
    held_out: Sequence[Any],
    config: FinetuneConfig,
    output: Path,
    *,
    sha256: str = "",
    lineage: Mapping[str, Any] = MappingProxyType({}),
    resume: bool = False,
    on_progress: Callable[[dict], None] = lambda line: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> FinetuneResult:
    """Fine-tune copies of base and write the best with its result to the folder output.

    training, held_out: examples of the task, of different articles; sha256: of the files they are from; lineage: of the
    base, as `lineage_of` returns it, for the card. A base that was taught this task is judged too. on_progress gets a
    dict for each log line (`seed`, `step`, `of`, `loss`, …) and each stage (`stage`). A run that is stopped keeps the
    finished seeds, and its checkpoints for a resume; if its first seed was stopped, that one is judged as it is.
    Raises TrainingError, ModelError.
    """
    with claimed(output, resume) if is_main_process() else nullcontext():
        training, held_out = (_readable(part, base, on_progress) for part in (training, held_out))
        if not training or len(held_out) < 2:
            raise TrainingError(
                "Too few examples have a question that is short enough; shorten the questions."
            )
        choosing, judging = split_examples(held_out, config.seed, HALF)
        # Not what judges: there the figures are those that others report for the same examples.
        choosing = task.completed(choosing, config.seed)
        training = _completed(training, task, config.seed, on_progress)
        on_progress({"phase": Phase.BEFORE, "stage": "judging simple rules"})
        rules = task.baselines(training, judging)
        if isinstance(base, TaskModel) and base.task == task.name:
            on_progress({"stage": "judging the model before"})
            # With a threshold for these examples, as the new model has.
            _, _, rules[BEFORE] = _scored(base, task, choosing, judging)
        one_seed = replace(config, minutes=config.minutes and config.minutes / config.seeds, seeds=1)
        results: list[SeedResult] = []
        stopped = False
        checksum = checksum_of(training)
        for seed in range(config.seed, config.seed + config.seeds):
            kept = _read_seed(output, seed, replace(one_seed, seed=seed), checksum)
            if kept:
                results.append(kept)
                continue
            if stopped or (results and should_stop()):
                stopped = True
                break
            title = f"seed {seed - config.seed + 1} of {config.seeds}"
            on_progress({"phase": Phase.TRAIN, "stage": f"training, {title}"})
            before, after = [one.training.seconds for one in results], config.seed + config.seeds - seed - 1
            model = with_head(base, task.name, seed=seed)
            if is_main_process():
                drop_checkpoints_of_another_seed(output, seed)
            trained = train_task(
                model,
                task,
                training,
                choosing,
                replace(one_seed, seed=seed),
                output,
                on_progress=partial(_pass_on, on_progress, seed, sum(before), after),
                should_stop=should_stop,
            )
            stopped = trained.stopped
            if stopped and results:
                break
            on_progress({"phase": Phase.AFTER, "stage": f"judging, {title}"})
            result = _judge(model, task, choosing, judging, seed, trained)
            results.append(result)
            if is_main_process():
                if result is _best(results, task):
                    _keep_best(model, output, trained)
                if not stopped:
                    _keep_seed(output, result, replace(one_seed, seed=seed), checksum)
        best = _best(results, task)
        outcome = FinetuneResult(
            task=task.name,
            base={**base.describe(), **lineage},
            config=asdict(config),
            examples=ExampleFacts(
                sha256=sha256,
                training=len(training),
                choosing=len(choosing),
                judging=len(judging),
                groups=len({example.group for example in [*training, *held_out]}),
            ),
            seeds=tuple(results),
            seed=best.seed,
            rows=metric_rows(task, results[0].groups, [seed.values for seed in results], rules),
            stopped=stopped,
            curve=_curve_of_best(output) if is_main_process() else (),
            versions=versions(),
        )
        on_progress({"stage": "saving the model"})
        if is_main_process():
            _save(outcome, output, keep_checkpoints=stopped)
        return outcome


def _completed(
    examples: Sequence[Any], task: DownstreamTask, seed: int, on_progress: Callable[[dict], None]
) -> list[Any]:
    """Return examples with what the task needs of them, and tell how many that are."""
    found = task.completed(examples, seed)
    if added := len(found) - len(examples):
        on_progress(
            {
                "note": f"Nearly every text answers its question, so {added:,} of the questions are asked of other "
                "texts too, to learn when to say nothing."
            }
        )
    return found


def _readable(
    examples: Sequence[Any], base: MaskedLM | TaskModel, on_progress: Callable[[dict], None]
) -> list[Any]:
    """Return the examples whose question leaves half of the model's input to the text; name the others."""
    most = min(FinetuneConfig.length, base.max_tokens) // 2 - MOST_SPECIAL
    long = {
        q
        for q in {example.question for example in examples}
        if len(q) > most and len(base.encode(q).ids) > most
    }
    if long:
        first = shown(min(long))
        on_progress(
            {
                "note": f"{len(long):,} of the questions, such as {first}, are longer than {most} tokens, which "
                "leaves no room for a text, so their examples are left out."
            }
        )
    return [example for example in examples if example.question not in long]


def _pass_on(
    on_progress: Callable[[dict], None], seed: int, seconds_before: float, seeds_after: int, line: dict
) -> None:
    """Pass on a log line of one seed with the time of all: those before it, and as much again for each to come."""
    if "seconds_left" in line:
        of_one = line["seconds"] + line["seconds_left"]
        line = {
            **line,
            "seconds": line["seconds"] + seconds_before,
            "seconds_left": line["seconds_left"] + seeds_after * of_one,
        }
    on_progress({"seed": seed, **line})


def _judge(
    model: TaskModel,
    task: DownstreamTask,
    choosing: Sequence[Any],
    judging: Sequence[Any],
    seed: int,
    trained: Trained,
) -> SeedResult:
    calibration, chosen_by, judged = _scored(model, task, choosing, judging)
    model.model.config.answer_threshold = calibration.threshold
    model.model.config.answer_precision = calibration.precision
    return SeedResult(
        seed=seed,
        threshold=calibration.threshold,
        precision=calibration.precision,
        choosing=_means(chosen_by),
        judging=_means(judged),
        groups=judged.groups,
        values={name: tuple(map(float, values)) for name, values in judged.values.items()},
        training=Training(**{item.name: getattr(trained, item.name) for item in fields(Training)}),
    )


def _scored(
    model: TaskModel, task: DownstreamTask, choosing: Sequence[Any], judging: Sequence[Any]
) -> tuple[Calibration, Scores, Scores]:
    """Return the threshold that is best on the choosing examples, and how the model does on both parts with it."""
    fast = copy.deepcopy(model)  # its layers are replaced
    optimize_task_for_cpu(fast)
    chosen, judged = (task.predict(fast, part) for part in (choosing, judging))
    calibration = task.calibrate(chosen, choosing)
    return (
        calibration,
        task.evaluate(chosen, choosing, calibration.threshold),
        task.evaluate(judged, judging, calibration.threshold),
    )


def _means(scores: Scores) -> dict[str, float]:
    """Return the mean of each metric over the examples that have a value of it; none for a metric without any."""
    return {
        name: float(np.nanmean(values))
        for name, values in scores.values.items()
        if not np.isnan(values).all()
    }


def _best(results: Sequence[SeedResult], task: DownstreamTask) -> SeedResult:
    """Return the seed with the best value of the most important metric that the choosing examples have."""
    return max(results, key=lambda result: [result.choosing.get(metric, 0.0) for metric in task.metrics])


def _keep_best(model: TaskModel, output: Path, trained: Trained) -> None:
    """Write the model of a seed that is the best so far."""
    with disk_errors_explained(output):
        part = output / SEEDS / ".part"
        shutil.rmtree(part, ignore_errors=True)
        model.model.save_pretrained(part)
        model.tokenizer.save_pretrained(part)
        write(part / CURVE, [line for line in trained.log if "loss" in line or "eval_loss" in line])
        shutil.rmtree(output / SEEDS / BEST, ignore_errors=True)
        os.replace(part, output / SEEDS / BEST)


def _keep_seed(output: Path, result: SeedResult, config: FinetuneConfig, checksum: int) -> None:
    """Write the scores of a finished seed, and what a resume has to have in common with it; it needs no checkpoints."""
    with disk_errors_explained(output):
        write(_seed_file(output, result.seed), {**asdict(result), **in_common(checksum, config)})
        shutil.rmtree(output / CHECKPOINTS, ignore_errors=True)


def _curve_of_best(output: Path) -> tuple[dict, ...]:
    return tuple(json.loads((output / SEEDS / BEST / CURVE).read_text(encoding="utf-8")))


def _read_seed(output: Path, seed: int, config: FinetuneConfig, checksum: int) -> SeedResult | None:
    """Return the scores of a seed that is finished; raise TrainingError if it had other options or examples."""
    saved = read(_seed_file(output, seed))
    if "settings" in saved:  # which an older version did not write
        check_same(saved, checksum, config)
    return build(SeedResult, saved) if saved else None


def _seed_file(output: Path, seed: int) -> Path:
    return output / SEEDS / f"{seed}.json"


def _save(result: FinetuneResult, output: Path, *, keep_checkpoints: bool) -> None:
    """Write model, tokenizer, card, curve and result; each file appears whole, the result last."""
    with published(output) as part:
        shutil.copytree(output / SEEDS / BEST, part, dirs_exist_ok=True)
        (part / CURVE).unlink()
        (part / "README.md").write_text(model_card(result), encoding="utf-8")
        (part / "curve.svg").write_text(curve_svg(result.curve, per="question"), encoding="utf-8")
        text = json.dumps(result.to_json(), ensure_ascii=False, indent=1)
        (part / RESULT).write_text(text, encoding="utf-8")
    if not keep_checkpoints:
        remove_leftovers(output)
