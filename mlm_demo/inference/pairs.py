"""Judge a model by minimal pairs: in how many does it find the grammatical sentence more probable?

A sentence's score is its pseudo-log-likelihood, summed over its tokens. With the method `within_word` it is minicons'
`within_word_l2r` (Kauf & Ivanova 2023).
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from math import inf, sqrt

from mlm_demo.errors import MlmDemoError
from mlm_demo.inference.score import check_method, read_sentence, score_tokens_of
from mlm_demo.models.masked_lm import Encoded, MaskedLM

STANDARD_SCORE = 1.959964  # of a 95% interval


@dataclass(frozen=True)
class JudgedPair:
    """A pair with the pseudo-log-likelihoods of its sentences in nats; equal ones are no correct answer."""

    phenomenon: str
    good: str
    bad: str
    good_log_likelihood: float
    bad_log_likelihood: float
    correct: bool


@dataclass(frozen=True)
class Accuracy:
    """The share of correct pairs, with its 95% interval."""

    phenomenon: str
    pairs: int
    correct: int
    accuracy: float
    low: float
    high: float

    @classmethod
    def of(cls, phenomenon: str, pairs: Sequence[JudgedPair]) -> "Accuracy":
        """Count the pairs of a phenomenon."""
        correct = sum(pair.correct for pair in pairs)
        return cls(
            phenomenon, len(pairs), correct, correct / len(pairs), *wilson_interval(correct, len(pairs))
        )


@dataclass(frozen=True)
class JudgedPairs:
    """A model's judgments: by phenomenon in the order of the pairs, together, and pair by pair.

    left_out: pairs that the model cannot score, each with the reason.
    """

    model: dict
    method: str
    phenomena: tuple[Accuracy, ...]
    together: Accuracy
    pairs: tuple[JudgedPair, ...]
    left_out: tuple[dict, ...]

    @classmethod
    def of(cls, model: dict, method: str, judged: "Sequence[JudgedPair | dict]") -> "JudgedPairs":
        """Count judgments; judged: each pair, as a dictionary if the model cannot score it. One of them can be."""
        pairs = [one for one in judged if isinstance(one, JudgedPair)]
        return cls(
            model=model,
            method=method,
            phenomena=tuple(
                Accuracy.of(name, [pair for pair in pairs if pair.phenomenon == name])
                for name in dict.fromkeys(pair.phenomenon for pair in pairs)
            ),
            together=Accuracy.of("all", pairs),
            pairs=tuple(pairs),
            left_out=tuple(one for one in judged if isinstance(one, dict)),
        )

    def to_json(self) -> dict:
        """Return the JSON of the command line."""
        return asdict(self)


def judge_pairs(
    mlm: MaskedLM,
    pairs: Sequence[tuple[str, str, str]],
    *,
    method: str = "within_word",
    max_characters: int = 20_000,
    max_tokens: int = 512,
    max_seconds: float = inf,
    on_progress: Callable[[float], None] = lambda share: None,
) -> JudgedPairs:
    """Score both sentences of every pair and count.

    pairs: the phenomenon, the grammatical sentence and the other one. Raises ParameterError for an unknown method,
    PromptError if they would take longer than `max_seconds`, and the error of the first pair if none can be scored.
    """
    limits = {"max_characters": max_characters, "max_tokens": max_tokens, "max_seconds": max_seconds}
    judged = judge_each(mlm, pairs, method=method, on_progress=on_progress, **limits)
    if all(isinstance(one, MlmDemoError) for one in judged):
        raise judged[0]
    return JudgedPairs.of(
        mlm.describe(),
        method,
        [
            left_out(pair, one) if isinstance(one, MlmDemoError) else one
            for pair, one in zip(pairs, judged, strict=True)
        ],
    )


def judge_each(
    mlm: MaskedLM,
    pairs: Sequence[tuple[str, str, str]],
    *,
    method: str = "within_word",
    max_characters: int = 20_000,
    max_tokens: int = 512,
    max_seconds: float = inf,
    on_progress: Callable[[float], None] = lambda share: None,
) -> list[JudgedPair | MlmDemoError]:
    """Judge some pairs as `judge_pairs` does; a pair that cannot be scored gets its error."""
    check_method(method)
    found: list[list[Encoded] | MlmDemoError] = []
    for _, *both in pairs:
        try:
            found.append(
                [
                    read_sentence(mlm, text, max_characters=max_characters, max_tokens=max_tokens).encoded
                    for text in both
                ]
            )
        except MlmDemoError as error:
            found.append(error)
    texts = [encoded for both in found if not isinstance(both, MlmDemoError) for encoded in both]
    scored = score_tokens_of(mlm, texts, method=method, max_seconds=max_seconds, on_progress=on_progress)
    sums = iter([sum(token.log_probability for token in tokens) for tokens in scored])
    judged: list[JudgedPair | MlmDemoError] = []
    for pair, one in zip(pairs, found, strict=True):
        if isinstance(one, MlmDemoError):
            judged.append(one)
            continue
        good, bad = next(sums), next(sums)
        judged.append(JudgedPair(*pair, good, bad, good > bad))
    return judged


def left_out(pair: tuple[str, str, str], error: MlmDemoError) -> dict:
    """Return a pair that a model cannot score, with the reason."""
    phenomenon, good, bad = pair
    return {"phenomenon": phenomenon, "good": good, "bad": bad, "error": str(error)}


def accuracy_rows(models: Sequence[dict]) -> list[tuple[str, int, list[dict | None]]]:
    """Return a row for each phenomenon and a last one for all: its name, how many pairs, and each model's accuracy.

    models: as JSON. An accuracy is None where a model could score none of the pairs.
    """
    by_name = [{row["phenomenon"]: row for row in model["phenomena"]} for model in models]
    names = dict.fromkeys(name for rows in by_name for name in rows)
    found = [(name, [rows.get(name) for rows in by_name]) for name in names]
    found.append(("all", [model["together"] for model in models]))
    return [(name, max(row["pairs"] for row in rows if row), rows) for name, rows in found]


def wilson_interval(correct: int, count: int) -> tuple[float, float]:
    """Return the 95% interval of a share (Wilson 1927), which stays between 0 and 1 and is right for few pairs too."""
    z, share = STANDARD_SCORE, correct / count
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    return max(0.0, middle - half), min(1.0, middle + half)
