"""Answering a question from papers on the CPU: our two stages against stock loops with the same weights.

The stock side ranks all sentences as sentence-transformers' `CrossEncoder.predict` does (batches of 32, sorted by
length, padded to the longest), and finds spans as transformers' `run_qa.py` does (windows of 384 tokens with a stride
of 128, all padded to 384, batches of 8, and its search for the best spans). Ours judges only the sentences in which the
best spans stand, which is all that the table shows. The weights are those of the built-in general model with random
heads, which does not affect speed.
"""

import re
import tempfile
from functools import partial
from pathlib import Path

import torch
from finetune import BATCH, MAX_TOKENS, STRIDE, compare, recipe_windows
from pairs import ROOT, print_table, time_pairs, wants_json
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from mlm_demo.inference.extract.extract import extract
from mlm_demo.inference.extract.paper import Paper
from mlm_demo.models.catalogue import Catalogue
from mlm_demo.models.extractor import Extractor, load_extractor
from mlm_demo.models.loader import load
from mlm_demo.models.task_loader import with_head
from mlm_demo.models.tasks import ANSWERS, EVIDENCE, TASKS

TEXT = ROOT / "assets" / "corpora" / "beekeeping.txt"
QUESTION = "How long does a queen live, and how many eggs does she lay in a day?"
ABSTRACTS, ABSTRACT_WORDS, PAPER_WORDS = 20, 220, 6000
SENTENCE = re.compile(r"[^.?!]+[.?!]*")
N_BEST, MAX_PIECES = 20, 80  # of the search of run_qa.py
RANKED_AT_ONCE = 32  # the default of CrossEncoder.predict
HEAD_SCALE = 25  # a fresh head gives logits near 0; with this they differ like those of a trained one
SECONDS = 12.0
HEADINGS = (
    "papers",
    "words",
    "sentences",
    "ours, s",
    "stock, s",
    "times as fast",
    "relevance, off by",
    "spans, off by",
)


def main() -> None:
    as_json = wants_json(__doc__)
    with tempfile.TemporaryDirectory() as folder:
        stock = save_models(Path(folder))
        ours = load_extractor(Path(folder), "ours", device="cpu")
        rows, ratios = [], {}
        for name, papers in (("extract_20", abstracts()), ("extract_paper", [whole_paper()])):
            (pair,) = time_pairs(
                [partial(extract, papers, [QUESTION], ours)], partial(answer, stock, papers), seconds=SECONDS
            )
            ratios[name] = pair.ratio
            words, sentences = sum(len(p.text.split()) for p in papers), sum(len(p.sentences) for p in papers)
            off = differences(ours, stock, papers)
            rows.append((len(papers), words, sentences, pair.ours, pair.theirs, pair.ratio, *off))
    training, _ = compare()
    ratios["finetune_tokens_per_s"] = training.ratio
    print_table(f"Extraction, {torch.get_num_threads()} threads", HEADINGS, rows, ratios, as_json)


def abstracts() -> list[Paper]:
    """Return texts of the length of an abstract, from different places of our own text."""
    words = TEXT.read_text(encoding="utf-8").split()
    step = (len(words) - ABSTRACT_WORDS) // ABSTRACTS
    return [paper_of(words[i * step : i * step + ABSTRACT_WORDS], f"abstract {i}") for i in range(ABSTRACTS)]


def whole_paper() -> Paper:
    """Return a text of the length of a paper."""
    return paper_of(TEXT.read_text(encoding="utf-8").split()[:PAPER_WORDS], "paper")


def paper_of(words: list[str], name: str) -> Paper:
    """Return words as a paper with its sentences."""
    text = " ".join(words)
    return Paper.of(name, name, text, [found.span() for found in SENTENCE.finditer(text)])


def save_models(folder: Path) -> dict[str, tuple[PreTrainedTokenizerBase, PreTrainedModel]]:
    """Save a model for each task into a folder; return the same as transformers makes them."""
    general = load(Catalogue().find("general"), device="cpu")
    made = {}
    for task in TASKS:
        model = with_head(general, task)
        head = model.model.classifier if task == EVIDENCE else model.model.qa_outputs
        head.weight.data *= HEAD_SCALE
        model.model.save_pretrained(folder / task)
        model.tokenizer.save_pretrained(folder / task)
        made[task] = model.tokenizer, model.model
    return made


def answer(stock: dict, papers: list[Paper]) -> tuple[list[float], list[tuple[float, int, int]]]:
    """Return the relevance of all sentences of all papers, and the best span of each paper."""
    pairs = [(QUESTION, paper.sentence(number)) for paper in papers for number in range(len(paper.sentences))]
    return rank(*stock[EVIDENCE], pairs), [find_span(*stock[ANSWERS], paper.text) for paper in papers]


@torch.inference_mode()
def rank(tokenizer, model, pairs: list[tuple[str, str]]) -> list[float]:
    """`CrossEncoder.predict`: the longest pairs first, padded to the longest of a batch."""
    order = sorted(range(len(pairs)), key=lambda number: -sum(map(len, pairs[number])))
    found = {}
    for start in range(0, len(order), RANKED_AT_ONCE):
        batch = order[start : start + RANKED_AT_ONCE]
        inputs = tokenizer(
            [pairs[number] for number in batch], padding=True, truncation=True, return_tensors="pt"
        )
        found |= zip(batch, model(**inputs).logits[:, 0].tolist(), strict=True)
    return [found[number] for number in range(len(pairs))]


@torch.inference_mode()
def find_span(tokenizer, model, text: str) -> tuple[float, int, int]:
    """`run_qa.py`: the best span of a text above the null answer, and its characters."""
    inputs = recipe_windows(tokenizer, QUESTION, text, MAX_TOKENS, STRIDE, return_tensors="pt")
    offsets, _ = inputs.pop("offset_mapping"), inputs.pop("overflow_to_sample_mapping")
    best, null = (-float("inf"), 0, 0), float("inf")
    for first in range(0, len(offsets), BATCH):
        output = model(**{name: tensor[first : first + BATCH] for name, tensor in inputs.items()})
        for row, (start, end) in enumerate(zip(output.start_logits, output.end_logits, strict=True)):
            null = min(null, float(start[0] + end[0]))
            inside = [part == 1 for part in inputs.sequence_ids(first + row)]
            for i in start.argsort(descending=True)[:N_BEST].tolist():
                for j in end.argsort(descending=True)[:N_BEST].tolist():
                    if inside[i] and inside[j] and i <= j < i + MAX_PIECES:
                        span = int(offsets[first + row][i][0]), int(offsets[first + row][j][1])
                        best = max(best, (float(start[i] + end[j]), *span))
    return best[0] - null, *best[1:]


def differences(ours: Extractor, stock: dict, papers: list[Paper]) -> tuple[float, float | str]:
    """Return the largest difference of a judged sentence's probability, and of a span's score.

    The second only of papers that fit into a window: stock's windows of a longer one are others.
    """
    relevance, spans = answer(stock, papers)
    found = {finding.paper.document: finding for finding in extract(papers, [QUESTION], ours).findings}
    mine = [share for paper in papers for share in found[paper.document].relevances]
    theirs = torch.tensor(relevance, dtype=torch.float64).sigmoid().tolist()
    off = max(abs(one - other) for one, other in zip(mine, theirs, strict=True) if one is not None)
    fitting = [
        abs(found[paper.document].score - score)
        for paper, (score, *_) in zip(papers, spans, strict=True)
        if len(ours.answers.pair_encoding(QUESTION, paper.text)) == 1
    ]
    return off, max(fitting, default="")


if __name__ == "__main__":
    main()
