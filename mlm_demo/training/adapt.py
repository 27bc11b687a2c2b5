"""Domain-adaptive pre-training, from a corpus to a model that has been judged.

`adapt` judges the model, trains it on the corpus, judges it again on the same questions, and leaves an ordinary
transformers folder with all figures beside it. `result.json` is written last: where it is, the run is complete.
"""

import json
import os
import platform
import shutil
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path

import tokenizers
import torch
import transformers

from mlm_demo import __version__
from mlm_demo.corpus.corpus import Corpus
from mlm_demo.models.masked_lm import MaskedLM
from mlm_demo.system.distributed import is_main_process
from mlm_demo.training.checkpoints import CHECKPOINTS, RESULT, claimed, written
from mlm_demo.training.cloze import Graded, Question, set_exam, share_within, sit_exam
from mlm_demo.training.config import AdaptConfig
from mlm_demo.training.curve import curve_svg
from mlm_demo.training.dataset import general_texts, make_blocks
from mlm_demo.training.evaluation import (
    DocumentSums,
    MaskedEvalSet,
    compute_change,
    compute_metrics,
    sum_by_document,
)
from mlm_demo.training.model_card import model_card
from mlm_demo.training.packing import Blocks
from mlm_demo.training.train import train

FOLLOWED, FOLLOWED_RANK = 3, 200


@dataclass(frozen=True)
class Evaluated:
    """One model's answers: on the held-out text of the domain, on general text, in the cloze exam."""

    domain: DocumentSums
    general: DocumentSums
    exam: list[Graded]


def adapt(
    mlm: MaskedLM,
    corpus: Corpus,
    config: AdaptConfig,
    output: Path,
    *,
    resume: bool = False,
    blocks: Blocks | None = None,
    seconds_a_step: float | None = None,
    on_progress: Callable[[dict], None] = lambda line: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> dict:
    """Adapt mlm (in place) to a corpus and write the result to the folder output; returns what result.json holds.

    blocks and seconds_a_step are those of a report made before, None to make and measure them here.
    on_progress gets a dict for each log line (`step`, `of`, `loss`, …) and each stage (`stage`), with the answers to a
    few questions of the exam (`followed`) when training begins and at each evaluation. Stopped early, the best
    weights until then are kept and judged, and the checkpoints stay for resuming. Raises TrainingError, CorpusError.
    """
    with claimed(output, resume) if is_main_process() else nullcontext():
        replay, general = general_texts()
        blocks = blocks or make_blocks(mlm, corpus.training, replay, config)
        frozen = [
            MaskedEvalSet.of(mlm, texts, block_size=config.block_size, seed=config.seed)
            for texts in (corpus.held_out, general)
        ]
        questions = set_exam(corpus.held_out, [*corpus.training, *corpus.held_out], [*general, *replay])

        on_progress({"stage": "judging the model as it is"})
        base = mlm.describe()
        before = evaluate_model(mlm, *frozen, questions)
        followed = _followed(questions, before.exam)
        on_progress({"stage": "training", "followed": _answers(mlm, followed)})

        def tell(line: dict) -> None:
            on_progress({**line, "followed": _answers(mlm, followed)} if "eval_loss" in line else line)

        trained = train(
            mlm,
            blocks,
            corpus.held_out,
            config,
            output,
            resume=resume,
            seconds_a_step=seconds_a_step,
            on_progress=tell,
            should_stop=should_stop,
        )
        on_progress({"stage": "judging what it has learned"})
        after = evaluate_model(mlm, *frozen, questions)
        result = {
            "base": base,
            "config": asdict(config),
            "corpus": _described(corpus, blocks),
            "figures": compare(before, after),
            "exam": [
                {**new.to_json(), "rank_before": old.rank, "guess_before": old.guess}
                for old, new in zip(before.exam, after.exam, strict=True)
            ],
            "training": {k: v for k, v in asdict(trained).items() if k != "log"},
            "curve": [line for line in trained.log if "loss" in line or "eval_loss" in line],
            "versions": _versions(),
        }
        if is_main_process():
            save(mlm, result, output, keep_checkpoints=trained.stopped)
        return result


def evaluate_model(
    mlm: MaskedLM, domain: MaskedEvalSet, general: MaskedEvalSet, questions: Sequence[Question]
) -> Evaluated:
    """Put all questions to a model."""
    return Evaluated(sum_by_document(mlm, domain), sum_by_document(mlm, general), sit_exam(mlm, questions))


def _followed(questions: Sequence[Question], graded: Sequence[Graded]) -> list[Question]:
    """The questions shown while it learns: of those that are neither known already nor far out of reach."""
    ranks = {(answer.sentence, answer.term): answer.rank for answer in graded}
    open_ones = [q for q in questions if 1 < ranks.get((q.sentence, q.term), 0) <= FOLLOWED_RANK]
    return open_ones[:FOLLOWED] or list(questions[:FOLLOWED])


def _answers(mlm: MaskedLM, questions: Sequence[Question]) -> list[dict]:
    return [answer.to_json() for answer in sit_exam(mlm, questions)]


def compare(before: Evaluated, after: Evaluated) -> dict:
    """The table of a run: each text before, after and the paired change; the exam's shares."""
    table = {}
    for name in ("domain", "general"):
        old, new = getattr(before, name), getattr(after, name)
        table[name] = {
            "before": compute_metrics(old).to_json(),
            "after": compute_metrics(new).to_json(),
            "change": asdict(compute_change(old, new)),
        }
    table["exam"] = {
        "questions": len(after.exam),
        **{
            f"top_{k}_{when}": share_within(judged.exam, k)
            for k in (1, 5)
            for when, judged in (("before", before), ("after", after))
        },
    }
    return table


def _described(corpus: Corpus, blocks: Blocks) -> dict:
    return {
        "sha256": corpus.sha256,
        "documents": corpus.counts.documents,
        "words": corpus.counts.words,
        "training_documents": len(corpus.training),
        "held_out_documents": len(corpus.held_out),
        "tokens": blocks.of_documents().tokens,
    }


def _versions() -> dict[str, str]:
    return {
        "mlm_demo": __version__,
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "tokenizers": tokenizers.__version__,
        "python": platform.python_version(),
    }


def save(mlm: MaskedLM, result: dict, output: Path, *, keep_checkpoints: bool) -> None:
    """Write model, tokenizer, card and result; the files appear whole, the result last."""
    part = output / ".part"
    shutil.rmtree(part, ignore_errors=True)
    try:
        with written(output):
            mlm.model.save_pretrained(part)
            mlm.tokenizer.save_pretrained(part)
            (part / "README.md").write_text(model_card(result, mlm.mask_token), encoding="utf-8")
            (part / "curve.svg").write_text(curve_svg(result["curve"]), encoding="utf-8")
            (part / RESULT).write_text(json.dumps(result, ensure_ascii=False, indent=1), encoding="utf-8")
            for path in sorted(part.iterdir(), key=lambda p: p.name == RESULT):
                os.replace(path, output / path.name)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    if not keep_checkpoints:
        shutil.rmtree(output / CHECKPOINTS, ignore_errors=True)
