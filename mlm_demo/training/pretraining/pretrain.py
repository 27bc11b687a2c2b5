"""Train a masked language model from random weights: judge, train, judge, save.

The steps are those of an adaptation (`training/train.py`). There is no base model: a run begins with the
frequencies and the neighbors of the corpus's tokens (`start.py`), keeps its best step, and is judged beside the
frequencies.
`result.json` is written last: a folder that holds it is complete.
"""

import json
import shutil
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path

from mlm_demo.corpus.corpus import Corpus
from mlm_demo.models.masked_lm import MaskedLM
from mlm_demo.system.distributed import is_main_process
from mlm_demo.training.adapt import facts_of, summary_of, versions
from mlm_demo.training.checkpoints import CHECKPOINTS, claimed, published
from mlm_demo.training.curve import curve_svg
from mlm_demo.training.packing import Blocks
from mlm_demo.training.phase import Phase
from mlm_demo.training.pretraining.config import PretrainConfig
from mlm_demo.training.pretraining.judge import PretrainJudge
from mlm_demo.training.pretraining.model_card import model_card
from mlm_demo.training.pretraining.result import PretrainResult
from mlm_demo.training.pretraining.start import start_in_closed_form
from mlm_demo.training.result import RESULT
from mlm_demo.training.train import train


def pretrain(
    mlm: MaskedLM,
    corpus: Corpus,
    config: PretrainConfig,
    output: Path,
    *,
    blocks: Blocks,
    step_time: float | None = None,
    resume: bool = False,
    on_progress: Callable[[dict], None] = lambda line: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> PretrainResult:
    """Train mlm (in place), which has random weights, and write it with its result to the folder output.

    blocks, step_time: of the corpus, and the seconds of a step, None to measure it here. on_progress, should_stop and
    errors are as in `adapt.adapt`.
    """
    with claimed(output, resume) if is_main_process() else nullcontext("") as damage:
        if damage:
            on_progress({"note": damage})
        on_progress({"phase": Phase.BEFORE, "stage": "counting tokens and writing questions"})
        start_in_closed_form(mlm, blocks, config.seed)  # also of a resumed run, which is compared with it
        judge = PretrainJudge(mlm, corpus, blocks, config)
        on_progress({"phase": Phase.TRAIN, "stage": "training", "followed": judge.answer_probes()})

        def on_line(line: dict) -> None:
            on_progress({**line, "followed": judge.answer_probes()} if "eval_loss" in line else line)

        trained = train(
            mlm,
            blocks,
            (judge.choosing, None),
            config,
            output,
            resume=resume,
            step_time=step_time,
            on_progress=on_line,
            should_stop=should_stop,
        )
        on_progress({"phase": Phase.AFTER, "stage": "judging the model"})
        result = PretrainResult(
            model=mlm.describe(),
            config=asdict(config),
            corpus=facts_of(corpus, blocks),
            figures=judge.figures(),
            guesses=judge.guesses(),
            training=summary_of(trained),
            curve=tuple(line for line in trained.log if "loss" in line or "eval_loss" in line),
            versions=versions(),
        )
        on_progress({"stage": "saving the model", "followed": judge.answer_probes()})
        if is_main_process():
            _save(mlm, result, output, keep_checkpoints=trained.stopped)
        return result


def _save(mlm: MaskedLM, result: PretrainResult, output: Path, *, keep_checkpoints: bool) -> None:
    """Write model, tokenizer, card, curve and result; each file appears whole, the result last."""
    with published(output) as part:
        mlm.model.save_pretrained(part)
        mlm.tokenizer.save_pretrained(part)
        (part / "README.md").write_text(model_card(result), encoding="utf-8")
        (part / "curve.svg").write_text(curve_svg(result.curve), encoding="utf-8")
        text = json.dumps(result.to_json(), ensure_ascii=False, indent=1)
        (part / RESULT).write_text(text, encoding="utf-8")
    if not keep_checkpoints:
        shutil.rmtree(output / CHECKPOINTS, ignore_errors=True)
