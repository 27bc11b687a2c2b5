"""Adaptation: ours against run_mlm.py's recipe, the same model, corpus, batch, steps and rate.

The recipe: the stock Trainer with the stock collator, texts joined and cut into blocks, the rest dropped, dropout as in
the checkpoint. Each side runs in a process of its own, in turns, so that each has its own peak memory. The last blocks,
which do not make a whole batch, are left out on both sides.

On the processor with the built-in general model; where there is a CUDA device also there, both sides in bfloat16, with
the built-in one and with random weights of two usual shapes, for so many steps or for minutes of training, one of them
also with a batch that fills a GPU. There with the model FLOPs utilisation: the operations that `limit.training_flops`
counts, at the median rate of 25 steps, as a share of the device's own rate of large products. Ours writes its
checkpoints in the time that is measured, as many as its trial there lets it, and compiles in the longest run; the
recipe does neither.

--device cpu or cuda: that part alone.
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
from pairs import ROOT, tell, wants_json
from shapes import bert, distilroberta
from transformers import DataCollatorForLanguageModeling, Trainer, TrainerCallback, TrainingArguments

from mlm_demo.corpus.corpus import read_corpus
from mlm_demo.models.catalogue import Catalogue
from mlm_demo.models.loader import load, quiet
from mlm_demo.models.masked_lm import MaskedLM
from mlm_demo.training.config import AdaptConfig
from mlm_demo.training.dataset import general_texts, make_blocks
from mlm_demo.training.evaluation import MaskedEvalSet, compute_metrics, sum_by_document
from mlm_demo.training.masking import make_masking
from mlm_demo.training.packing import Blocks, tokenize
from mlm_demo.training.step_time import measure_step_time
from mlm_demo.training.train import Trained, peak_megabytes, train

CORPUS = ROOT / "assets" / "corpora" / "beekeeping.txt"
WARM_UP, STRETCH = 4, 25  # steps that are not timed, and those of a GPU that are timed at once
SHAPES = {"built-in size": None, "distilroberta-base's shape": distilroberta, "BERT-base's shape": bert}


@dataclass(frozen=True)
class Question:
    """What the two sides do, and how often in turns: so many steps, or minutes of training, in which the recipe makes
    as many steps as these show that it can."""

    device: str
    shape: str
    steps: int
    minutes: float | None = None
    batch: int = 16
    pairs: int = 1
    texts: int = 1  # how often the corpus is read: enough for whole batches
    seed: int = 0  # of what is hidden and in which order blocks come, another one for each pair


QUESTIONS = [
    Question("cpu", "built-in size", 24, pairs=2),
    Question("cuda", "built-in size", 500),
    Question("cuda", "distilroberta-base's shape", 500),
    Question("cuda", "BERT-base's shape", 100, minutes=1),
    Question("cuda", "BERT-base's shape", 60, minutes=2, batch=512, texts=20),
]


class Clock(TrainerCallback):
    """When the stretches of steps after the warm-up ended. A GPU lags behind its orders, so it is waited for then."""

    def __init__(self, device: str, steps: int):
        self.device, self.steps = device, 0
        self.stretch = STRETCH if device == "cuda" else steps - WARM_UP - 1
        self.ends: list[float] = []

    def tick(self) -> bool:
        """Note the end of a step."""
        self.steps += 1
        if self.steps > WARM_UP and (self.steps - WARM_UP - 1) % self.stretch == 0:
            if self.device == "cuda":
                torch.cuda.synchronize()
            self.ends.append(time.perf_counter())
        return False

    def on_step_end(self, args, state, control, **_):
        self.tick()

    def steps_a_second(self) -> tuple[float, float]:
        """Over all stretches, and in the median one."""
        taken = [after - before for before, after in pairwise(self.ends)] or [torch.inf]
        return self.stretch * len(taken) / sum(taken), self.stretch / statistics.median(taken)


def model(shape: str, device: str) -> MaskedLM:
    """The built-in general model, or random weights of a usual shape."""
    if SHAPES[shape] is None:
        return load(Catalogue().find("general"), device=device)
    tokenizer, weights = SHAPES[shape]()
    return MaskedLM(tokenizer, weights.to(device), name=shape)


def side(name: str, question: Question) -> dict:
    """Run one side here: tokens a second (in all, and in the median stretch), peak memory in MB, held-out loss
    afterwards."""
    budget = {"max_steps": question.steps}
    if question.minutes and name == "ours":
        budget = {"minutes": question.minutes}
    config = AdaptConfig(**budget, batch_size=question.batch, seed=question.seed)
    clock = Clock(question.device, question.steps)
    with quiet(), tempfile.TemporaryDirectory() as folder:
        corpus = read_corpus([CORPUS])
        mlm = model(question.shape, question.device)
        texts = list(corpus.training) * question.texts
        done = (ours if name == "ours" else theirs)(mlm, texts, config, Path(folder), clock)
        peak = peak_megabytes(mlm.device)
        mlm.model.eval()
        loss = compute_metrics(sum_by_document(mlm, MaskedEvalSet.of(mlm, corpus.held_out))).loss.value
    whole, median = (rate * config.batch_size * config.block_size for rate in clock.steps_a_second())
    if done and question.minutes:  # with all that is in it, from the first step on
        whole = done.tokens_per_second
    return {"tokens_per_second": whole, "median_rate": median, "megabytes": peak, "loss": loss}


def ours(mlm, texts, config: AdaptConfig, folder: Path, clock: Clock) -> Trained:
    blocks = make_blocks(mlm, texts, general_texts()[0], config)
    whole = len(blocks) // config.batch_size * config.batch_size
    blocks = Blocks(blocks.ids[:whole], blocks.words[:whole], blocks.document[:whole], blocks.pad_id)
    step_time = (
        measure_step_time(mlm, blocks, make_masking(mlm, config), config) if clock.device == "cuda" else None
    )
    return train(mlm, blocks, (), config, folder, step_time=step_time, should_stop=clock.tick)


def theirs(mlm, texts, config: AdaptConfig, folder: Path, clock: Clock) -> None:
    ids = [
        token
        for found in tokenize(mlm.tokenizer, texts)
        for token in mlm.with_special_tokens(found.ids.tolist())
    ]
    size = config.block_size
    blocks = [{"input_ids": ids[start : start + size]} for start in range(0, len(ids) - size + 1, size)]
    blocks = blocks[: len(blocks) // config.batch_size * config.batch_size]
    arguments = TrainingArguments(
        output_dir=str(folder),
        max_steps=config.max_steps,
        per_device_train_batch_size=config.batch_size,
        learning_rate=config.learning_rate,
        seed=config.seed,
        use_cpu=mlm.device.type == "cpu",
        bf16=mlm.device.type == "cuda",
        report_to="none",
        disable_tqdm=True,
        save_strategy="no",
        logging_strategy="no",
    )
    collator = DataCollatorForLanguageModeling(mlm.tokenizer, mlm_probability=config.mlm_probability)
    Trainer(mlm.model, arguments, data_collator=collator, train_dataset=blocks, callbacks=[clock]).train()


def in_a_process(name: str, question: Question) -> dict:
    command = [sys.executable, __file__, "--side", name, json.dumps(asdict(question))]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=ROOT)
    return json.loads(done.stdout.splitlines()[-1])


def compare(question: Question) -> tuple[list[tuple], dict[str, float]]:
    """The rows of the table of one question, and the ratios."""
    found = []
    for number in range(question.pairs):
        order = ("ours", "theirs") if number % 2 else ("theirs", "ours")
        pair = {name: in_a_process(name, replace(question, seed=number)) for name in order}
        found.append((pair["ours"], pair["theirs"]))
    names = {"adapt_tokens_per_s": "tokens_per_second", "adapt_memory": "megabytes", "adapt_loss": "loss"}
    ratios = {name: statistics.median(o[key] / t[key] for o, t in found) for name, key in names.items()}
    sides = [{key: statistics.median(pair[i][key] for pair in found) for key in found[0][i]} for i in (0, 1)]
    if question.minutes:
        del ratios["adapt_loss"]  # after other numbers of steps
        tokens_a_step = question.batch * AdaptConfig(max_steps=1).block_size
        as_long = round(question.minutes * 60 * sides[1]["tokens_per_second"] / tokens_a_step)
    else:
        as_long = round(question.steps / ratios["adapt_tokens_per_s"])
    rows = [(name, sides[0][names[name]], sides[1][names[name]], ratio) for name, ratio in ratios.items()]
    as_long = max(as_long, WARM_UP + 2)
    after = in_a_process("theirs", replace(question, steps=as_long))["loss"]
    rows.append((f"held-out loss after the same time ({as_long} steps of theirs)", sides[0]["loss"], after,
                 sides[0]["loss"] / after))  # fmt: skip
    share, shares = shares_of_limit(question, sides)
    ratios["adapt_share_of_limit"] = shares[0]
    return [*rows, (share, *shares, "")], ratios


def shares_of_limit(question: Question, sides: list[dict]) -> tuple[str, list[float]]:
    """What the limit is called, and the share of it that each side reaches."""
    weights = model(question.shape, "cpu").model
    operations = training_flops(weights, AdaptConfig(max_steps=1).mlm_probability)
    if question.device == "cpu":
        name = "float32 matrix-product rate"
        limit = matrix_rate(torch.float32, size=weights.config.hidden_size)
    else:
        name = "bfloat16 rate of large products"
        limit = large_product_rate(torch.bfloat16, question.device)
    return f"share of the {name}", [side["median_rate"] * operations / limit for side in sides]


def main() -> None:
    options = argparse.ArgumentParser(add_help=False)
    options.add_argument("--device", choices=["cpu", "cuda"])
    chosen, sys.argv[1:] = options.parse_known_args()
    as_json = wants_json(__doc__)
    there = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
    wanted = [chosen.device] if chosen.device else there
    rows, ratios = [], {}
    for question in QUESTIONS:
        if question.device in wanted:
            found, its_ratios = compare(question)
            ratios = ratios or its_ratios
            budget = f"{question.minutes} minutes" if question.minutes else f"{question.steps} steps"
            what = f"{question.device}, {question.shape}, {budget}, batch {question.batch}"
            rows += [(f"{what}: {name}", *rest) for name, *rest in found]
            print(f"{what}: {its_ratios}", file=sys.stderr)
    tell("Adaptation", ("", "ours", "the recipe", "ratio"), rows, ratios, as_json)


if __name__ == "__main__":
    if "--side" in sys.argv:
        *_, side_name, asked = sys.argv
        print(json.dumps(side(side_name, Question(**json.loads(asked)))))
    else:
        main()
