"""Ask a model for the objects of facts, and ask the same templates without their subjects.

What a template alone brings among the first words was not known of the subject: in *[X] was born in [Y]* a frequent
city is often right (Cao et al. 2021, arXiv 2106.09231; Sung et al. 2021 for biomedical facts, arXiv 2109.07154).
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch

from mlm_demo.errors import MlmDemoError, ParameterError
from mlm_demo.inference.fill_mask import check_top_k, distributions
from mlm_demo.inference.pairs import wilson_interval
from mlm_demo.inference.prompt import Prompt, read_prompt
from mlm_demo.inference.targets import target_pieces
from mlm_demo.models.masked_lm import MaskedLM

SUBJECT, OBJECT, MASK = "[X]", "[Y]", "<mask>"
AT_ONCE = 32  # sentences in a pass
TOP_K = 10


@dataclass(frozen=True)
class AskedFact:
    """A fact with the rank and probability of its object, 1 the most probable token, with its subject and without."""

    relation: str
    subject: str
    template: str
    object: str
    rank: int
    probability: float
    rank_without: int
    probability_without: float


@dataclass(frozen=True)
class Share:
    """How many objects are among the first words, with the 95% interval of the share."""

    correct: int
    accuracy: float
    low: float
    high: float

    @classmethod
    def of(cls, ranks: Sequence[int], k: int) -> "Share":
        """Count the ranks up to k."""
        correct = sum(rank <= k for rank in ranks)
        return cls(correct, correct / len(ranks), *wilson_interval(correct, len(ranks)))


@dataclass(frozen=True)
class Recall:
    """The facts of a relation: how many objects come first, and among the first k, with the subject and without."""

    relation: str
    facts: int
    first: Share
    first_without: Share
    in_k: Share
    in_k_without: Share

    @classmethod
    def of(cls, relation: str, facts: Sequence[AskedFact], k: int) -> "Recall":
        """Count the facts of a relation."""
        ranks, without = [fact.rank for fact in facts], [fact.rank_without for fact in facts]
        shares = Share.of(ranks, 1), Share.of(without, 1), Share.of(ranks, k), Share.of(without, k)
        return cls(relation, len(facts), *shares)


@dataclass(frozen=True)
class AskedFacts:
    """A model's answers: by relation in the order of the facts, together, and fact by fact.

    left_out: facts that the model cannot be asked, each with the reason.
    """

    model: dict
    k: int
    relations: tuple[Recall, ...]
    together: Recall
    facts: tuple[AskedFact, ...]
    left_out: tuple[dict, ...]

    @classmethod
    def of(cls, model: dict, k: int, outcomes: "Sequence[AskedFact | dict]") -> "AskedFacts":
        """Count answers; outcomes: each fact, as a dictionary if the model cannot be asked. One of them can be."""
        facts = [one for one in outcomes if isinstance(one, AskedFact)]
        return cls(
            model=model,
            k=k,
            relations=tuple(
                Recall.of(name, [fact for fact in facts if fact.relation == name], k)
                for name in dict.fromkeys(fact.relation for fact in facts)
            ),
            together=Recall.of("all", facts, k),
            facts=tuple(facts),
            left_out=tuple(one for one in outcomes if isinstance(one, dict)),
        )

    def to_json(self) -> dict[str, Any]:
        """Return the JSON of the command line."""
        return asdict(self)


def ask_facts(
    mlm: MaskedLM,
    facts: Sequence[tuple[str, str, str, str]],
    *,
    k: float = TOP_K,
    max_characters: int = 20_000,
    on_progress: Callable[[float], None] = lambda share: None,
) -> AskedFacts:
    """Ask for the object of each fact, with its subject and with a mask in the subject's place, and count.

    facts: relation, subject, template with [X] and [Y], object. An object has to be one token of the vocabulary. Raises
    ParameterError for a k out of range, and the error of the first fact if none can be asked.
    """
    k = check_top_k(k, mlm)
    found = ask_each(mlm, facts, max_characters=max_characters, on_progress=on_progress)
    if all(isinstance(one, MlmDemoError) for one in found):
        raise found[0]
    outcomes = [
        {**_named(fact), "error": str(one)} if isinstance(one, MlmDemoError) else one
        for fact, one in zip(facts, found, strict=True)
    ]
    return AskedFacts.of(mlm.describe(), k, outcomes)


def ask_each(
    mlm: MaskedLM,
    facts: Sequence[tuple[str, str, str, str]],
    *,
    max_characters: int = 20_000,
    on_progress: Callable[[float], None] = lambda share: None,
) -> list[AskedFact | MlmDemoError]:
    """Ask for some facts as `ask_facts` does; a fact that cannot be asked gets its error."""
    asked: list[tuple[tuple[Prompt, int], tuple[Prompt, int], int] | MlmDemoError] = []
    for _, subject, template, answer in facts:
        try:
            prompts = [_prompt(mlm, template, filled, max_characters) for filled in (subject, MASK)]
            asked.append((*prompts, _token(mlm, *prompts[0], answer)))
        except MlmDemoError as error:
            asked.append(error)
    tokens: dict[tuple[Prompt, int], set[int]] = {}
    for one in asked:
        if isinstance(one, MlmDemoError):
            continue
        *both, token = one
        for prompt in both:  # a template without its subject is the same sentence for all its facts
            tokens.setdefault(prompt, set()).add(token)
    found = _ranks(mlm, list(tokens), tokens, on_progress)
    return [
        one
        if isinstance(one, MlmDemoError)
        else AskedFact(*fact, *found[one[0], one[2]], *found[one[1], one[2]])
        for fact, one in zip(facts, asked, strict=True)
    ]


def _named(fact: tuple[str, str, str, str]) -> dict[str, str]:
    return dict(zip(("relation", "subject", "template", "object"), fact, strict=True))


def _prompt(mlm: MaskedLM, template: str, subject: str, max_characters: int) -> tuple[Prompt, int]:
    """Return a sentence, and which of its masks is the object's."""
    before = template.index(SUBJECT) < template.index(OBJECT)
    masks = 2 if subject == MASK else 1
    text = template.replace(OBJECT, MASK).replace(SUBJECT, subject)
    prompt = read_prompt(text, mlm, max_characters=max_characters, max_masks=len(text))
    if len(prompt.spans) != masks:
        raise ParameterError(f"The sentence {text!r} holds a blank beside the object; write it out.")
    return prompt, masks - 1 if before else 0


def _token(mlm: MaskedLM, prompt: Prompt, mask: int, answer: str) -> int:
    """Return the token of an object; raises ParameterError if it is not one token."""
    pieces = target_pieces(mlm, prompt, mask, answer)
    if len(pieces) != 1:
        how = f"writes {answer!r} with {len(pieces)} tokens" if pieces else f"cannot write {answer!r}"
        raise ParameterError(f"{mlm.name} {how}; an object has to be one token.")
    return pieces[0]


def _ranks(
    mlm: MaskedLM,
    sentences: Sequence[tuple[Prompt, int]],
    tokens: dict[tuple[Prompt, int], set[int]],
    on_progress: Callable[[float], None],
) -> dict[tuple[tuple[Prompt, int], int], tuple[int, float]]:
    """Return the rank and probability of tokens in sentences."""
    found = {}
    for start in range(0, len(sentences), AT_ONCE):
        some = sentences[start : start + AT_ONCE]
        for (prompt, mask), (rows, _) in zip(some, distributions(mlm, [p for p, _ in some]), strict=True):
            row: torch.Tensor = rows[mask]
            for token in tokens[prompt, mask]:
                own = row[token]
                found[(prompt, mask), token] = int((row > own).sum()) + 1, own.item()
        on_progress(min(1.0, (start + AT_ONCE) / len(sentences)))
    return found
