"""Which way of searching by a masked language model ranks the evidence for a question first?

The questions and sentences are those of PubMedQA's joint pools, by default the half that `downstream.py` judges on. It
prints the mean reciprocal rank of the evidence, for each model: among the sentences of its pool (some thirty, of near
papers), and among all sentences of all pools, as a search in one's own papers has it. The rules on top need no model.
Similarities are cosines; what is centered has the mean of all sentences taken off first. At the end stand the search
that the page and the shell have, and its gain over two rules with 95% intervals. The way was chosen on the second half,
so the first one judges it. The data is public and not part of the project; without it this says so.
"""

import argparse
from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from downstream import CORPORA, pubmedqa

from mlm_demo.corpus.examples.example import EvidencePool
from mlm_demo.inference.bm25 import BM25
from mlm_demo.inference.extract.paper import Paper
from mlm_demo.inference.search import Index, fused_ranks
from mlm_demo.models.catalogue import Catalogue
from mlm_demo.models.cpu.optimize import optimize_for_cpu
from mlm_demo.models.loader import load
from mlm_demo.models.masked_lm import MaskedLM
from mlm_demo.models.native_bert.loader import load_native
from mlm_demo.training.downstream.baselines import WordOverlap, words_of
from mlm_demo.training.downstream.ranking_metrics import reciprocal_rank

LAYERS = {"middle layers": [2, 3, 4], "last layer": [-1]}
PASS = 32  # sentences
AS_BUILT = "**last layer: mean, centered, ranks fused with BM25 (as built)**"
HALVES = ("first", "second")


class Collection:
    """The sentences of all pools, each once, and the questions asked of them."""

    def __init__(self, pools: Sequence[EvidencePool]):
        self.pools = pools
        self.sentences = list(dict.fromkeys(sentence for pool in pools for sentence in pool.sentences))
        self.questions = [pool.question for pool in pools]
        self._number = {sentence: number for number, sentence in enumerate(self.sentences)}

    def reciprocal_ranks(self, scores: np.ndarray) -> np.ndarray:
        """Return those of each question in its pool and among all: (2, questions); scores: (questions, sentences)."""
        in_pool, in_all = [], []
        for row, pool in zip(scores, self.pools, strict=True):
            numbers, labels = [self._number[s] for s in pool.sentences], np.array(pool.labels)
            in_pool.append(reciprocal_rank(row[numbers], labels))
            of_all = np.zeros(len(row), bool)
            of_all[numbers] = labels
            in_all.append(reciprocal_rank(row, of_all))
        return np.array([in_pool, in_all])


def shared_words(found: Collection) -> np.ndarray:
    """Return the weight of the words in common, as the task evidence has it."""
    overlap = WordOverlap(found.sentences)
    sets = [set(words_of(sentence)) for sentence in found.sentences]
    asked = [set(words_of(question)) for question in found.questions]
    return np.array([[overlap.weight(question & words) for words in sets] for question in asked])


def bm25(found: Collection) -> np.ndarray:
    """Return BM25, as the search has it."""
    words = BM25(found.sentences)
    return np.array([words.scores(question) for question in found.questions])


class States:
    """Hidden states of a model: of each text (layers, tokens, hidden size) float16, special tokens excluded."""

    def __init__(self, mlm: MaskedLM, texts: Sequence[str]):
        self.ids = [mlm.encode(text).ids[: mlm.capacity] for text in texts]
        self.states: list[np.ndarray] = [np.empty(0)] * len(texts)
        order = sorted(range(len(texts)), key=lambda number: len(self.ids[number]))
        for start in range(0, len(order), PASS):
            part = order[start : start + PASS]
            rows = {"input_ids": [mlm.with_special_tokens(self.ids[number]) for number in part]}
            inputs = mlm.tokenizer.pad(rows, return_tensors="pt")
            with torch.inference_mode():
                hidden = mlm.model.base_model(**inputs, output_hidden_states=True).hidden_states
            for number, of_text in zip(part, torch.stack(hidden, 1).half().numpy(), strict=True):
                self.states[number] = of_text[:, len(mlm.prefix) :][:, : len(self.ids[number])]

    def of(self, layers: list[int]) -> list[np.ndarray]:
        """Return the mean over some layers: (tokens, hidden size) float32 of each text."""
        return [of_text[layers].astype(np.float32).mean(0) for of_text in self.states]


def ways_of(found: Collection, name: str) -> Iterator[tuple[str, np.ndarray]]:
    """Yield each way to search by a model, with its scores: (questions, sentences)."""
    mlm = load(Catalogue().find(name), device="cpu")
    asked, read = States(mlm, found.questions), States(mlm, found.sentences)
    frequency = Counter(token for ids in read.ids for token in set(ids))
    count = len(found.sentences)
    weights = [
        [np.log((count + 1) / (frequency[token] + 1)) for token in ids] for ids in (*asked.ids, *read.ids)
    ]
    of_asked, of_read = weights[: len(asked.ids)], weights[len(asked.ids) :]
    words, by_words = shared_words(found), bm25(found)
    for title, layers in LAYERS.items():
        questions, sentences = asked.of(layers), read.of(layers)
        means = np.array([one.mean(0) for one in questions]), np.array([one.mean(0) for one in sentences])
        yield f"{title}: mean", cosines(*means)
        middle = means[1].mean(0)
        centered = means[0] - middle, means[1] - middle
        yield f"{title}: mean, centered", cosines(*centered)
        direction = np.linalg.svd(centered[1], full_matrices=False)[2][:1]
        yield (
            f"{title}: mean, centered, without the largest direction",
            cosines(*(one - one @ direction.T @ direction for one in centered)),
        )
        rare = (
            np.array([weighted_mean(*one) for one in zip(questions, of_asked, strict=True)]),
            np.array([weighted_mean(*one) for one in zip(sentences, of_read, strict=True)]),
        )
        yield f"{title}: mean, rare tokens more, centered", cosines(*(one - rare[1].mean(0) for one in rare))
        late = late_interaction(questions, sentences, of_asked)
        yield f"{title}: late interaction, rare tokens more", late
        yield f"{title}: late interaction", late_interaction(questions, sentences)
        if title == "last layer":
            for way, scores in (("mean, centered", cosines(*centered)), ("late interaction", late)):
                yield f"{title}: {way}, plus words in common", standard(scores) + standard(words)
                yield f"{title}: {way}, plus BM25", standard(scores) + standard(by_words)
                yield (
                    f"{title}: {way}, ranks fused with words in common",
                    np.array([fused_ranks(*one) for one in zip(scores, words, strict=True)]),
                )
    yield AS_BUILT, as_built(found, name)


def as_built(found: Collection, name: str) -> np.ndarray:
    """Return the merged ranks of the search of the page and the shell."""
    mlm = load_native(Catalogue().find(name), "cpu")
    optimize_for_cpu(mlm, "exact")
    papers = [Paper.of("", "", sentence, [(0, len(sentence))]) for sentence in found.sentences]
    index = Index(mlm, papers)
    assert len(index.places) == len(found.sentences)
    return np.array(
        [
            fused_ranks(index.similarities(mlm, question), index.words.scores(question))
            for question in found.questions
        ]
    )


def cosines(questions: np.ndarray, sentences: np.ndarray) -> np.ndarray:
    """Return the cosine of each pair of rows."""
    return unit(questions) @ unit(sentences).T


def weighted_mean(states: np.ndarray, weights: Sequence[float]) -> np.ndarray:
    """Return the weighted mean of token vectors."""
    return np.array(weights, np.float32) @ states / max(sum(weights), 1e-9)


def late_interaction(
    questions: Sequence[np.ndarray],
    sentences: Sequence[np.ndarray],
    weights: Sequence[Sequence[float]] | None = None,
) -> np.ndarray:
    """Return ColBERT's MaxSim (arXiv 2004.12832): for each token of a question the nearest one of the sentence."""
    tokens = unit(np.concatenate(sentences))
    starts = np.cumsum([0, *(len(one) for one in sentences[:-1])])
    return np.array(
        [
            np.average(
                np.maximum.reduceat(unit(question) @ tokens.T, starts, axis=1),
                axis=0,
                weights=None if weights is None else weights[number],
            )
            for number, question in enumerate(questions)
        ]
    )


def unit(vectors: np.ndarray) -> np.ndarray:
    """Return vectors of length 1."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)


def standard(scores: np.ndarray) -> np.ndarray:
    """Return the scores of each question with mean 0 and deviation 1."""
    return (scores - scores.mean(1, keepdims=True)) / np.maximum(scores.std(1, keepdims=True), 1e-9)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("models", nargs="*", default=["general", "biomedical"], help="default: both built in")
    parser.add_argument("--half", choices=HALVES, default="second", help="of the papers; default: second")
    options = parser.parse_args()
    if not CORPORA.is_dir():
        raise SystemExit(f"The data is not there ({CORPORA}).")
    found = Collection(pubmedqa()[HALVES.index(options.half)])
    print(f"{len(found.pools)} questions, {len(found.sentences):,} sentences\n")
    nothing = np.zeros((len(found.questions), len(found.sentences)))
    rules = {"random": nothing, "words in common": shared_words(found), "BM25": bm25(found)}
    rows = {rule: [found.reciprocal_ranks(scores)] * len(options.models) for rule, scores in rules.items()}
    for name in options.models:
        for way, scores in ways_of(found, name):
            rows.setdefault(way, []).append(found.reciprocal_ranks(scores))
    print("| | " + " | ".join(f"{name}, in its pool | among all" for name in options.models) + " |")
    print("|---|" + "---|---|" * len(options.models))
    for way, ranks in rows.items():
        print(f"| {way} | {' | '.join(f'{one:.3f}' for each in ranks for one in each.mean(1))} |")
    for rule in ("words in common", "BM25"):
        gains = [built - of_rule for built, of_rule in zip(rows[AS_BUILT], rows[rule], strict=True)]
        print(f"| as built, against {rule} | {' | '.join(gain(one) for each in gains for one in each)} |")


def gain(differences: np.ndarray) -> str:
    """Return the mean difference of paired values with its 95% interval."""
    spread = 1.96 * differences.std(ddof=1) / len(differences) ** 0.5
    return f"{differences.mean():+.3f} ± {spread:.3f}"


if __name__ == "__main__":
    main()
