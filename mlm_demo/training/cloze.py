"""A cloze exam about a domain: its most typical terms, masked in held-out sentences.

The typical terms are those whose share in the domain's text stands out most over general English, by the log-odds
ratio with a Dirichlet prior, divided by its standard error (Monroe, Colaresi & Quinn 2008). Stop words and words that
are not rare in general English are no terms. All tokens of a term are masked, and predicted from left to right: the
term ranks as its worst token, given the true tokens before it.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from math import log, sqrt

from mlm_demo.models.masked_lm import MaskedLM
from mlm_demo.models.tokenizer import Tokenizer
from mlm_demo.training.stop_words import is_stop_word, singulars

QUESTIONS = 120
MIN_LENGTH, MIN_COUNT, MIN_TEXTS = 4, 3, 2
RARE = 3e-4  # the largest share of a term in general English
PRIOR = 500.0  # pseudo-counts: the weight of the prior, which is general and domain text together
SEVERAL_TOKENS = 2.0  # how much more a term of several tokens counts: the model has yet to learn these words
LEAST_TYPICAL = 0.8  # z-score, after this: below are words like any others
ROWS_PER_PASS = 64

FEWEST_WORDS, MOST_WORDS = 6, 60  # of a sentence
ENOUGH_WORDS, NOT_TOO_MANY = 8, 40  # preferred
MIN_SHARE_OF_WORDS = 0.7  # what has fewer words among its numbers and signs is a table row
WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
TERM = re.compile(rf"(?<![\w-]){WORD.pattern}(?![\w-])")  # not a part of a name like ch4701
SOFT_BREAK = re.compile(
    r"(?<=[^\n]{40})\n(?=[^\n])"
)  # a line this long was wrapped, and its sentence goes on
SENTENCE_BREAK = re.compile(
    r"(?<=[.!?])(?<!\bvs\.)(?<!\bal\.)(?<!\bDr\.)(?<!\bFig\.)(?<!\be\.g\.)(?<!\bi\.e\.)(?<!\b[A-Z]\.)"
    r"\s+(?=[\"“‘(\[]?[^\W_a-z])"
)
NO_PROSE = re.compile(  # tables, markup and links; headings; what is glued to a sentence; lists
    r"[|#\\{}]|https?:|www\.|^[^a-z]*$|[a-z)][.!?][A-Z0-9]|[.!?:] - | - .* - "
)
SENTENCE = re.compile(r"[\"“‘(\[]?[^\W_a-z].*[.!?][\"”’)\]]*")


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
    """A question with the rank of its worst token (1 is best) and the model's first guess for the first token.

    start: where the term begins in the sentence, in characters; tokens: how many tokens the term has.
    """

    sentence: str
    start: int
    term: str
    rank: int
    guess: str
    tokens: int

    def to_json(self) -> dict:
        """Return the answer as a run keeps it."""
        return asdict(self)


def write_questions(
    tokenizer: Tokenizer, held_out: Sequence[str], domain: Sequence[str], general: Sequence[str]
) -> list[Question]:
    """Write one question per term, the most typical terms of the domain (all its texts) first.

    The sentences are from held-out texts, at most one question each and spread over the texts. A term of several tokens
    goes before one of a single token that is as typical.
    """
    scores = typical_terms(domain, general)
    candidates = _candidates(held_out, scores)
    asked: Counter[int] = Counter()  # questions per text
    questions: dict[str, Question] = {}  # by sentence
    for term in _most_typical_first(tokenizer, scores, candidates):
        free = [(text, q) for text, q in candidates[term] if q.sentence not in questions]
        if free and len(questions) < QUESTIONS:
            text, question = min(
                free, key=lambda item: (not _enough_context(item[1].sentence), asked[item[0]])
            )
            asked[text] += 1
            questions[question.sentence] = question
    return list(questions.values())


def typical_terms(domain: Sequence[str], general: Sequence[str]) -> dict[str, float]:
    """Return the terms that stand out in the domain with their z-scores, the largest first.

    A term stands for its plural in -s or -ies too if the domain has both.
    """
    ours, texts = _counts(domain)
    theirs, _ = _counts(general)
    n_ours, n_theirs = sum(ours.values()), sum(theirs.values())
    scores = {}
    for word in ours:
        term = _singular(word, ours)
        if term in scores or len(term) < MIN_LENGTH or is_stop_word(term):
            continue
        forms = {term, f"{term}s", f"{term.removesuffix('y')}ies"}
        seen, seen_there = (sum(counts[form] for form in forms) for counts in (ours, theirs))
        in_texts = max(texts[form] for form in forms)
        if seen < MIN_COUNT or in_texts < MIN_TEXTS or seen_there > RARE * n_theirs:
            continue
        scores[term] = _z_score(seen, n_ours, seen_there, n_theirs)
    ordered = sorted(scores.items(), key=lambda item: -item[1])
    return {term: score for term, score in ordered if score > 0}


def answer_questions(mlm: MaskedLM, questions: Sequence[Question]) -> list[Graded]:
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
    tokens = Counter(owners)
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
            graded[owner] = Graded(
                question.sentence, question.start, question.term, rank, guess, tokens[owner]
            )
    return [graded[owner] for owner in sorted(graded)]


def share_within(graded: Sequence[Graded], k: int) -> float:
    """Return the share of questions whose term is among the first k."""
    return sum(answer.rank <= k for answer in graded) / len(graded) if graded else 0.0


def _z_score(seen: int, n_ours: int, seen_there: int, n_theirs: int) -> float:
    """Return the log-odds ratio of a term with `seen` of n_ours words, divided by its standard error."""
    prior = PRIOR * (seen + seen_there) / (n_ours + n_theirs)
    a, b = seen + prior, seen_there + prior
    odds = log(a / (n_ours + PRIOR - a)) - log(b / (n_theirs + PRIOR - b))
    return odds / sqrt(1 / a + 1 / b)


def _counts(texts: Sequence[str]) -> tuple[Counter[str], Counter[str]]:
    """Return how often each word occurs, and in how many texts."""
    words, in_texts = Counter[str](), Counter[str]()
    for text in texts:
        found = WORD.findall(text.lower())
        words.update(found)
        in_texts.update(set(found))
    return words, in_texts


def _singular(word: str, known: Mapping[str, float]) -> str:
    """Return the singular of a plural in -s or -ies if that is a known word, or else the word."""
    if len(word) <= MIN_LENGTH:
        return word
    return next((one for one in singulars(word) if one in known), word)


def _candidates(texts: Sequence[str], terms: Mapping[str, float]) -> dict[str, list[tuple[int, Question]]]:
    """Return the possible questions of each term with the number of their text.

    The term occurs nowhere else in the sentence, not even in another word, which would give the answer away.
    """
    candidates = defaultdict(list)
    for number, text in enumerate(texts):
        for sentence in _sentences(text):
            lowered = sentence.lower()
            for word in TERM.finditer(sentence):
                term = _singular(word[0].lower(), terms)
                if term in terms and lowered.count(_stem(term)) == 1:
                    candidates[term].append((number, Question(sentence, *word.span())))
    return candidates


def _stem(term: str) -> str:
    """Return the beginning that a term shares with most of its other forms: bee for bees, larv for larva."""
    return term.removesuffix("s")[: max(MIN_LENGTH, len(term) - 1)]


def _sentences(text: str) -> Iterator[str]:
    """Yield the sentences of a text that may become questions: no headings, rows of tables or fragments."""
    for line in SOFT_BREAK.sub(" ", text).split("\n"):
        for sentence in SENTENCE_BREAK.split(line.strip()):
            words = sentence.split()
            if not FEWEST_WORDS <= len(words) <= MOST_WORDS or not SENTENCE.fullmatch(sentence):
                continue
            with_words = sum(bool(WORD.search(word)) for word in words)
            if with_words >= MIN_SHARE_OF_WORDS * len(words) and not NO_PROSE.search(sentence):
                yield sentence


def _enough_context(sentence: str) -> bool:
    return ENOUGH_WORDS <= len(sentence.split()) <= NOT_TOO_MANY


def _most_typical_first(
    tokenizer: Tokenizer, scores: Mapping[str, float], candidates: Mapping[str, list[tuple[int, Question]]]
) -> list[str]:
    """Return the terms to ask for; one counts as several tokens if it is that in each of its forms."""
    forms = {term: {question.term.lower() for _, question in found} for term, found in candidates.items()}
    words = list(set().union(*forms.values()))
    if not words:
        return []
    # With a space before it, as byte-level vocabularies store words.
    ids = tokenizer([f" {word}" for word in words], add_special_tokens=False, verbose=False).input_ids
    tokens = {word: len(row) for word, row in zip(words, ids, strict=True)}
    typical = {
        term: scores[term] * (SEVERAL_TOKENS if all(tokens[form] > 1 for form in forms[term]) else 1.0)
        for term in scores
        if term in forms
    }
    return sorted((t for t in typical if typical[t] >= LEAST_TYPICAL), key=lambda term: -typical[term])
