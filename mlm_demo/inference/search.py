"""Search for the sentences of papers that are nearest to a query, by the vectors of a masked language model.

A vector is the mean of the last hidden states of a text's tokens, less the mean vector of all passages, which would
else make every pair alike. Such a model was never trained to search, so its ranking is merged with that of the words
in common (reciprocal rank fusion, Cormack et al. 2009); what each way is worth is in docs/experiments.md.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from mlm_demo.errors import ParameterError, PromptError, shown
from mlm_demo.inference.bm25 import BM25
from mlm_demo.inference.extract.paper import Paper
from mlm_demo.inference.surrogates import check_surrogates
from mlm_demo.models.masked_lm import MaskedLM

TOP_K = 10
RANKS = 60  # added to every rank, so that the first few of one ranking do not decide alone
CHUNK = 128  # rows between two reports of progress
DIGITS = 4  # of a similarity


@dataclass(frozen=True)
class Passage:
    """A sentence that was found: `text` is the characters `start` to `end` of its paper.

    similarity: the cosine of its vector and that of the query, from -1 to 1. The order is not that of the similarities
    alone, because the words in common count too.
    """

    document: str
    title: str
    start: int
    end: int
    text: str
    similarity: float

    def to_json(self) -> dict:
        """Return the JSON of the shell."""
        return asdict(self)


class Index:
    """The sentences of papers with their vectors, of one model.

    Raises ParameterError without papers, or if they have no sentence with a letter or digit; ModelError as
    `MaskedLM.hidden_states` does. on_progress: called with the share that is done.
    """

    def __init__(
        self,
        mlm: MaskedLM,
        papers: Sequence[Paper],
        on_progress: Callable[[float], None] = lambda share: None,
    ):
        if not papers:
            raise ParameterError("There is no paper to search; add files.")
        self.places = [
            (paper, start, end)
            for paper in papers
            for start, end in paper.sentences
            if any(map(str.isalnum, paper.text[start:end]))
        ]
        if not self.places:
            raise ParameterError("The papers have no sentences to search; add others.")
        texts = [paper.text[start:end] for paper, start, end in self.places]
        self.words = BM25(texts)
        vectors = mean_vectors(mlm, texts, on_progress)
        # The only passage would be its own mean, and so have no direction.
        self.mean = vectors.mean(0) if len(texts) > 1 else np.zeros_like(vectors[0])
        self.vectors = _unit(vectors - self.mean)

    @property
    def bytes(self) -> int:
        """About how much memory the index takes."""
        texts = {id(paper): len(paper.text) for paper, _, _ in self.places}
        return self.vectors.nbytes + self.words.bytes + sum(texts.values()) + 200 * len(self.places)

    def similarities(self, mlm: MaskedLM, query: str) -> np.ndarray:
        """Return the cosine of each passage with a query: (passages,) float32."""
        return self.vectors @ _unit(mean_vectors(mlm, [query])[0] - self.mean)

    def search(self, mlm: MaskedLM, query: str, top_k: int = TOP_K) -> list[Passage]:
        """Return the `top_k` nearest passages, the nearest first; equal ones in the order of the papers."""
        similarities = self.similarities(mlm, query)
        fused = fused_ranks(similarities, self.words.scores(query))
        return [
            self._passage(number, similarities[number])
            for number in np.argsort(-fused, kind="stable")[:top_k].tolist()
        ]

    def _passage(self, number: int, similarity: np.float32) -> Passage:
        paper, start, end = self.places[number]
        similarity = round(float(similarity), DIGITS)
        return Passage(paper.document, paper.title, start, end, paper.text[start:end], similarity)


def fused_ranks(similarities: np.ndarray, shared: np.ndarray) -> np.ndarray:
    """Return the merged ranking as scores, higher is nearer: (passages,) float64.

    shared: the scores of the words in common. Equal values have the same rank, and a passage that shares no word gets
    nothing for its rank among the words.
    """
    return 1 / (RANKS + _ranks(similarities)) + (shared > 0) / (RANKS + _ranks(shared))


def mean_vectors(
    mlm: MaskedLM, texts: Sequence[str], on_progress: Callable[[float], None] = lambda share: None
) -> np.ndarray:
    """Return the mean of the last hidden states of each text's tokens: (texts, hidden size) float32.

    A text longer than a window is read in several. A text without tokens has zeros. Texts of similar length share a
    pass, whatever their order.
    """
    rows = [
        (number, ids[start : start + mlm.capacity])
        for number, ids in enumerate(mlm.encode(text).ids for text in texts)
        for start in range(0, len(ids), mlm.capacity)
    ]
    rows.sort(key=lambda row: (len(row[1]), row[1]))
    first, tokens = len(mlm.prefix), np.zeros((len(texts), 1), np.float32)
    sums: np.ndarray | None = None
    total, done = sum(len(ids) for _, ids in rows), 0
    for start in range(0, len(rows), CHUNK):
        chunk = rows[start : start + CHUNK]
        states = mlm.hidden_states([mlm.with_special_tokens(ids) for _, ids in chunk])
        for (number, ids), of_row in zip(chunk, states, strict=True):
            if sums is None:
                sums = np.zeros((len(texts), of_row.shape[1]), np.float32)
            sums[number] += of_row[first : first + len(ids)].sum(0).cpu().numpy()
            tokens[number] += len(ids)
            done += len(ids)
        on_progress(done / total)
    return np.zeros((len(texts), 1), np.float32) if sums is None else sums / np.maximum(tokens, 1)


def check_query(query: str, mlm: MaskedLM, max_characters: int) -> str:
    """Return a query without white space around it.

    Raises PromptError if it is empty, longer than a window, or holds half of a surrogate pair.
    """
    query = query.strip()
    if not query:
        raise PromptError("The query is empty; write what to look for.")
    if len(query) > max_characters:
        raise PromptError(
            f"The query has {len(query):,} characters; the limit is {max_characters:,}. Shorten it."
        )
    check_surrogates(query, "the query")
    if (count := len(mlm.encode(query).ids)) > mlm.capacity:
        raise PromptError(
            f"The query has {count:,} tokens and {mlm.name} reads {mlm.capacity:,} at once; shorten it."
        )
    return query


def check_top_k(top_k: object) -> int:
    """Return how many passages are wanted; raises ParameterError if that is no whole number above 0."""
    if isinstance(top_k, bool) or not isinstance(top_k, int | float) or top_k < 1 or top_k != top_k // 1:
        raise ParameterError(f"top_k is {shown(top_k)}; it must be a whole number, at least 1.")
    return int(top_k)


def _ranks(values: np.ndarray) -> np.ndarray:
    """Return the rank of each value, 1 for the highest; equal values have the same."""
    return 1 + len(values) - np.searchsorted(np.sort(values), values, side="right")


def _unit(vectors: np.ndarray) -> np.ndarray:
    """Return vectors of length 1, or 0 where there is no direction."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)
