"""Domain-adaptive pre-training: from a corpus to an adapted and evaluated model.

`adapt` evaluates the model, trains it on the corpus, evaluates it again on the same questions, and writes an ordinary
transformers folder with all metrics in it. `result.json` is written last: a folder that holds it is complete.
"""

import json
import os
import platform
import shutil
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import tokenizers
import torch
import transformers

from mlm_demo import __version__
from mlm_demo.corpus.corpus import Corpus
from mlm_demo.models.masked_lm import MaskedLM
from mlm_demo.system.distributed import is_main_process
from mlm_demo.training.checkpoints import CHECKPOINTS, claimed, disk_errors_explained
from mlm_demo.training.cloze import Graded, Question, answer_questions, share_within, write_questions
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
from mlm_demo.training.result import (
    RESULT,
    AdaptationResult,
    Comparison,
    CorpusFacts,
    ExamAnswer,
    ExamShares,
    Figures,
    Training,
)
from mlm_demo.training.train import Trained, train

PROBES, MAX_PROBE_RANK = 3, 200


@dataclass(frozen=True)
class Evaluation:
    """One model's answers: on held-out text of the domain, on general text, and in the cloze exam."""

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
    step_time: float | None = None,
    on_progress: Callable[[dict], None] = lambda line: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> AdaptationResult:
    """Adapt mlm (in place) to a corpus and write it with its result to the folder output.

    blocks and step_time: from a report made before, None to make and measure them here. on_progress gets a dict for
    each log line (`step`, `of`, `loss`, …) and each stage (`stage`); when training begins and at each evaluation it
    holds the answers to a few questions of the exam (`followed`). A run that is stopped keeps and evaluates its best
    weights until then, and its checkpoints for a resume. Raise TrainingError, CorpusError.
    """
    with claimed(output, resume) if is_main_process() else nullcontext():
        replay, general = general_texts()
        blocks = blocks or make_blocks(mlm, corpus.training, replay, config)
        eval_sets = [
            MaskedEvalSet.of(mlm, texts, block_size=config.block_size, seed=config.seed)
            for texts in (corpus.held_out, general)
        ]
        questions = write_questions(
            mlm.tokenizer, corpus.held_out, [*corpus.training, *corpus.held_out], [*general, *replay]
        )

        on_progress({"stage": "evaluating the base model"})
        base = mlm.describe()
        before = evaluate(mlm, *eval_sets, questions)
        probes = _choose_probes(questions, before.exam)
        on_progress({"stage": "training", "followed": _answers(mlm, probes)})

        def on_line(line: dict) -> None:
            on_progress({**line, "followed": _answers(mlm, probes)} if "eval_loss" in line else line)

        trained = train(
            mlm,
            blocks,
            corpus.held_out,
            config,
            output,
            resume=resume,
            step_time=step_time,
            on_progress=on_line,
            should_stop=should_stop,
        )
        on_progress({"stage": "evaluating the adapted model"})
        after = evaluate(mlm, *eval_sets, questions)
        result = AdaptationResult(
            base=base,
            config=asdict(config),
            corpus=_facts(corpus, blocks),
            figures=compare(before, after),
            exam=tuple(
                ExamAnswer(**new.to_json(), rank_before=old.rank, guess_before=old.guess)
                for old, new in zip(before.exam, after.exam, strict=True)
            ),
            training=_summary(trained),
            curve=tuple(line for line in trained.log if "loss" in line or "eval_loss" in line),
            versions=_versions(),
        )
        if is_main_process():
            save(mlm, result, output, keep_checkpoints=trained.stopped)
        return result


def evaluate(
    mlm: MaskedLM, domain: MaskedEvalSet, general: MaskedEvalSet, questions: Sequence[Question]
) -> Evaluation:
    """Evaluate a model on both texts and in the exam."""
    return Evaluation(
        sum_by_document(mlm, domain), sum_by_document(mlm, general), answer_questions(mlm, questions)
    )


def _choose_probes(questions: Sequence[Question], graded: Sequence[Graded]) -> list[Question]:
    """Choose the questions to show during training, preferably neither solved already nor far out of reach."""
    ranks = {(answer.sentence, answer.term): answer.rank for answer in graded}
    within_reach = [q for q in questions if 1 < ranks.get((q.sentence, q.term), 0) <= MAX_PROBE_RANK]
    return within_reach[:PROBES] or list(questions[:PROBES])


def _answers(mlm: MaskedLM, questions: Sequence[Question]) -> list[dict]:
    return [answer.to_json() for answer in answer_questions(mlm, questions)]


def compare(before: Evaluation, after: Evaluation) -> Figures:
    """Return the metrics before and after training, with paired changes."""
    return Figures(
        domain=_comparison(before.domain, after.domain),
        general=_comparison(before.general, after.general),
        exam=ExamShares(
            questions=len(after.exam),
            top_1_before=share_within(before.exam, 1),
            top_1_after=share_within(after.exam, 1),
            top_5_before=share_within(before.exam, 5),
            top_5_after=share_within(after.exam, 5),
        ),
    )


def _comparison(before: DocumentSums, after: DocumentSums) -> Comparison:
    return Comparison(compute_metrics(before), compute_metrics(after), compute_change(before, after))


def _facts(corpus: Corpus, blocks: Blocks) -> CorpusFacts:
    return CorpusFacts(
        sha256=corpus.sha256,
        documents=corpus.counts.documents,
        words=corpus.counts.words,
        training_documents=len(corpus.training),
        held_out_documents=len(corpus.held_out),
        tokens=blocks.of_documents().tokens,
    )


def _summary(trained: Trained) -> Training:
    """Return how training went without its log."""
    return Training(**{item.name: getattr(trained, item.name) for item in fields(Training)})


def _versions() -> dict[str, str]:
    return {
        "mlm_demo": __version__,
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "tokenizers": tokenizers.__version__,
        "python": platform.python_version(),
    }


def save(mlm: MaskedLM, result: AdaptationResult, output: Path, *, keep_checkpoints: bool) -> None:
    """Write model, tokenizer, card, curve and result; each file appears whole, the result last."""
    part = output / ".part"
    shutil.rmtree(part, ignore_errors=True)
    try:
        with disk_errors_explained(output):
            mlm.model.save_pretrained(part)
            mlm.tokenizer.save_pretrained(part)
            text = json.dumps(result.to_json(), ensure_ascii=False, indent=1)
            (part / "README.md").write_text(model_card(result, mlm.mask_token), encoding="utf-8")
            (part / "curve.svg").write_text(curve_svg(result.curve), encoding="utf-8")
            (part / RESULT).write_text(text, encoding="utf-8")
            for path in sorted(part.iterdir(), key=lambda p: p.name == RESULT):
                os.replace(path, output / path.name)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    if not keep_checkpoints:
        shutil.rmtree(output / CHECKPOINTS, ignore_errors=True)
