"""Is a model that was adapted to the domain the better start for a task? Models are compared over several seeds.

The tasks: evidence on PubMedQA's joint pools and on Evidence Inference, answers on COVID-QA and, as the general
control, on XQuAD. Models that began as a built-in one start with what `extract` learned. All models see the same
examples in the same order, and the same random numbers for the same seed. The rows beside them are rules that need no
model. The data is public and not part of the project; without it this says so.

Each training takes minutes, and there are models x seeds x 3 of them. What is done is kept in --output, so the same
command goes on where it was cut off.
"""

import argparse
import gzip
import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pairs import ROOT

from mlm_demo.corpus.documents import ReadLimits
from mlm_demo.corpus.examples.answers import read_answers
from mlm_demo.corpus.examples.example import EvidencePool
from mlm_demo.corpus.examples.pubmedqa import joint_pools, read_paper
from mlm_demo.corpus.examples.records import Record
from mlm_demo.corpus.examples.split import split_examples
from mlm_demo.corpus.sentences import split_sentences
from mlm_demo.models.catalogue import Catalogue
from mlm_demo.models.cpu.optimize import optimize_task_for_cpu
from mlm_demo.models.task_loader import with_head
from mlm_demo.models.tasks import ANSWERS, EVIDENCE
from mlm_demo.settings import Settings
from mlm_demo.training.downstream.base import load_base
from mlm_demo.training.downstream.bootstrap import difference, interval_of
from mlm_demo.training.downstream.config import FinetuneConfig
from mlm_demo.training.downstream.task import Scores
from mlm_demo.training.downstream.tasks import TASKS
from mlm_demo.training.downstream.train import train_task
from mlm_demo.training.prepare import no_progress

CORPORA = ROOT.parent / "shared" / "corpora"
SQUAD_QUESTIONS = 6_000  # of its training part, beside COVID-QA's


@dataclass(frozen=True)
class Training:
    """What one training learns, and the sets it is judged on. choosing: for the best step and the threshold."""

    task: str
    training: Sequence[Any]
    choosing: Sequence[Any]
    judging: dict[str, Sequence[Any]]
    steps: int


def trainings(scale: float, only: str | None = None) -> dict[str, Training]:
    """Read the data. scale: of the steps; only: the name of one training, None for all."""
    made = {
        "pubmedqa": lambda: _evidence("PubMedQA, joint pools", *pubmedqa(), int(100 * scale)),
        "evidence-inference": lambda: _evidence(
            "Evidence Inference", *_evidence_inference(), int(100 * scale)
        ),
        "answers": lambda: _answers(int(500 * scale)),
    }
    return {name: make() for name, make in made.items() if only in (None, name)}


def _evidence(title: str, training: list, judging: list, steps: int) -> Training:
    learned, choosing = split_examples(training, 0, 0.15)
    return Training(EVIDENCE, learned, choosing, {title: judging}, steps)


def pubmedqa() -> tuple[list[EvidencePool], list[EvidencePool]]:
    papers = [read_paper(Record(str(n), row)) for n, row in enumerate(_rows("pubmedqa.jsonl.gz"))]
    order = np.random.default_rng(0).permutation(len(papers))
    halves = order[: len(papers) // 2], order[len(papers) // 2 :]
    return tuple(list(joint_pools([papers[n] for n in half])) for half in halves)


def _evidence_inference() -> tuple[list[EvidencePool], list[EvidencePool]]:
    parts: dict[bool, list[EvidencePool]] = {True: [], False: []}
    for number, row in enumerate(_rows("evidence.jsonl.gz")):
        text, (start, end) = row["abstract"], row["evidence"]
        spans = split_sentences(text)
        question = f"What is the effect of {row['intervention']} on {row['outcome']} compared with {row['comparator']}?"
        labels = tuple(begin < end and stop > start for begin, stop in spans)
        if any(labels):
            sentences = tuple(text[begin:stop] for begin, stop in spans)
            pool = EvidencePool(str(number), question, sentences, labels, row["pmcid"])
            parts[row["split"] == "train"].append(pool)
    return parts[True], parts[False]


def _answers(steps: int) -> Training:
    limits = ReadLimits.of(Settings())
    squad, covid, xquad = (
        read_answers([CORPORA / f"{name}.squad.json.gz"], limits).examples
        for name in ("squad_train", "covidqa", "xquad_en")
    )
    learned, judged = split_examples(covid, 0, 0.4)
    learned, choosing = split_examples(learned, 0, 0.15)
    chosen = np.random.default_rng(0).permutation(len(squad))[:SQUAD_QUESTIONS]
    return Training(
        ANSWERS,
        [*learned, *(squad[n] for n in chosen)],
        choosing,
        {"COVID-QA, by article": judged, "XQuAD (general control)": xquad},
        steps,
    )


def _rows(name: str) -> Iterator[dict]:
    with gzip.open(CORPORA / name, "rt", encoding="utf-8") as file:
        yield from map(json.loads, file)


def judged(model: str, training: Training, seed: int) -> dict[str, dict]:
    """Teach a model with one seed, and return the values of each metric on each set, example by example."""
    task = TASKS[training.task]
    base, _ = load_base(model, training.task, Settings(device="cpu"), Catalogue(), no_progress)
    taught = with_head(base, training.task, seed=seed)
    config = FinetuneConfig(max_steps=training.steps, seed=seed)
    with tempfile.TemporaryDirectory() as folder:
        train_task(taught, task, training.training, training.choosing, config, Path(folder))
    optimize_task_for_cpu(taught)
    threshold = task.calibrate(task.predict(taught, training.choosing), training.choosing).threshold
    return {
        title: _plain(task.evaluate(task.predict(taught, part), part, threshold))
        for title, part in training.judging.items()
    }


def _plain(scores: Scores) -> dict:
    return {name: [round(float(value), 4) for value in values] for name, values in scores.values.items()}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("models", nargs="+", help="the first is the base that the others are compared with")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--scale", type=float, default=1.0, help="of the steps of each training")
    parser.add_argument("--only", choices=["pubmedqa", "evidence-inference", "answers"], help="default: all")
    parser.add_argument("--output", type=Path, required=True, help="a folder for what is done")
    options = parser.parse_args()
    if not CORPORA.is_dir():
        raise SystemExit(f"The data is not there ({CORPORA}).")
    options.output.mkdir(parents=True, exist_ok=True)
    for name, training in trainings(options.scale, options.only).items():
        found: dict[str, list[dict]] = {}
        for seed in range(options.seeds):
            for model in options.models:
                path = options.output / f"{name}-{Path(model).name}-{seed}-{options.scale:g}.json"
                if not path.exists():
                    path.write_text(json.dumps(judged(model, training, seed)), encoding="utf-8")
                    print(path.name, flush=True)
                found.setdefault(model, []).append(json.loads(path.read_text(encoding="utf-8")))
        for title, part in training.judging.items():
            print_table(
                title, training, part, {model: [one[title] for one in runs] for model, runs in found.items()}
            )


def print_table(title: str, training: Training, part: Sequence[Any], found: dict[str, list[dict]]) -> None:
    """Print the rules and the models on one set, each model with its gain over the first."""
    task = TASKS[training.task]
    metric = next(iter(task.metrics))
    groups = [example.group for example in part]
    print(f"\n## {title}: {task.metrics[metric]}, {len(part):,} questions of {len(set(groups)):,} articles\n")
    print("| | value | against the base | seeds that agree |\n|---|---|---|---|")
    for rule, scores in task.baselines(training.training, part).items():
        print(f"| {rule} | {_text(interval_of(scores.values[metric], groups))} | | |")
    base = None
    for model, runs in found.items():
        values = np.array([run[metric] for run in runs])
        row = f"| {model} | {_text(interval_of(values, groups))} |"
        if base is None:
            base = values
            print(f"{row} | |")
        else:
            gain = difference(values, base, groups)
            print(f"{row} {_text(gain.change, signed=True)} | {gain.seeds_agree} of {gain.seeds} |")


def _text(found: Any, *, signed: bool = False) -> str:
    sign = "+" if signed else ""
    return f"{found.value:{sign}.3f} ({found.low:{sign}.3f} to {found.high:{sign}.3f})"


if __name__ == "__main__":
    main()
