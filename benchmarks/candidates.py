"""Candidates: changes to a run of a minute that may teach more or forget less, each against the run as it was.

Each run is `adapt`'s own (start in closed form, best checkpoint) on the corpora of learning.py, and judged as there: by
the loss on documents that no run saw, and on a part of wikitext-2, both with the same masks for every run. A run as it
was, before changes of this list became the defaults, makes --steps steps. A candidate whose steps take longer makes
fewer, so that all take the same time; --costs measures how much longer, in turns with the run as it was, on an idle
machine. What a candidate prepares before its first
step (the fillings of `own`, the terms of `terms`) is not counted.

The table gives the difference to the run as it was at the same seeds, half-way between base and trained weights (what a
run keeps as a rule) and at the trained ones: nats of the domain, and nats of general text. Then the lowest domain loss
+ 2 x general loss of the shares between, by which a run chooses, and points of the exam's top 5.
Intervals are of 95%, from a bootstrap over documents, paired, of the means over the seeds.

--output FILE: JSON lines of the runs done, which the same command goes on with. --only NAME ...: these candidates.
--model general or biomedical: only this one.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from unittest.mock import patch

import numpy as np
import torch
from learning import CORPORA, Split, drawn_anew, general_text, losses
from pairs import ROOT
from run_changes import CANDIDATES, Candidate
from transformers import TrainerCallback

from mlm_demo.corpus.corpus import Corpus, read_corpus
from mlm_demo.models.catalogue import Catalogue
from mlm_demo.models.loader import load, quiet
from mlm_demo.models.masked_lm import MaskedLM
from mlm_demo.training import train as training
from mlm_demo.training.cloze import (
    Question,
    answer_questions,
    share_within,
    write_questions,
)
from mlm_demo.training.config import PRICE_OF_FORGETTING, AdaptConfig
from mlm_demo.training.dataset import general_texts, make_blocks
from mlm_demo.training.evaluation import MaskedEvalSet
from mlm_demo.training.fast.dropout import no_dropout
from mlm_demo.training.interpolation import Interpolation, copy_weights
from mlm_demo.training.judge import halves
from mlm_demo.training.trainer import MaskedLMTrainer

STEPS, SEEDS, ROUNDS = 60, 3, 3
SHARES, SHOWN = (0.25, 0.5, 0.75, 1.0), (0.5, 1.0)
GENERAL_EVERY = 4  # of the general documents, one of so many judges: all would take longer than the run
LONGER_OR_SHORTER = (
    "mask20",
    "mask30",
    "mask30-fall",
    "freeze",
    "freeze2",
)  # steps that may take another time
COSTS_AS = {"third-mask30-fall": "mask30-fall"}
AGAINST = {"stopped-mean": "stopped"}  # the others are compared with the run as it is


class _Watch(TrainerCallback):
    """Ends a run that somebody stops, and adds up the weights of the last third."""

    def __init__(self, candidate: Candidate):
        self.candidate = candidate
        self.sums: dict[str, torch.Tensor] = {}
        self.count = 0

    def on_step_end(self, args, state, control, model, **_):
        share = state.global_step / args.max_steps / self.candidate.stops_at
        if share >= 1:
            control.should_training_stop = True
        if self.candidate.mean and share > 2 / 3:
            self.count += 1
            for name, weight in model.named_parameters():
                self.sums[name] = self.sums.get(name, 0) + weight.detach()

    def take_mean(self, model: torch.nn.Module) -> None:
        """Set the weights to their mean over the last third."""
        with torch.no_grad():
            for name, weight in model.named_parameters():
                weight.copy_(self.sums[name] / self.count)


def trainer_of(candidate: Candidate, corpus: Corpus, watch: _Watch) -> type[MaskedLMTrainer]:
    """Return the Trainer of a candidate's run."""

    class CandidateTrainer(MaskedLMTrainer):
        def __init__(self, mlm, args, blocks, masking, eval_set, schedule, callbacks=(), **options):
            super().__init__(mlm, args, blocks, masking, eval_set, schedule, [*callbacks, watch], **options)
            collator = candidate.collator(mlm, blocks, masking, corpus)
            collator.share_over, self.data_collator = self.data_collator.share_over, collator

        def create_optimizer(self, *arguments):
            optimizer = super().create_optimizer(*arguments)
            layers = self.model.config.num_hidden_layers
            factors = {id(p): candidate.factor(name, layers) for name, p in self.model.named_parameters()}
            groups = []
            for group in optimizer.param_groups:
                for factor in sorted({factors[id(p)] for p in group["params"]}):
                    own = [p for p in group["params"] if factors[id(p)] == factor]
                    groups.append({**group, "params": own, "lr": group["lr"] * factor})
            optimizer.param_groups = groups
            return optimizer

    return CandidateTrainer


def prepared(name: str, model: str, seed: int, steps: int, folder: Path):
    """Return a candidate with its model, corpus, options and blocks."""
    split, candidate = CORPORA[model](), CANDIDATES[name]()
    path = folder / "corpus.jsonl"
    split.write(path)
    mlm, corpus = load(Catalogue().find(model)), read_corpus([path], seed=seed)
    config = AdaptConfig(max_steps=steps, seed=seed, **candidate.options)
    blocks = make_blocks(mlm, corpus.training, general_texts()[0], config)
    blocks = candidate.blocks(mlm, corpus, blocks)
    for parameter, weight in mlm.model.named_parameters():
        weight.requires_grad_(not candidate.frozen(parameter))
    return split, candidate, mlm, corpus, config, blocks


def run(name: str, model: str, seed: int, steps: int) -> dict[str, dict]:
    """Make a candidate's run in this process; return its results, and those of the mean of its last weights."""
    with quiet(), tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        planned = round(steps / CANDIDATES[name]().stops_at)
        split, candidate, mlm, corpus, config, blocks = prepared(name, model, seed, planned, folder)
        replay, general = general_texts()
        choosing = [MaskedEvalSet.of(mlm, texts, seed=seed) for texts in (halves(corpus.held_out)[0], replay)]
        domain = [*corpus.training, *corpus.held_out]
        questions = write_questions(mlm.tokenizer, corpus.held_out, domain, [*general, *replay])
        base, watch = copy_weights(mlm.model), _Watch(candidate)
        with patch.object(training, "MaskedLMTrainer", trainer_of(candidate, corpus, watch)):
            trained = training.train(mlm, blocks, choosing, config, folder / "run")
        found = {
            name: {
                "steps": trained.steps,
                "kept": trained.best_step,
                "shares": judged(mlm, base, split, questions),
            }
        }
        if candidate.mean:
            watch.take_mean(mlm.model)
            found[candidate.mean] = {"steps": trained.steps, "shares": judged(mlm, base, split, questions)}
        return found


def judged(
    mlm: MaskedLM, base: Mapping[str, torch.Tensor], split: Split, questions: Sequence[Question]
) -> dict[float, dict]:
    """Return a model's losses by document and its exam, at SHARES between base and trained weights."""
    between, found = Interpolation(mlm.model, base), {}
    for share in SHARES:
        between.move_to(share)
        found[share] = {
            "domain": losses(mlm, split.held_out, split.draws).tolist(),
            "general": losses(mlm, general_text()[::GENERAL_EVERY], 1).tolist(),
            "top_5": share_within(answer_questions(mlm, questions), 5),
        }
    return found


def cost(name: str, model: str) -> float:
    """Return the seconds per step of a candidate, in this process."""
    with quiet(), tempfile.TemporaryDirectory() as temporary:
        _, candidate, mlm, corpus, config, blocks = prepared(name, model, 0, STEPS, Path(temporary))
        no_dropout(mlm.model)
        with patch.object(training, "MaskedLMTrainer", trainer_of(candidate, corpus, _Watch(candidate))):
            return training.masked_lm_step_time(mlm, blocks, config)


def in_a_process(*arguments: object) -> dict:
    """Run one in a process of its own."""
    command = [sys.executable, __file__, "--one", json.dumps(arguments)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=ROOT)
    return json.loads(done.stdout.splitlines()[-1])


def costs(names: Sequence[str], model: str) -> dict[str, float]:
    """Return by how much longer a step of each takes, the median of rounds in turns."""
    found: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(ROUNDS):
        plain = in_a_process("plain", model)["seconds"]
        for name in names:
            found[name].append(in_a_process(name, model)["seconds"] / plain)
    return {name: statistics.median(ratios) for name, ratios in found.items()}


def difference(mine: Sequence[dict], other: Sequence[dict], share: float, what: str) -> str:
    """Return the mean difference over the seeds with its interval over documents."""
    change = np.mean(
        [
            np.subtract(a["shares"][str(share)][what], b["shares"][str(share)][what])
            for a, b in zip(mine, other, strict=True)
        ],
        axis=0,
    )
    low, high = np.percentile(drawn_anew(len(change)) @ change, [2.5, 97.5])
    return f"{change.sum():+.3f} ({low:+.3f} to {high:+.3f})"


def net(runs: Sequence[dict]) -> tuple[float, float]:
    """Return the lowest domain loss + PRICE_OF_FORGETTING x general loss over the shares, and its share."""

    def price(share: float) -> float:
        sums = [
            sum(one["shares"][str(share)]["domain"])
            + PRICE_OF_FORGETTING * sum(one["shares"][str(share)]["general"])
            for one in runs
        ]
        return statistics.mean(sums)

    best = min(SHARES, key=price)
    return price(best), best


def print_rows(model: str, done: dict[tuple, dict], names: Sequence[str], seeds: int) -> None:
    """Print the table of a model."""
    print(f"\n## From {model}\n")
    print(
        "| | steps | domain, 50% | general, 50% | domain, 100% | general, 100% | net, at share | top 5, 50% |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for name in names:
        runs = [done[name, model, seed] for seed in range(seeds)]
        against = AGAINST.get(name, "plain")
        other = [done[against, model, seed] for seed in range(seeds)]
        cells = [CANDIDATES[name]().about, runs[0]["steps"]]
        for share in SHOWN:
            for what in ("domain", "general"):
                if name == "plain":
                    losses = [sum(one["shares"][str(share)][what]) for one in runs]
                    cells.append(f"{statistics.mean(losses):.3f}")
                else:
                    cells.append(difference(runs, other, share, what))
        (value, share), (plain, _) = net(runs), net(other)
        cells.append(f"{value:.3f}, {share:.0%}" if name == "plain" else f"{value - plain:+.3f}, {share:.0%}")
        mine, theirs = (
            statistics.mean(one["shares"]["0.5"]["top_5"] for one in group) for group in (runs, other)
        )
        cells.append(f"{mine:.1%}" if name == "plain" else f"{100 * (mine - theirs):+.1f}")
        print("| " + " | ".join(map(str, cells)) + " |")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--only", nargs="+", choices=list(CANDIDATES), default=list(CANDIDATES))
    parser.add_argument("--model", choices=list(CORPORA))
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--costs", action="store_true", help="measure the cost of a step first")
    options = parser.parse_args()
    wanted = {"plain", *options.only, *(AGAINST[name] for name in options.only if name in AGAINST)}
    names = [name for name in CANDIDATES if name in wanted]
    models = [model for model in ([options.model] if options.model else CORPORA) if CORPORA[model]()]
    cost_file = options.output.with_suffix(".costs.json")
    if options.costs:
        measured = [name for name in names if name in LONGER_OR_SHORTER]
        cost_file.write_text(json.dumps(costs(measured, models[0])))
    factors = json.loads(cost_file.read_text()) if cost_file.is_file() else {}
    print({name: round(factor, 3) for name, factor in factors.items()}, file=sys.stderr)
    done: dict[tuple, dict] = {}
    if options.output.is_file():
        for line in options.output.read_text().splitlines():
            kept = json.loads(line)
            done[tuple(kept["key"])] = kept["run"]
    for seed in range(options.seeds):
        for model in models:
            for name in names:
                if (name, model, seed) in done:
                    continue
                steps = round(options.steps / factors.get(COSTS_AS.get(name, name), 1.0))
                for made, found in in_a_process(name, model, seed, steps).items():
                    done[made, model, seed] = found
                    with options.output.open("a") as lines:
                        lines.write(json.dumps({"key": [made, model, seed], "run": found}) + "\n")
                    print(made, model, seed, sum(found["shares"]["0.5"]["domain"]), file=sys.stderr)
    for model in models:
        print_rows(model, done, names, options.seeds)


if __name__ == "__main__":
    if "--one" in sys.argv:
        arguments = json.loads(sys.argv[-1])
        print(json.dumps(run(*arguments) if len(arguments) > 2 else {"seconds": cost(*arguments)}))
    else:
        main()
