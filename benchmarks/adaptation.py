"""Adaptation: ours against run_mlm.py's recipe, the same model, corpus, batch, steps and rate.

The recipe: the stock Trainer with the stock collator, texts joined and cut into blocks, the rest dropped, dropout as in
the checkpoint. Each side runs in a process of its own, in turns, so that each has its own peak memory.

On the processor with the built-in general model; where there is a CUDA device also there, both sides in bfloat16, with
the built-in one and with random weights of two usual shapes, and then with the model FLOPs utilisation: the operations
that `limit.training_flops` counts, as a share of the device's own rate of products.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch
from limit import matrix_rate, training_flops
from pairs import ROOT, tell, wants_json
from shapes import bert, distilroberta
from transformers import DataCollatorForLanguageModeling, Trainer, TrainerCallback, TrainingArguments

from mlm_demo.adapt import general_texts
from mlm_demo.adapt_config import AdaptConfig
from mlm_demo.checkpoints import find_checkpoint
from mlm_demo.corpus import read_corpus
from mlm_demo.evaluation import figures, freeze, tally
from mlm_demo.loader import load, quiet
from mlm_demo.masked_lm import MaskedLM
from mlm_demo.packing import tokenise
from mlm_demo.training import make_blocks, peak_megabytes, train

CORPUS = ROOT / "assets" / "corpora" / "beekeeping.txt"
STEPS = {"cpu": 24, "cuda": 200}
PAIRS, WARM_UP = 3, 4  # steps that are not timed
SHAPES = {"built-in size": None, "distilroberta-base's shape": distilroberta, "BERT-base's shape": bert}


class Clock(TrainerCallback):
    """When each step ended."""

    def __init__(self):
        self.ends: list[float] = []

    def on_step_end(self, args, state, control, **_):
        self.ends.append(time.perf_counter())


def model(shape: str, device: str) -> MaskedLM:
    """The built-in general model, or random weights of a usual shape."""
    if SHAPES[shape] is None:
        return load(find_checkpoint("general"), device=device)
    tokenizer, weights = SHAPES[shape]()
    return MaskedLM(tokenizer, weights.to(device), name=shape)


def side(name: str, device: str, shape: str, steps: int) -> dict:
    """Run one side here: tokens a second, peak memory in MB, held-out loss after the steps."""
    config = AdaptConfig(max_steps=steps)
    with quiet(), tempfile.TemporaryDirectory() as folder:
        corpus = read_corpus([CORPUS])
        mlm = model(shape, device)
        ends = (ours if name == "ours" else theirs)(mlm, corpus.training, config, Path(folder))
        peak = peak_megabytes(mlm.device)
        mlm.model.eval()
        loss = figures(tally(mlm, freeze(mlm, corpus.held_out))).loss.value
    rate = (len(ends) - 1 - WARM_UP) * config.batch_size * config.block_size / (ends[-1] - ends[WARM_UP])
    return {"tokens_per_second": rate, "megabytes": peak, "loss": loss, "seconds": ends[-1] - ends[0]}


def ours(mlm, texts, config: AdaptConfig, folder: Path) -> list[float]:
    ends: list[float] = []
    blocks = make_blocks(mlm, texts, general_texts()[0], config)
    train(mlm, blocks, (), config, folder, should_stop=lambda: ends.append(time.perf_counter()) and False)
    return ends


def theirs(mlm, texts, config: AdaptConfig, folder: Path) -> list[float]:
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
    clock = Clock()
    collator = DataCollatorForLanguageModeling(mlm.tokenizer, mlm_probability=config.mlm_probability)
    Trainer(mlm.model, arguments, data_collator=collator, train_dataset=blocks, callbacks=[clock]).train()
    return clock.ends


def in_a_process(name: str, device: str, shape: str, steps: int) -> dict:
    command = [sys.executable, __file__, "--side", name, device, shape, str(steps)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    return json.loads(done.stdout.splitlines()[-1])


def compare(device: str, shape: str) -> tuple[list[tuple], dict[str, float]]:
    """The rows of the table of one model on one device, and the ratios."""
    steps, found = STEPS[device], []
    for number in range(PAIRS):
        order = ("ours", "theirs") if number % 2 else ("theirs", "ours")
        pair = {name: in_a_process(name, device, shape, steps) for name in order}
        found.append((pair["ours"], pair["theirs"]))
    names = {"adapt_tokens_per_s": "tokens_per_second", "adapt_memory": "megabytes", "adapt_loss": "loss"}
    ratios = {name: statistics.median(o[key] / t[key] for o, t in found) for name, key in names.items()}
    sides = [
        {key: statistics.median(pair[i][key] for pair in found) for key in names.values()} for i in (0, 1)
    ]
    rows = [(name, sides[0][key], sides[1][key], ratios[name]) for name, key in names.items()]
    # As many steps as the recipe makes in the time that ours takes.
    fewer = max(WARM_UP + 2, round(steps / ratios["adapt_tokens_per_s"]))
    after = in_a_process("theirs", device, shape, fewer)["loss"]
    rows.append((f"held-out loss after the same time ({fewer} steps of theirs)", sides[0]["loss"], after,
                 sides[0]["loss"] / after))  # fmt: skip
    weights = model(shape, "cpu").model
    done = (
        training_flops(weights, AdaptConfig(max_steps=steps).mlm_probability) * sides[0]["tokens_per_second"]
    )
    kind = torch.float32 if device == "cpu" else torch.bfloat16
    share = done / matrix_rate(kind, device, weights.config.hidden_size)
    ratios["adapt_share_of_limit"] = share
    rows.append((f"share of the {str(kind).removeprefix('torch.')} matrix-product rate", share, "", ""))
    return rows, ratios


def main() -> None:
    as_json = wants_json(__doc__)
    rows, ratios = compare("cpu", "built-in size")
    for shape in SHAPES if torch.cuda.is_available() else ():
        rows += [(f"CUDA, {shape}: {name}", *rest) for name, *rest in compare("cuda", shape)[0]]
    tell("Adaptation, built-in size, processor", ("", "ours", "the recipe", "ratio"), rows, ratios, as_json)


if __name__ == "__main__":
    if "--side" in sys.argv:
        *_, side_name, device_name, shape_name, step_count = sys.argv
        print(json.dumps(side(side_name, device_name, shape_name, int(step_count))))
    else:
        main()
