"""Compiled layers: by accelerate's regional compilation, as methods of the layers, and uncompiled, a step each.

The sides take turns, step by step; the medians are of 20 steps after the first. Needs a C++ compiler on a CPU.

--device cpu or cuda
"""

import argparse
import statistics
import time
from contextlib import nullcontext

import torch
from pairs import print_table

from mlm_demo.models.catalogue import Catalogue
from mlm_demo.models.loader import load
from mlm_demo.models.masked_lm import MaskedLM
from mlm_demo.training.fast.compile import Compiled, layers_of, layers_to_compile
from mlm_demo.training.fast.dropout import no_dropout

ROWS, LENGTH, STEPS = 16, 128, 20


class Side:
    """A model that trains, compiled in one of the ways."""

    def __init__(self, name: str, device: str):
        self.name, self.mlm = name, fresh(device)
        self.model, self.context = self.mlm.model, nullcontext
        layers = layers_of(self.model)
        if name == "ours":
            self.context = Compiled(layers).in_use
        elif name == "methods":
            chosen = [layers[int(number)] for number in layers_to_compile(layers)]
            self.context = Compiled(methods=[(layer, "forward") for layer in chosen]).in_use

    def step(self, ids: torch.Tensor, rows: torch.Tensor, columns: torch.Tensor) -> float:
        """Make a forward and a backward pass and return its seconds."""
        start = time.perf_counter()
        with self.context(), self.mlm.positions.at(rows, columns):
            logits = self.model(input_ids=ids).logits
            torch.nn.functional.cross_entropy(logits.view(len(rows), -1), ids[rows, columns]).backward()
        self.mlm.model.zero_grad(set_to_none=True)
        if ids.is_cuda:
            torch.cuda.synchronize()
        return time.perf_counter() - start


def fresh(device: str) -> MaskedLM:
    """Load the built-in general model to train."""
    mlm = load(Catalogue().find("general"), device=device)
    mlm.model.train()
    no_dropout(mlm.model)
    return mlm


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    device = parser.parse_args().device
    generator = torch.Generator().manual_seed(0)
    ids = torch.randint(1000, 20000, (ROWS, LENGTH), generator=generator).to(device)
    rows = torch.arange(ROWS).repeat_interleave(LENGTH * 15 // 100).to(device)
    columns = torch.randint(LENGTH, (len(rows),), generator=generator).to(device)
    sides = [Side(name, device) for name in ("uncompiled", "methods", "ours")]
    first = [side.step(ids, rows, columns) for side in sides]
    seconds = [[side.step(ids, rows, columns) for side in sides] for _ in range(STEPS)]
    medians = [statistics.median(column) for column in zip(*seconds, strict=True)]
    table = [
        (side.name, begun, 1e3 * median, statistics.median(row[number] / row[2] for row in seconds))
        for number, (side, begun, median) in enumerate(zip(sides, first, medians, strict=True))
    ]
    ratios = {"regional": table[1][3]}
    print_table("Compiled layers", ("", "first step, s", "step, ms", "times ours"), table, ratios, False)


if __name__ == "__main__":
    main()
