"""Learning: what a run teaches in the same training time, ours against the recipe of run_mlm.py.

The built-in general model learns about beekeeping (assets/corpora), the biomedical one from 200 abstracts of PubMedQA,
if they are in ../shared/corpora. Both sides get the same documents. Others are held out before, and the judge is the
loss on these: the same masked tokens for every model, in blocks of 128 tokens of one document. Forgetting is the loss
on general text: a part of wikitext-2 if it is in ../shared/corpora, else our paragraphs that no run replays.

Ours is `python -m mlm_demo adapt` with its defaults. It holds out a part of what it gets, and its minutes include the
evaluations on that part. The recipe is the stock Trainer with the stock collator and the defaults of both: batch 8,
15% masked, dropout as in the checkpoint, no warm-up. It trains on all it gets and evaluates nothing in its minutes. It
makes as many steps as fit, and its learning rate falls linearly to zero over the time, as ours does. Two things are to
its advantage: its blocks have 128 tokens, because the 512 of its default would leave it a quarter of the steps; and
three rates are tried, of which the one with the lowest held-out loss counts. Loading, and whatever else a side does
before or after training, is not counted.

The ratio of the loss gained is above 1 if ours gains more. That of the general loss lost is below 1 if ours loses less,
where both columns are positive. The intervals are of 95%, from a bootstrap over documents, paired, of the means over
the seeds. If several models are measured, the last line has the mean of their ratios.

--minutes T …: the budgets, 1 and 3 by default. --seeds N: runs of each side and budget, 3 by default. --model general
or biomedical: only this one. --reach: also how long the recipe takes to reach what ours has after the shortest budget,
up to five times as long: when a run of that length passes it, or a shorter run that ends below it.
"""

import argparse
import gzip
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise, product
from pathlib import Path

import numpy as np
from pairs import ROOT, print_table, wants_json
from recipe import recipe_arguments, recipe_blocks
from torch.optim.lr_scheduler import LambdaLR
from transformers import DataCollatorForLanguageModeling, Trainer, TrainerCallback

from mlm_demo.models.catalogue import Catalogue
from mlm_demo.models.loader import load, quiet
from mlm_demo.models.masked_lm import MaskedLM
from mlm_demo.training.dataset import general_texts
from mlm_demo.training.evaluation import MaskedEvalSet, sum_by_document
from mlm_demo.training.result import read_result

BEEKEEPING = ROOT / "assets" / "corpora" / "beekeeping.txt"
SHARED = ROOT.parent / "shared" / "corpora"
PUBMEDQA, WIKITEXT = SHARED / "pubmedqa.jsonl.gz", SHARED / "general_heldout.jsonl.gz"
SECTION, HELD_OUT_EVERY = (
    3,
    5,
)  # paragraphs in a document of the sample corpus; every fifth document is held out
ABSTRACTS, HELD_OUT_ABSTRACTS = 200, 60
RATES = (5e-5, 2e-4, 5e-4)  # of the recipe, its default first
BATCH, BLOCK, PROBABILITY = 8, 128, 0.15
REACH = 5  # times the shortest budget: how long the recipe may take to reach what ours has
EVALUATIONS = 6  # of the recipe on the way, in each shortest budget
RESAMPLES = 2000


@dataclass(frozen=True)
class Split:
    """The documents that the sides get, and those that judge them, whose tokens are masked `draws` times."""

    training: list[str]
    held_out: list[str]
    draws: int

    def write(self, path: Path) -> None:
        """Write the documents to train on as JSON lines."""
        path.write_text("".join(json.dumps({"text": text}) + "\n" for text in self.training))


def beekeeping() -> Split:
    paragraphs = BEEKEEPING.read_text(encoding="utf-8").strip().split("\n\n")
    sections = ["\n\n".join(paragraphs[i : i + SECTION]) for i in range(0, len(paragraphs), SECTION)]
    training = [text for i, text in enumerate(sections) if i % HELD_OUT_EVERY]
    return Split(training, sections[::HELD_OUT_EVERY], draws=4)  # few documents, so more masks in each


def abstracts() -> Split | None:
    if not PUBMEDQA.is_file():
        return None
    texts = ["\n\n".join([*row["context"], row["long_answer"]]) for row in read_lines(PUBMEDQA)]
    chosen = random.Random(0).sample(texts, ABSTRACTS + HELD_OUT_ABSTRACTS)
    return Split(chosen[:ABSTRACTS], chosen[ABSTRACTS:], draws=1)


CORPORA: dict[str, Callable[[], Split | None]] = {"general": beekeeping, "biomedical": abstracts}


def read_lines(path: Path) -> list[dict]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def general_text() -> list[str]:
    return [row["text"] for row in read_lines(WIKITEXT)] if WIKITEXT.is_file() else general_texts()[1]


@dataclass(frozen=True)
class Run:
    """A run of one side: the recipe's with its learning rate, or ours, whose rate is None.

    target: a held-out loss at which the recipe ends, None to end with the minutes; every: seconds between the
    evaluations that look for it.
    """

    model: str
    minutes: float
    seed: int
    rate: float | None = None
    target: float | None = None
    every: float = 0.0


class Clock(TrainerCallback):
    """Counts the seconds of a run and ends it when they are over, or at its target.

    held_out_loss: evaluates the model; the time it takes is not counted. curve: (seconds, loss), if there is a target.
    """

    def __init__(self, run: Run, held_out_loss: Callable[[], float]):
        self.run, self.held_out_loss = run, held_out_loss
        self.allowed, self.start = run.minutes * 60, time.perf_counter()
        self.curve: list[tuple[float, float]] = []

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self.start

    def factor(self, _step: int) -> float:
        """Return the share of the highest learning rate, which falls to zero with the time."""
        return max(0.0, 1 - self.seconds / self.allowed)

    def on_train_begin(self, args, state, control, **_):
        self.start = time.perf_counter()
        if self.run.target is not None:
            self._evaluate(0.0)

    def on_step_end(self, args, state, control, **_):
        seconds = self.seconds
        over = seconds >= self.allowed
        if self.run.target is not None:
            if over or seconds >= len(self.curve) * self.run.every:
                self._evaluate(seconds)
            over = over or self.curve[-1][1] <= self.run.target
        control.should_training_stop = over

    def _evaluate(self, seconds: float) -> None:
        self.curve.append((seconds, self.held_out_loss()))
        self.start = time.perf_counter() - seconds


class Recipe(Trainer):
    """The stock Trainer, with the learning rate of a clock."""

    def __init__(self, *arguments, clock: Clock, **named):
        super().__init__(*arguments, **named, callbacks=[clock])
        self.clock = clock

    def create_scheduler(self, num_training_steps: int, optimizer=None) -> LambdaLR:
        self.lr_scheduler = LambdaLR(optimizer or self.optimizer, self.clock.factor)
        return self.lr_scheduler


def side(run: Run) -> dict:
    """Run one side in this process; return its steps, seconds and losses by document, and its curve."""
    split = CORPORA[run.model]()
    with quiet(), tempfile.TemporaryDirectory() as folder:
        return (ours if run.rate is None else theirs)(run, split, Path(folder))


def ours(run: Run, split: Split, folder: Path) -> dict:
    corpus, output = folder / "corpus.jsonl", folder / "adapted"
    split.write(corpus)
    command = [sys.executable, "-m", "mlm_demo", "adapt", str(corpus), "--output", str(output)]
    command += ["--model", run.model, "--minutes", str(run.minutes), "--seed", str(run.seed), "--json"]
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True, cwd=ROOT)
    training = read_result(output).training
    mlm = load(Catalogue().find(str(output)))
    return {"steps": training.steps, "seconds": training.seconds, **judge(mlm, split)}


def theirs(run: Run, split: Split, folder: Path) -> dict:
    mlm = load(Catalogue().find(run.model))
    blocks = recipe_blocks(mlm, split.training, min(BLOCK, mlm.max_tokens))
    arguments = recipe_arguments(
        mlm,
        folder,
        max_steps=1_000_000,  # the clock ends the run
        batch=BATCH,
        rate=run.rate,
        seed=run.seed,
    )

    def held_out_loss() -> float:
        mlm.model.eval()
        loss = float(losses(mlm, split.held_out, split.draws).sum())
        mlm.model.train()
        return loss

    clock = Clock(run, held_out_loss)
    collator = DataCollatorForLanguageModeling(mlm.tokenizer, mlm_probability=PROBABILITY)
    trainer = Recipe(mlm.model, arguments, data_collator=collator, train_dataset=blocks, clock=clock)
    trainer.train()
    seconds = clock.seconds
    mlm.model.eval()
    return {
        "steps": trainer.state.global_step,
        "seconds": seconds,
        "curve": clock.curve,
        **judge(mlm, split),
    }


def judge(mlm: MaskedLM, split: Split) -> dict[str, list[float]]:
    """Return a model's losses on the held-out documents and on general text, as `losses` gives them."""
    return {
        "domain": losses(mlm, split.held_out, split.draws).tolist(),
        "general": losses(mlm, general_text(), 1).tolist(),
    }


def losses(mlm: MaskedLM, texts: Sequence[str], draws: int) -> np.ndarray:
    """Return what each document adds to the loss per masked token, in nats; the sum is the loss. (documents,)"""
    sums = [
        sum_by_document(mlm, MaskedEvalSet.of(mlm, texts, block_size=BLOCK, seed=seed))
        for seed in range(draws)
    ]
    return np.sum([one.loss for one in sums], axis=0) / np.sum([one.count for one in sums])


def in_a_process(run: Run) -> dict:
    command = [sys.executable, __file__, "--side", json.dumps(asdict(run))]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=ROOT)
    found = json.loads(done.stdout.splitlines()[-1])
    print(f"{run}: {found['steps']} steps, held-out loss {sum(found['domain']):.4f}", file=sys.stderr)
    return found


Results = dict[tuple[float, float | None], list[dict]]  # by minutes and rate, one of each seed


def measure(model: str, options: argparse.Namespace) -> Results:
    """Run all sides in turns, in the reverse order with every other seed."""
    sides = [None, *RATES]
    results: Results = {key: [] for key in product(options.minutes, sides)}
    for seed, minutes in product(range(options.seeds), options.minutes):
        for rate in reversed(sides) if seed % 2 else sides:
            results[minutes, rate].append(in_a_process(Run(model, minutes, seed, rate)))
    return results


def compare(model: str, split: Split, options: argparse.Namespace) -> tuple[list[tuple], dict[str, float]]:
    """Return the table rows of a model, and its ratios."""
    base = judge(load(Catalogue().find(model)), split)
    results = measure(model, options)
    rows, ratios = [], {}
    for minutes in options.minutes:
        best = best_rate(results, minutes)
        label = f"{model}, {minutes:g} min, the recipe at {best:g}"
        pair = (results[minutes, None], results[minutes, best])
        gained = [base["domain"] - mean(runs, "domain") for runs in pair]
        lost = [mean(runs, "general") - base["general"] for runs in pair]
        for what, (mine, other) in (("held-out loss gained", gained), ("general loss lost", lost)):
            ratio, low, high = ratio_of_sums(mine, other)
            figures = (float(mine.sum()), float(other.sum()), ratio, f"{low:.2f} to {high:.2f}")
            rows.append((f"{label}: {what}, nats", *figures))
        for what in ("steps", "seconds"):
            mine, other = (float(mean(runs, what)) for runs in pair)
            rows.append((f"{label}: {what}", mine, other, mine / other, ""))
        ratios[f"learn_{minutes:g}min"] = ratio_of_sums(*gained)[0]
    ratios["learn_forgetting"] = ratio_of_sums(*lost)[0]  # of the longest budget
    if options.reach:
        rows.append(reach(model, results, options))
    return rows, ratios


def best_rate(results: Results, minutes: float) -> float:
    """Return the rate of the recipe with the lowest held-out loss after a budget."""
    return min(RATES, key=lambda rate: mean(results[minutes, rate], "domain").sum())


def mean(runs: Sequence[dict], name: str) -> np.ndarray:
    """Return the mean over the seeds."""
    return np.mean([run[name] for run in runs], axis=0)


def drawn_anew(count: int) -> np.ndarray:
    """Return (RESAMPLES, count) how often each document is drawn if they are drawn anew."""
    return np.random.default_rng(0).multinomial(count, np.full(count, 1 / count), RESAMPLES)


def ratio_of_sums(ours: np.ndarray, theirs: np.ndarray) -> tuple[float, float, float]:
    """Return the ratio of two sums over the same documents, and its interval if the documents are drawn anew."""
    drawn = drawn_anew(len(ours))
    low, high = np.percentile((drawn @ ours) / (drawn @ theirs), [2.5, 97.5])
    return float(ours.sum() / theirs.sum()), float(low), float(high)


def reach(model: str, results: Results, options: argparse.Namespace) -> tuple:
    """Return the row with the seconds that the recipe takes to reach the loss of our shortest runs."""
    shortest, rate = options.minutes[0], best_rate(results, options.minutes[-1])
    limit, taken, missing = REACH * shortest * 60, [], 0
    for seed in range(options.seeds):
        target = sum(results[shortest, None][seed]["domain"])
        run = Run(model, REACH * shortest, seed, rate, target, every=shortest * 60 / EVALUATIONS)
        ends = [
            runs[seed]["seconds"]
            for (_, one), runs in results.items()
            if one is not None and sum(runs[seed]["domain"]) <= target
        ]
        reached = seconds_to(target, in_a_process(run)["curve"])
        found = [*ends, *([] if reached is None else [reached])]
        missing += not found
        taken.append(min([*found, limit]))
    label = f"{model}: seconds to the held-out loss of ours after {shortest:g} min"
    if missing:
        label += f" (not reached by {missing} of {len(taken)} runs, which count as {limit:g})"
    average = statistics.mean(taken)
    interval = f"{min(taken):.0f} to {max(taken):.0f} s"
    return label, shortest * 60, average, shortest * 60 / average, interval


def seconds_to(target: float, curve: Sequence[tuple[float, float]]) -> float | None:
    """Return when a curve of (seconds, loss) first passes a loss, between two points; None if it never does."""
    if curve[0][1] <= target:
        return curve[0][0]
    for (before, high), (after, low) in pairwise(curve):
        if low <= target:
            return before + (after - before) * (high - target) / (high - low)
    return None


def main() -> None:
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--minutes", type=float, nargs="+", default=[1, 3])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--model", choices=list(CORPORA))
    parser.add_argument("--reach", action="store_true")
    options, sys.argv[1:] = parser.parse_known_args()
    as_json = wants_json(__doc__)
    options.minutes.sort()
    rows, ratios = [], []
    for model in [options.model] if options.model else CORPORA:
        split = CORPORA[model]()
        if split is None:
            print(f"{model} is skipped, because its corpus is not in {SHARED}.", file=sys.stderr)
            continue
        model_rows, model_ratios = compare(model, split, options)
        rows += model_rows
        ratios.append(model_ratios)
    means = {name: statistics.mean(one[name] for one in ratios) for name in (ratios[0] if ratios else ())}
    headings = ("", "ours", "the recipe", "ratio", "95% interval, or range")
    print_table("Learning", headings, rows, means, as_json)


if __name__ == "__main__":
    if "--side" in sys.argv:
        print(json.dumps(side(Run(**json.loads(sys.argv[-1])))))
    else:
        main()
