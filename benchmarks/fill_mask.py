"""Filling masks on the CPU: our engine against transformers.pipeline("fill-mask") with the same weights.

It measures times, the largest difference between exact scores and the pipeline's, and how often int8 agrees with exact
on 500 sentences that are in no training data of the built-in models.
"""

import copy
import random
import re
from functools import partial
from itertools import product

import torch
from limit import matrix_rate, prediction_flops
from pairs import ROOT, print_table, time_pairs, wants_json
from shapes import bert, distilroberta, sentence
from transformers import pipeline

from mlm_demo.inference.fill_mask import fill_masks
from mlm_demo.inference.prompt import read_prompt
from mlm_demo.models.catalogue import Catalogue
from mlm_demo.models.cpu.optimize import optimize_for_cpu
from mlm_demo.models.loader import load
from mlm_demo.models.masked_lm import MaskedLM
from mlm_demo.models.native_bert.loader import load_native

TOP_K = 5
LENGTHS = (16, 64, 256)
MASKS_AND_BATCHES = ((1, 1), (3, 1), (1, 32))  # masks in a sentence, sentences at once
PRECISIONS = ("exact", "int8")
SENTENCES = 500
HEADINGS = (
    "model",
    "tokens",
    "masks",
    "batch",
    "exact, ms",
    "int8, ms",
    "pipeline, ms",
    "exact, times as fast",
    "int8, times as fast",
    "exact, off by",
    "exact, share of the limit",
)


def models():
    """Yield name, tokenizer and model of transformers, and a function that makes our model; the main one first."""
    yield "distilroberta-base's shape", *random_weights(distilroberta)
    general = Catalogue().find("general")
    theirs = load(general, device="cpu")
    yield "general, built in", theirs.tokenizer, theirs.model, partial(load_native, general, "cpu")
    yield "BERT-base's shape", *random_weights(bert)


def random_weights(shape):
    """Return tokenizer and model of a shape, and a function that makes our model with the same weights."""
    tokenizer, model = shape()
    return tokenizer, model, lambda: MaskedLM(tokenizer, copy.deepcopy(model), name=shape.__name__)


def main() -> None:
    as_json = wants_json(__doc__)
    rows, ratios = [], {}
    limit = matrix_rate(torch.float32)
    for name, tokenizer, model, make in models():
        pipe = pipeline("fill-mask", model=model, tokenizer=tokenizer, top_k=TOP_K, device="cpu")
        optimized_models = [optimized(make(), precision) for precision in PRECISIONS]
        for length, (masks, batch) in product(LENGTHS, MASKS_AND_BATCHES):
            texts = [sentence(tokenizer, length, masks, number) for number in range(batch)]
            exact, int8 = time_pairs(
                [partial(ours, one, texts) for one in optimized_models], partial(theirs, pipe, texts)
            )
            off = (
                difference(ours(optimized_models[0], texts), theirs(pipe, texts))
                if length * batch < 1000
                else ""
            )
            share = batch * prediction_flops(model, length, masks) / exact.ours / limit
            times = (1e3 * exact.ours, 1e3 * int8.ours, 1e3 * exact.theirs)
            rows.append((name, length, masks, batch, *times, exact.ratio, int8.ratio, off, share))
            if masks == batch == 1 and name.startswith("distilroberta"):
                ratios |= {f"exact_{length}": exact.ratio, f"int8_{length}": int8.ratio}
    agreements = [agreement(name) for name in ("general", "biomedical")]
    ratios["int8_top1"], ratios["int8_top5"] = (min(column) for column in zip(*agreements, strict=True))
    print_table(f"Filling masks, {torch.get_num_threads()} threads", HEADINGS, rows, ratios, as_json)


def optimized(mlm: MaskedLM, precision: str) -> MaskedLM:
    """Return a model as the engine uses it in a precision."""
    optimize_for_cpu(mlm, precision)
    return mlm


def ours(mlm: MaskedLM, texts: list[str]) -> list:
    """Return (score, token) of the best words, by text and mask."""
    prompts = [read_prompt(text, mlm, max_characters=100_000, max_masks=10) for text in texts]
    answers = fill_masks(mlm, prompts, top_k=TOP_K)
    return [[[(p.score, p.token) for p in mask] for mask in answer.masks] for answer in answers]


def theirs(pipe, texts: list[str]) -> list:
    """Return the same from the pipeline, which omits the list level of a single text and of a single mask."""
    answers = pipe(texts, batch_size=len(texts))
    if len(texts) == 1:
        answers = [answers]
    masks = [[answer] if isinstance(answer[0], dict) else answer for answer in answers]
    return [[[(row["score"], row["token"]) for row in mask] for mask in answer] for answer in masks]


def difference(one: list, two: list) -> float:
    """Return the largest difference between two scores at the same rank."""
    return max(
        abs(a[0] - b[0])
        for answer, other in zip(one, two, strict=True)
        for mask, other_mask in zip(answer, other, strict=True)
        for a, b in zip(mask, other_mask, strict=True)
    )


def agreement(name: str) -> tuple[float, float]:
    """Return the shares of the top word and of the top five that int8 and exact agree on, one mask per sentence."""
    exact, int8 = (
        optimized(load_native(Catalogue().find(name), "cpu"), precision) for precision in PRECISIONS
    )
    chance = random.Random(0)
    first = five = 0
    for text in chance.sample(held_out_sentences(), SENTENCES):
        ids = exact.with_special_tokens(exact.encode(text).ids)
        position = chance.randrange(len(exact.prefix), len(ids) - len(exact.suffix))
        ids[position] = exact.mask_id
        one, two = (mlm.logits_at([ids], [[position]])[0].topk(5).indices.tolist() for mlm in (exact, int8))
        first += one[0] == two[0]
        five += len(set(one) & set(two)) / 5
    return first / SENTENCES, five / SENTENCES


def held_out_sentences() -> list[str]:
    """Return the sentences of our own two texts, which were written after the built-in models were trained."""
    texts = [
        (ROOT / "assets" / "corpora" / name).read_text() for name in ("general_english.txt", "beekeeping.txt")
    ]
    sentences = re.split(r"(?<=[.?!])\s+", "\n".join(texts))
    return [text for text in sentences if 6 <= len(text.split()) <= 40]


if __name__ == "__main__":
    main()
