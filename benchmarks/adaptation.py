"""Adaptation: our training against the recipe of run_mlm.py, with the same model, corpus, batch, steps and rate.

The recipe is the stock Trainer with the stock collator: texts are joined and cut into blocks, the remainder is dropped,
and dropout is as in the checkpoint. The sides take turns in processes of their own, so each has its own peak memory.
Both sides omit the last blocks that do not fill a batch.

The CPU trains the built-in general model. A CUDA device, if there is one, trains it in bfloat16, and random weights of
two common shapes, for a number of steps or of minutes, and once with a batch that fills the GPU. The table also shows
the model FLOPs utilization: the operations that `limit.training_flops` counts, at the median rate of 25 steps, as a
share of the device's rate for large products. The measured time of our side includes its checkpoints and, in the
longest run, compilation; the recipe does neither.

--device cpu or cuda: only that part.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from pathlib import Path

import torch
from limit import large_product_rate, matrix_rate, training_flops
from pairs import ROOT, print_table, wants_json
from recipe import recipe_arguments, recipe_blocks
from shapes import bert, distilroberta
from transformers import DataCollatorForLanguageModeling, Trainer, TrainerCallback

from mlm_demo.corpus.corpus import read_corpus
from mlm_demo.models.catalogue import Catalogue
from mlm_demo.models.loader import load, quiet
from mlm_demo.models.masked_lm import MaskedLM
from mlm_demo.training.config import AdaptConfig
from mlm_demo.training.dataset import general_texts, make_blocks
from mlm_demo.training.evaluation import MaskedEvalSet, compute_metrics, sum_by_document
from mlm_demo.training.loop import Trained, peak_megabytes
from mlm_demo.training.packing import Blocks
from mlm_demo.training.train import masked_lm_step_time, train

CORPUS = ROOT / "assets" / "corpora" / "beekeeping.txt"
WARM_UP, INTERVAL = 4, 25  # steps that are not timed; steps of a GPU between two clock readings
SHAPES = {"built-in size": None, "distilroberta-base's shape": distilroberta, "BERT-base's shape": bert}


@dataclass(frozen=True)
class Case:
    """A case to measure on both sides.

    steps: the number of steps; minutes: a time budget for ours, while the recipe still makes `steps`; pairs: how many
    turns; repeats: how often the corpus is repeated, to fill whole batches; seed: of the masks and the order of blocks,
    a different one in each turn.
    """

    device: str
    shape: str
    steps: int
    minutes: float | None = None
    batch: int = 16
    pairs: int = 1
    repeats: int = 1
    seed: int = 0


CASES = [
    Case("cpu", "built-in size", 24, pairs=2),
    Case("cuda", "built-in size", 500),
    Case("cuda", "distilroberta-base's shape", 500),
    Case("cuda", "BERT-base's shape", 100, minutes=1),
    Case("cuda", "BERT-base's shape", 60, minutes=2, batch=512, repeats=20),
]


class Clock(TrainerCallback):
    """Notes when each interval of steps after the warm-up ends, after waiting for a GPU to finish its kernels."""

    def __init__(self, device: str, steps: int):
        self.device, self.steps = device, 0
        self.interval = INTERVAL if device == "cuda" else steps - WARM_UP - 1
        self.ends: list[float] = []

    def tick(self) -> bool:
        """Count a step; note the time at the end of an interval. Returns False, which means: do not stop."""
        self.steps += 1
        if self.steps > WARM_UP and (self.steps - WARM_UP - 1) % self.interval == 0:
            if self.device == "cuda":
                torch.cuda.synchronize()
            self.ends.append(time.perf_counter())
        return False

    def on_step_end(self, args, state, control, **_):
        self.tick()

    def steps_per_second(self) -> tuple[float, float]:
        """Return the steps per second over all intervals, and in the median interval."""
        taken = [after - before for before, after in pairwise(self.ends)] or [torch.inf]
        return self.interval * len(taken) / sum(taken), self.interval / statistics.median(taken)


def model(shape: str, device: str) -> MaskedLM:
    """Return the built-in general model, or random weights of a common shape."""
    if SHAPES[shape] is None:
        return load(Catalogue().find("general"), device=device)
    tokenizer, weights = SHAPES[shape]()
    return MaskedLM(tokenizer, weights.to(device), name=shape)


def side(name: str, case: Case) -> dict:
    """Run one side in this process; return its tokens per second, peak memory and final held-out loss."""
    budget = {"max_steps": case.steps}
    if case.minutes and name == "ours":
        budget = {"minutes": case.minutes}
    config = AdaptConfig(**budget, batch_size=case.batch, seed=case.seed)
    clock = Clock(case.device, case.steps)
    with quiet(), tempfile.TemporaryDirectory() as folder:
        corpus = read_corpus([CORPUS])
        mlm = model(case.shape, case.device)
        texts = list(corpus.training) * case.repeats
        trained = (ours if name == "ours" else theirs)(mlm, texts, config, Path(folder), clock)
        peak = peak_megabytes(mlm.device)
        mlm.model.eval()
        loss = compute_metrics(sum_by_document(mlm, MaskedEvalSet.of(mlm, corpus.held_out))).loss.value
    whole, median = (rate * config.batch_size * config.block_size for rate in clock.steps_per_second())
    if trained and case.minutes:  # over the whole run, from the first step on
        whole = trained.tokens_per_second
    return {"tokens_per_second": whole, "median_rate": median, "megabytes": peak, "loss": loss}


def ours(mlm, texts, config: AdaptConfig, folder: Path, clock: Clock) -> Trained:
    blocks = make_blocks(mlm, texts, general_texts()[0], config)
    whole = len(blocks) // config.batch_size * config.batch_size
    blocks = Blocks(blocks.ids[:whole], blocks.words[:whole], blocks.document[:whole], blocks.pad_id)
    step_time = masked_lm_step_time(mlm, blocks, config) if clock.device == "cuda" else None
    return train(mlm, blocks, None, config, folder, step_time=step_time, should_stop=clock.tick)


def theirs(mlm, texts, config: AdaptConfig, folder: Path, clock: Clock) -> None:
    blocks = recipe_blocks(mlm, texts, config.block_size)
    blocks = blocks[: len(blocks) // config.batch_size * config.batch_size]
    arguments = recipe_arguments(
        mlm,
        folder,
        max_steps=config.max_steps,
        batch=config.batch_size,
        rate=config.learning_rate,
        seed=config.seed,
    )
    collator = DataCollatorForLanguageModeling(mlm.tokenizer, mlm_probability=config.mlm_probability)
    Trainer(mlm.model, arguments, data_collator=collator, train_dataset=blocks, callbacks=[clock]).train()


def in_a_process(name: str, case: Case) -> dict:
    command = [sys.executable, __file__, "--side", name, json.dumps(asdict(case))]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=ROOT)
    return json.loads(done.stdout.splitlines()[-1])


def compare(case: Case) -> tuple[list[tuple], dict[str, float]]:
    """Return the table rows of a case, and its ratios."""
    pairs = []
    for number in range(case.pairs):
        order = ("ours", "theirs") if number % 2 else ("theirs", "ours")
        pair = {name: in_a_process(name, replace(case, seed=number)) for name in order}
        pairs.append((pair["ours"], pair["theirs"]))
    names = {"adapt_tokens_per_s": "tokens_per_second", "adapt_memory": "megabytes", "adapt_loss": "loss"}
    ratios = {name: statistics.median(o[key] / t[key] for o, t in pairs) for name, key in names.items()}
    sides = [{key: statistics.median(pair[i][key] for pair in pairs) for key in pairs[0][i]} for i in (0, 1)]
    if case.minutes:
        del ratios["adapt_loss"]  # the sides made different numbers of steps
        tokens_per_step = case.batch * AdaptConfig(max_steps=1).block_size
        as_long = round(case.minutes * 60 * sides[1]["tokens_per_second"] / tokens_per_step)
    else:
        as_long = round(case.steps / ratios["adapt_tokens_per_s"])
    rows = [(name, sides[0][names[name]], sides[1][names[name]], ratio) for name, ratio in ratios.items()]
    as_long = max(as_long, WARM_UP + 2)
    after = in_a_process("theirs", replace(case, steps=as_long))["loss"]
    rows.append((f"held-out loss after the same time ({as_long} steps of theirs)", sides[0]["loss"], after,
                 sides[0]["loss"] / after))  # fmt: skip
    share, shares = shares_of_limit(case, sides)
    ratios["adapt_share_of_limit"] = shares[0]
    return [*rows, (share, *shares, "")], ratios


def shares_of_limit(case: Case, sides: list[dict]) -> tuple[str, list[float]]:
    """Return the name of the limit, and the share of it that each side reaches."""
    weights = model(case.shape, "cpu").model
    operations = training_flops(weights, AdaptConfig(max_steps=1).mlm_probability)
    if case.device == "cpu":
        name = "float32 matrix-product rate"
        limit = matrix_rate(torch.float32, size=weights.config.hidden_size)
    else:
        name = "bfloat16 rate of large products"
        limit = large_product_rate(torch.bfloat16, case.device)
    return f"share of the {name}", [side["median_rate"] * operations / limit for side in sides]


def main() -> None:
    options = argparse.ArgumentParser(add_help=False)
    options.add_argument("--device", choices=["cpu", "cuda"])
    chosen, sys.argv[1:] = options.parse_known_args()
    as_json = wants_json(__doc__)
    devices = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
    wanted = [chosen.device] if chosen.device else devices
    rows, ratios = [], {}
    for case in CASES:
        if case.device in wanted:
            case_rows, case_ratios = compare(case)
            ratios = ratios or case_ratios
            budget = f"{case.minutes} minutes" if case.minutes else f"{case.steps} steps"
            label = f"{case.device}, {case.shape}, {budget}, batch {case.batch}"
            rows += [(f"{label}: {name}", *rest) for name, *rest in case_rows]
            print(f"{label}: {case_ratios}", file=sys.stderr)
    print_table("Adaptation", ("", "ours", "the recipe", "ratio"), rows, ratios, as_json)


if __name__ == "__main__":
    if "--side" in sys.argv:
        *_, side_name, case_json = sys.argv
        print(json.dumps(side(side_name, Case(**json.loads(case_json)))))
    else:
        main()
