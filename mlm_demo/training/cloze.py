"""An exam a domain sets itself: its own most typical terms, hidden in held-out sentences.

Typical are the words whose share in the domain's text stands out most over general English, by the log-odds ratio
with a Dirichlet prior over its standard error (Monroe, Colaresi & Quinn 2008). A term is hidden whole, all its
pieces, and read from left to right: it counts as found among the first k if each piece is, given the true pieces
before it.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import log, sqrt

from mlm_demo.models.masked_lm import MaskedLM

QUESTIONS, TERMS, PER_TERM = 120, 60, 2
SHORTEST_TERM, LEAST_SEEN = 4, 2
SENTENCE = re.compile(r"[^.!?\n]*[.!?](?=\s|$)")
WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
PRIOR = 500.0  # pseudo-counts: how much general and domain text together are believed before looking


@dataclass(frozen=True)
class Question:
    """A sentence with the characters `start` to `end`, the term, to be hidden."""

    sentence: str
    start: int
    end: int

    @property
    def term(self) -> str:
        return self.sentence[self.start : self.end]


@dataclass(frozen=True)
class Graded:
    """A question with the rank of its worst piece, 1 the best, and what the model would have said first.

    start: where in the sentence the term begins, in characters.
    """

    sentence: str
    start: int
    term: str
    rank: int
    guess: str

    def to_json(self) -> dict:
        return asdict(self)


def set_exam(held_out: Sequence[str], domain: Sequence[str], general: Sequence[str]) -> list[Question]:
    """Questions from held-out texts about the terms most typical of the domain (all its texts)."""
    terms = typical_terms(domain, general)
    asked: Counter[str] = Counter()
    questions = []
    for text in held_out:
        for found in SENTENCE.finditer(text):
            sentence = found[0].strip()
            if not 6 <= len(sentence.split()) <= 60:
                continue
            for word in WORD.finditer(sentence):
                term = word[0].lower()
                if term in terms and asked[term] < PER_TERM:
                    asked[term] += 1
                    questions.append(Question(sentence, *word.span()))
                    break  # one question a sentence
            if len(questions) == QUESTIONS:
                return questions
    return questions


def typical_terms(domain: Sequence[str], general: Sequence[str], count: int = TERMS * 5) -> dict[str, float]:
    """The words that stand out most in the domain, with their z-scores."""
    ours, theirs = _words(domain), _words(general)
    n_ours, n_theirs = sum(ours.values()), sum(theirs.values())
    n_both = n_ours + n_theirs
    scores = {}
    for word, seen in ours.items():
        if seen < LEAST_SEEN or len(word) < SHORTEST_TERM:
            continue
        prior = PRIOR * (seen + theirs[word]) / n_both
        a, b = seen + prior, theirs[word] + prior
        odds = log(a / (n_ours + PRIOR - a)) - log(b / (n_theirs + PRIOR - b))
        scores[word] = odds / sqrt(1 / a + 1 / b)
    best = sorted(scores.items(), key=lambda item: -item[1])[:count]
    return {word: score for word, score in best if score > 0}


def sit_exam(mlm: MaskedLM, questions: Sequence[Question]) -> list[Graded]:
    """Grade a model; a sentence longer than the model reads is left out, and one that holds a special token as text."""
    rows, positions, owners, truths = [], [], [], []
    special = mlm.tokenizer.all_special_tokens
    for number, question in enumerate(questions):
        if any(token in question.sentence for token in special):
            continue
        encoded = mlm.encode(question.sentence)
        inside = [
            i
            for i, (start, end) in enumerate(encoded.offsets)
            if end > question.start and start < question.end and end > start
        ]
        if not inside or len(encoded.ids) > mlm.capacity:
            continue
        for n, at in enumerate(inside):
            ids = list(encoded.ids)
            for later in inside[n:]:
                ids[later] = mlm.mask_id
            rows.append(mlm.with_special_tokens(ids))
            positions.append([at + len(mlm.prefix)])
            owners.append(number)
            truths.append(encoded.ids[at])
    graded: dict[int, Graded] = {}
    for first in range(0, len(rows), 64):
        part = slice(first, first + 64)
        logits = mlm.logits_at(rows[part], positions[part])
        for row, owner, truth in zip(logits, owners[part], truths[part], strict=True):
            rank = int((row > row[truth]).sum()) + 1
            known = graded.get(owner)
            guess = known.guess if known else mlm.token_str(int(row.argmax())).strip()
            rank = max(rank, known.rank) if known else rank
            graded[owner] = Graded(
                questions[owner].sentence, questions[owner].start, questions[owner].term, rank, guess
            )
    return [graded[owner] for owner in sorted(graded)]


def share_within(graded: Sequence[Graded], k: int) -> float:
    """The share of questions whose term was among the first k."""
    return sum(answer.rank <= k for answer in graded) / len(graded) if graded else 0.0


def _words(texts: Sequence[str]) -> Counter[str]:
    return Counter(word.lower() for text in texts for word in WORD.findall(text))
