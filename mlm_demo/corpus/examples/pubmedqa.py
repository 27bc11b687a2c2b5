"""Make pools of sentences from PubMedQA's rows: a question, the abstract, and its conclusion as the long answer.

The sentences of the conclusion are the evidence. Against the own abstract alone they are found without reading the
question, because conclusions are worded as such, and against other papers' conclusions alone by shared words. So a
pool is joint: the sentences of the own abstract and the conclusions of the nearest papers.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mlm_demo.corpus.documents import Dropped
from mlm_demo.corpus.examples.example import EvidencePool
from mlm_demo.corpus.examples.records import Record
from mlm_demo.corpus.sentences import split_sentences

NEAREST = 10  # papers whose conclusions join a pool


@dataclass(frozen=True)
class Paper:
    """A paper that asks a question: the sentences of its abstract and of its conclusion, and its MeSH terms."""

    where: str
    id: str
    question: str
    sentences: tuple[str, ...]
    conclusion: tuple[str, ...]
    mesh: frozenset[str]


def is_paper(values: Mapping[str, object]) -> bool:
    """Return whether a row is a paper in PubMedQA's form."""
    return "long_answer" in values


def read_paper(record: Record) -> Paper | Dropped:
    """Return the paper of a row, or what it lacks."""
    row = record.values
    question = " ".join(_strings(row.get("question"), " "))
    context, mesh = row.get("context", row.get("contexts")), row.get("mesh", row.get("meshes"))
    if isinstance(context, Mapping):  # as the Hub has it
        context, mesh = context.get("contexts"), context.get("meshes")
    sentences, conclusion = _sentences(context), _sentences(row.get("long_answer"))
    if not question:
        return Dropped(record.where, "its question is empty")
    if not sentences or not conclusion:
        return Dropped(
            record.where, f"its {'context' if conclusion else 'long_answer'} has no sentence", question[:80]
        )
    id = str(row.get("id") or row.get("pubid") or record.where)
    return Paper(record.where, id, question, sentences, conclusion, frozenset(_strings(mesh, ",")))


def joint_pools(papers: Sequence[Paper], *, seed: int = 0) -> Iterator[EvidencePool]:
    """Yield a pool for each paper: its conclusion, its abstract, and the conclusions of the NEAREST other papers.

    Papers are near by the share of MeSH terms that they have in common (Jaccard); equally near ones are in the order
    of a seed, so papers without terms get others at random. To measure, split the papers first and make the pools of
    each part: a conclusion that one part has to find would else be wrong in pools of the other.
    """
    for paper, near in zip(papers, _nearest(papers, seed), strict=True):
        labels = dict.fromkeys(paper.conclusion, True)
        others = [sentence for number in near for sentence in papers[number].conclusion]
        for sentence in (*paper.sentences, *others):
            labels.setdefault(sentence, False)
        yield EvidencePool(paper.id, paper.question, tuple(labels), tuple(labels.values()), paper.id)


def _nearest(papers: Sequence[Paper], seed: int) -> Iterator[list[int]]:
    """Yield for each paper the numbers of the NEAREST others, the nearest first."""
    order = np.random.default_rng(seed).permutation(len(papers))
    by_term: dict[str, list[int]] = {}
    for number, paper in enumerate(papers):
        for term in paper.mesh:
            by_term.setdefault(term, []).append(number)
    with_term = {term: np.array(numbers) for term, numbers in by_term.items()}
    sizes = np.array([len(paper.mesh) for paper in papers])
    for number, paper in enumerate(papers):
        shared = np.zeros(len(papers))
        for term in paper.mesh:
            shared[with_term[term]] += 1
        similarity = shared / np.maximum(1, sizes + sizes[number] - shared)
        similarity[number] = -1
        ranked = np.lexsort((order, -similarity))
        yield ranked[: min(NEAREST, len(papers) - 1)].tolist()


def _sentences(value: object) -> tuple[str, ...]:
    paragraphs = _strings(value, "\n\n")
    found = [text[s.start : s.end] for text in paragraphs for s in split_sentences(text)]
    return tuple(sentence for sentence in found if any(map(str.isalnum, sentence)))


def _strings(value: object, separator: str) -> list[str]:
    """Return the parts of a cell that is a list, or a text with separators."""
    parts = value if isinstance(value, list) else str(value or "").split(separator)
    return [stripped for part in parts if isinstance(part, str) and (stripped := part.strip())]
