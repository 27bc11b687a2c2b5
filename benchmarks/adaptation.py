"""Adaptation: ours against run_mlm.py's recipe, the same model, corpus, batch, steps and rate.

The recipe: the stock Trainer with the stock collator, texts joined and cut into blocks, the rest dropped, dropout as in
the checkpoint. Each side runs in a process of its own, in turns, so that each has its own peak memory.

On the processor with the built-in general model; where there is a CUDA device also there, both sides in bfloat16, with
the built-in one and with random weights of two usual shapes, one of them also with a batch that fills a GPU, and then
with the model FLOPs utilisation: the operations that `limit.training_flops` counts, as a share of the device's own rate
of large products. Ours writes its eight checkpoints in the time that is measured, the recipe none.

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
from pathlib import Path

import torch
from limit import large_product_rate, matrix_rate, training_flops
from pairs import ROOT, tell, wants_json
from shapes import bert, distilroberta
from transformers import DataCollatorForLanguageModeling, Trainer, TrainerCallback, TrainingArguments

from mlm_demo.adapt_config import AdaptConfig
from mlm_demo.checkpoints import find_checkpoint
from mlm_demo.corpus import read_corpus
from mlm_demo.evaluation import figures, freeze, tally
from mlm_demo.loader import load, quiet
from mlm_demo.masked_lm import MaskedLM
from mlm_demo.packing import tokenise
from mlm_demo.training import peak_megabytes, train
from mlm_demo.training_blocks import general_texts, make_blocks

CORPUS = ROOT / "assets" / "corpora" / "beekeeping.txt"
WARM_UP = 4  # steps that are not timed
SHAPES = {"built-in size": None, "distilroberta-base's shape": distilroberta, "BERT-base's shape": bert}


@dataclass(frozen=True)
class Question:
    """What the two sides do, and how often in turns. A run on a GPU is to take them a minute or less."""

    device: str
    shape: str
    steps: int
    batch: int = 16
    pairs: int = 1
    texts: int = 1  # how often the corpus is read: enough for whole batches


QUESTIONS = [
    Question("cpu", "built-in size", 24, pairs=2),
    *(Question("cuda", shape, 1000) for shape in SHAPES),
    Question("cuda", "BERT-base's shape", 200, batch=256, texts=20),
]


class Clock(TrainerCallback):
    """When each step ended. A GPU lags behind its orders, so the first and the last that count are waited for."""

    def __init__(self, device: str, steps: int):
        self.waits = (WARM_UP + 1, steps) if device == "cuda" else ()
        self.ends: list[float] = []

    def tick(self) -> bool:
        """Note the end of a step."""
        if len(self.ends) + 1 in self.waits:
            torch.cuda.synchronize()
        self.ends.append(time.perf_counter())
        return False

    def on_step_end(self, args, state, control, **_):
        self.tick()


def model(shape: str, device: str) -> MaskedLM:
    """The built-in general model, or random weights of a usual shape."""
    if SHAPES[shape] is None:
        return load(find_checkpoint("general"), device=device)
    tokenizer, weights = SHAPES[shape]()
    return MaskedLM(tokenizer, weights.to(device), name=shape)


def side(name: str, question: Question) -> dict:
    """Run one side here: tokens a second, peak memory in MB, held-out loss after the steps."""
    config = AdaptConfig(max_steps=question.steps, batch_size=question.batch)
    clock = Clock(question.device, question.steps)
    with quiet(), tempfile.TemporaryDirectory() as folder:
        corpus = read_corpus([CORPUS])
        mlm = model(question.shape, question.device)
        texts = list(corpus.training) * question.texts
        (ours if name == "ours" else theirs)(mlm, texts, config, Path(folder), clock)
        peak = peak_megabytes(mlm.device)
        mlm.model.eval()
        loss = figures(tally(mlm, freeze(mlm, corpus.held_out))).loss.value
    taken = clock.ends[-1] - clock.ends[WARM_UP]
    rate = (question.steps - 1 - WARM_UP) * config.batch_size * config.block_size / taken
    return {"tokens_per_second": rate, "megabytes": peak, "loss": loss}


def ours(mlm, texts, config: AdaptConfig, folder: Path, clock: Clock) -> None:
    blocks = make_blocks(mlm, texts, general_texts()[0], config)
    train(mlm, blocks, (), config, folder, should_stop=clock.tick)


def theirs(mlm, texts, config: AdaptConfig, folder: Path, clock: Clock) -> None:
    ids = [
        token
        for found in tokenise(mlm.tokenizer, texts)
        for token in mlm.with_special_tokens(found.ids.tolist())
    ]
    size = config.block_size
    blocks = [{"input_ids": ids[start : start + size]} for start in range(0, len(ids) - size + 1, size)]
    arguments = TrainingArguments(
        output_dir=str(folder),
        max_steps=config.max_steps,
        per_device_train_batch_size=config.batch_size,
        learning_rate=config.learning_rate,
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
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    return json.loads(done.stdout.splitlines()[-1])


def compare(question: Question) -> tuple[list[tuple], dict[str, float]]:
    """The rows of the table of one question, and the ratios."""
    found = []
    for number in range(question.pairs):
        order = ("ours", "theirs") if number % 2 else ("theirs", "ours")
        pair = {name: in_a_process(name, question) for name in order}
        found.append((pair["ours"], pair["theirs"]))
    names = {"adapt_tokens_per_s": "tokens_per_second", "adapt_memory": "megabytes", "adapt_loss": "loss"}
    ratios = {name: statistics.median(o[key] / t[key] for o, t in found) for name, key in names.items()}
    sides = [
        {key: statistics.median(pair[i][key] for pair in found) for key in names.values()} for i in (0, 1)
    ]
    rows = [(name, sides[0][key], sides[1][key], ratios[name]) for name, key in names.items()]
    # As many steps as the recipe makes in the time that ours takes.
    fewer = max(WARM_UP + 2, round(question.steps / ratios["adapt_tokens_per_s"]))
    after = in_a_process("theirs", replace(question, steps=fewer))["loss"]
    rows.append((f"held-out loss after the same time ({fewer} steps of theirs)", sides[0]["loss"], after,
                 sides[0]["loss"] / after))  # fmt: skip
    weights = model(question.shape, "cpu").model
    operations = training_flops(weights, AdaptConfig(max_steps=1).mlm_probability)
    if question.device == "cpu":
        name, rate = (
            "float32 matrix-product rate",
            matrix_rate(torch.float32, size=weights.config.hidden_size),
        )
    else:
        name, rate = "bfloat16 rate of large products", large_product_rate(torch.bfloat16, question.device)
    shares = [side["tokens_per_second"] * operations / rate for side in sides]
    ratios["adapt_share_of_limit"] = shares[0]
    rows.append((f"share of the {name}", *shares, ""))
    return rows, ratios


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
            what = f"{question.device}, {question.shape}, batch {question.batch}"
            rows += [(f"{what}: {name}", *rest) for name, *rest in found]
    tell("Adaptation", ("", "ours", "the recipe", "ratio"), rows, ratios, as_json)


if __name__ == "__main__":
    if "--side" in sys.argv:
        *_, side_name, asked = sys.argv
        print(json.dumps(side(side_name, Question(**json.loads(asked)))))
    else:
        main()
