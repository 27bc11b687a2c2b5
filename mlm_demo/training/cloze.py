"""A cloze exam about a domain: its most typical terms, masked in held-out sentences.

The typical words are those whose share in the domain's text stands out most over general English, by the log-odds
ratio with a Dirichlet prior, divided by its standard error (Monroe, Colaresi & Quinn 2008). All tokens of a term are
masked, and predicted from left to right: the term ranks as its worst token, given the true tokens before it.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import log, sqrt

from mlm_demo.models.masked_lm import MaskedLM

QUESTIONS, TERMS, PER_TERM = 120, 60, 2
MIN_LENGTH, MIN_COUNT = 4, 2
ROWS_PER_PASS = 64
SENTENCE = re.compile(r"[^.!?\n]*[.!?](?=\s|$)")
WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
PRIOR = 500.0  # pseudo-counts: the weight of the prior, which is general and domain text together


@dataclass(frozen=True)
class Question:
    """A sentence and the characters `start` to `end` in it, the term to mask."""

    sentence: str
    start: int
    end: int

    @property
    def term(self) -> str:
        """The term to mask."""
        return self.sentence[self.start : self.end]


@dataclass(frozen=True)
class Graded:
    """A question with the rank of its worst token (1 is best) and the model's first guess.

    start: where the term begins in the sentence, in characters.
    """

    sentence: str
    start: int
    term: str
    rank: int
    guess: str

    def to_json(self) -> dict:
        """Return the answer as a run keeps it."""
        return asdict(self)


def set_exam(held_out: Sequence[str], domain: Sequence[str], general: Sequence[str]) -> list[Question]:
    """Make questions from held-out texts about the terms most typical of the domain (all its texts)."""
    terms = typical_terms(domain, general)
    asked: Counter[str] = Counter()
    questions = []
    for text in held_out:
        for match in SENTENCE.finditer(text):
            sentence = match[0].strip()
            if not 6 <= len(sentence.split()) <= 60:
                continue
            for word in WORD.finditer(sentence):
                term = word[0].lower()
                if term in terms and asked[term] < PER_TERM:
                    asked[term] += 1
                    questions.append(Question(sentence, *word.span()))
                    break  # one question per sentence
            if len(questions) == QUESTIONS:
                return questions
    return questions


def typical_terms(domain: Sequence[str], general: Sequence[str], count: int = TERMS * 5) -> dict[str, float]:
    """Return the words that stand out most in the domain, with their z-scores."""
    ours, theirs = _words(domain), _words(general)
    n_ours, n_theirs = sum(ours.values()), sum(theirs.values())
    n_both = n_ours + n_theirs
    scores = {}
    for word, seen in ours.items():
        if seen < MIN_COUNT or len(word) < MIN_LENGTH:
            continue
        prior = PRIOR * (seen + theirs[word]) / n_both
        a, b = seen + prior, theirs[word] + prior
        odds = log(a / (n_ours + PRIOR - a)) - log(b / (n_theirs + PRIOR - b))
        scores[word] = odds / sqrt(1 / a + 1 / b)
    best = sorted(scores.items(), key=lambda item: -item[1])[:count]
    return {word: score for word, score in best if score > 0}


def sit_exam(mlm: MaskedLM, questions: Sequence[Question]) -> list[Graded]:
    """Grade a model; skip sentences that are too long for it or hold a special token as text."""
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
    for first in range(0, len(rows), ROWS_PER_PASS):
        part = slice(first, first + ROWS_PER_PASS)
        logits = mlm.logits_at(rows[part], positions[part])
        for row, owner, truth in zip(logits, owners[part], truths[part], strict=True):
            rank = int((row > row[truth]).sum()) + 1
            earlier = graded.get(owner)
            guess = earlier.guess if earlier else mlm.token_str(int(row.argmax())).strip()
            rank = max(rank, earlier.rank) if earlier else rank
            question = questions[owner]
            graded[owner] = Graded(question.sentence, question.start, question.term, rank, guess)
    return [graded[owner] for owner in sorted(graded)]


def share_within(graded: Sequence[Graded], k: int) -> float:
    """Return the share of questions whose term is among the first k."""
    return sum(answer.rank <= k for answer in graded) / len(graded) if graded else 0.0


def _words(texts: Sequence[str]) -> Counter[str]:
    return Counter(word.lower() for text in texts for word in WORD.findall(text))
