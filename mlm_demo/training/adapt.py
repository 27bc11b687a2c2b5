"""Domain-adaptive pre-training: from a corpus to an adapted and evaluated model.

`adapt` evaluates the model, trains it on the corpus, evaluates it again on the same questions at several shares between
base and adapted weights, and writes the best of these as an ordinary transformers folder with all metrics in it.
`result.json` is written last: a folder that holds it is complete.
"""

import json
import os
import platform
import shutil
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import asdict, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any

import tokenizers
import torch
import transformers

from mlm_demo import __version__
from mlm_demo.corpus.corpus import Corpus
from mlm_demo.models.masked_lm import MaskedLM
from mlm_demo.system.distributed import broadcast, is_main_process
from mlm_demo.training.checkpoints import CHECKPOINTS, claimed, published
from mlm_demo.training.config import AdaptConfig
from mlm_demo.training.curve import curve_svg
from mlm_demo.training.dataset import general_texts, make_blocks
from mlm_demo.training.interpolation import SHARES, Interpolation, copy_weights
from mlm_demo.training.judge import Judge, choose_share
from mlm_demo.training.loop import Trained
from mlm_demo.training.model_card import model_card
from mlm_demo.training.packing import Blocks
from mlm_demo.training.phase import Phase
from mlm_demo.training.result import CHANGE, RESULT, WEIGHTS, AdaptationResult, CorpusFacts, Point, Training
from mlm_demo.training.train import train


def adapt(
    mlm: MaskedLM,
    corpus: Corpus,
    config: AdaptConfig,
    output: Path,
    *,
    resume: bool = False,
    blocks: Blocks | None = None,
    step_time: float | None = None,
    lineage: Mapping[str, Any] = MappingProxyType({}),
    on_progress: Callable[[dict], None] = lambda line: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> AdaptationResult:
    """Adapt mlm (in place) to a corpus and write it with its result to the folder output.

    blocks and step_time: from a report made before, None to make and measure them here. lineage: of the base model, as
    `lineage_of` returns it, for the card. on_progress gets a dict for each log line (`step`, `of`, `loss`, …) and each
    stage (`stage`, and the `phase` that it begins or belongs to); when training begins and at each evaluation it holds
    the answers to a few questions of the exam (`followed`). A run that is stopped keeps and evaluates its best weights
    until then, and its checkpoints for a resume. Raise TrainingError, CorpusError.
    """
    with claimed(output, resume) if is_main_process() else nullcontext("") as damage:
        if damage:
            on_progress({"note": damage})
        blocks = blocks or make_blocks(mlm, corpus.training, general_texts()[0], config)
        on_progress({"phase": Phase.BEFORE, "stage": "evaluating the base model"})
        base, base_weights = {**mlm.describe(), **lineage}, copy_weights(mlm.model)
        judge = Judge(mlm, corpus, config)
        on_progress({"phase": Phase.TRAIN, "stage": "training", "followed": judge.answer_probes()})

        def on_line(line: dict) -> None:
            on_progress({**line, "followed": judge.answer_probes()} if "eval_loss" in line else line)

        trained = train(
            mlm,
            blocks,
            judge.choosing,
            config,
            output,
            resume=resume,
            step_time=step_time,
            on_progress=on_line,
            should_stop=should_stop,
        )
        interpolation = Interpolation(mlm.model, base_weights)
        share, points = _measure_shares(interpolation, judge, on_progress)
        interpolation.move_to(share)
        on_progress({"stage": "saving the model", "followed": judge.answer_probes()})
        result = AdaptationResult(
            base=base,
            config=asdict(config),
            corpus=facts_of(corpus, blocks),
            figures=points[-1].figures,
            exam=points[-1].exam,
            training=summary_of(trained),
            curve=tuple(line for line in trained.log if "loss" in line or "eval_loss" in line),
            versions=versions(),
            points=points,
        ).at(share)
        if is_main_process():
            save(mlm, interpolation, result, output, keep_checkpoints=trained.stopped)
        return result


def _measure_shares(
    interpolation: Interpolation, judge: Judge, on_progress: Callable[[dict], None]
) -> tuple[float, tuple[Point, ...]]:
    """Evaluate the model at SHARES; return the share to keep, and a point for each. Leaves the model at the last."""
    losses, points = {}, []
    for number, share in enumerate(SHARES, 1):
        stage = f"evaluating the adapted model, {number} of {len(SHARES)}"
        on_progress({"phase": Phase.AFTER, "stage": stage, "done": (number - 1) / len(SHARES)})
        interpolation.move_to(share)
        losses[share] = judge.choosing_losses()
        points.append(judge.point(share, judge.evaluate() if share else judge.before))
    return broadcast(choose_share(losses)), tuple(points)


def facts_of(corpus: Corpus, blocks: Blocks) -> CorpusFacts:
    """Return what a run is trained and evaluated on."""
    return CorpusFacts(
        sha256=corpus.sha256,
        documents=corpus.counts.documents,
        words=corpus.counts.words,
        training_documents=len(corpus.training),
        held_out_documents=len(corpus.held_out),
        tokens=blocks.of_documents().tokens,
        on_both_sides=corpus.on_both_sides,
        shared_share=corpus.shared_share,
    )


def summary_of(trained: Trained) -> Training:
    """Return how training went without its log."""
    return Training(**{item.name: getattr(trained, item.name) for item in fields(Training)})


def versions() -> dict[str, str]:
    """Return the versions of the software that a result depends on."""
    return {
        "mlm_demo": __version__,
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "tokenizers": tokenizers.__version__,
        "python": platform.python_version(),
    }


def save(
    mlm: MaskedLM,
    interpolation: Interpolation,
    result: AdaptationResult,
    output: Path,
    *,
    keep_checkpoints: bool,
) -> None:
    """Write model, its change, tokenizer, card, curve and result; each file appears whole, the result last."""
    with published(output) as part:
        interpolation.save_change(part / "change")
        os.replace(part / "change" / WEIGHTS, part / CHANGE)
        shutil.rmtree(part / "change")
        mlm.model.save_pretrained(part)
        mlm.tokenizer.save_pretrained(part)
        text = json.dumps(result.to_json(), ensure_ascii=False, indent=1)
        (part / "README.md").write_text(model_card(result, mlm.mask_token), encoding="utf-8")
        (part / "curve.svg").write_text(curve_svg(result.curve), encoding="utf-8")
        (part / RESULT).write_text(text, encoding="utf-8")
    if not keep_checkpoints:
        shutil.rmtree(output / CHECKPOINTS, ignore_errors=True)
