"""The outcome of a run in plain words: how much it learned, in which numbers, and what to do next."""

from dataclasses import dataclass

from mlm_demo.training.config import ENOUGH_TOKENS, PRICE_OF_FORGETTING
from mlm_demo.training.result import AdaptationResult, Comparison, CorpusFacts
from mlm_demo.training.signs import SHARED

FEW_STEPS = 50
TITLES = {
    "clearly": "Learned clearly",
    "a little": "Learned a little",
    "nothing": "Nothing measurable learned",
}
KEPT_BASE = "Base model kept"
OTHER_BASE = {"general": "biomedical", "biomedical": "general"}


@dataclass(frozen=True)
class Outcome:
    """A title of a few words, a sentence with the numbers, and what to do next."""

    title: str
    numbers: str
    advice: str

    def text(self) -> str:
        """Return it as one paragraph."""
        return f"{self.title}. {self.numbers} {self.advice}"


def outcome(result: AdaptationResult) -> Outcome:
    """Return the outcome of a run at the share of its result."""
    last = result.at(result.points[-1].share) if result.points else result
    if result.share == 0:
        numbers = f"At the end of training, {_numbers(last)}."
        if last.learned != "nothing":
            return Outcome(KEPT_BASE, numbers, _why_base(result))
        return Outcome(TITLES["nothing"], numbers, _advice(last))
    numbers = _numbers(result)
    advice = overlap(result.corpus) + _advice(result)
    return Outcome(TITLES[result.learned], f"{numbers[0].upper()}{numbers[1:]}.", advice)


def overlap(corpus: CorpusFacts) -> str:
    """Return a sentence if the figures flatter, because the training text holds much of the text that judges."""
    if corpus.shared_share < SHARED:
        return ""
    return (
        f"But {corpus.shared_share:.0%} of the held-out words are in passages that the training text has too: of new "
        "text, the model knows less than these figures say. "
    )


def caveats(result: AdaptationResult) -> str:
    """Return sentences about the figures of the domain that a reader should know; empty if there are none."""
    return sections_note(result.corpus, result.figures.domain)


def sections_note(corpus: CorpusFacts, held_out: Comparison) -> str:
    """Return sentences about sections of documents in place of documents; empty if there are none."""
    found, domain = [], held_out.after
    if both := corpus.on_both_sides:
        found.append(
            "Of one document, some sections were trained on and others held out."
            if both == 1
            else f"Of {both:,} documents, some sections were trained on and others held out."
        )
    if domain.sections == 1:
        found.append("One section of text judged, so the figures have no intervals.")
    elif domain.sections:
        found.append(f"The intervals are over {domain.sections:,} sections of few documents.")
    return " ".join(found)


def _numbers(result: AdaptationResult) -> str:
    domain, general = _change(result.figures.domain), _change(result.figures.general)
    return f"perplexity on held-out text of the domain {domain}; on general English it {general}"


def _change(part: Comparison) -> str:
    change, before, after = part.change.loss, part.before.perplexity.value, part.after.perplexity.value
    numbers = f"from {before:,.1f} to {after:,.1f}"
    if not change.side:
        return f"did not change measurably ({numbers})"
    return f"{'fell' if change.value < 0 else 'rose'} {numbers}"


def _why_base(result: AdaptationResult) -> str:
    """Return why a model that learned something is at share 0: the run chose so, or its owner did."""
    net = [
        point.figures.domain.change.loss.value + PRICE_OF_FORGETTING * point.figures.general.change.loss.value
        for point in result.points
        if point.share
    ]
    if min(net) < 0:
        return "The model is now at the base, without any of this."
    return "It forgot too much for what it learned: train on more text, or replay general text."


def _advice(result: AdaptationResult) -> str:
    if result.learned == "clearly":
        return "It is ready: use it, or take it home."
    if result.learned == "a little":
        few = result.corpus.tokens < ENOUGH_TOKENS
        more = f"add text, as {result.corpus.tokens:,} tokens are few" if few else _more_time(result)
        return f"For more, {more}."
    reason, fix = _likely_reason(result)
    return f"The likely reason: {reason}. Next, {fix}."


def _likely_reason(result: AdaptationResult) -> tuple[str, str]:
    """Return the likely reason why nothing was learned, and what to try."""
    training, tokens, figures = result.training, result.corpus.tokens, result.figures
    domain, general = figures.domain.before, figures.general.before
    if training.stopped and training.steps < training.planned:
        return f"it was stopped at step {training.steps:,} of {training.planned:,}", "resume it"
    if tokens < ENOUGH_TOKENS:
        return f"the corpus is small, with {tokens:,} tokens to learn from", "add more text"
    if training.steps < FEW_STEPS:
        return f"there was time for only {training.steps:,} steps", _more_time(result)
    if domain.loss.value <= general.loss.value:
        numbers = f"{domain.perplexity.value:,.1f}, on general English {general.perplexity.value:,.1f}"
        return f"the base model knows such text already (perplexity {numbers})", _another_base(result)
    return "training did not help with text that it had not seen", _more_time(result)


def _more_time(result: AdaptationResult) -> str:
    minutes = result.config["minutes"]
    return "train for five minutes" if minutes and minutes < 5 else "train for longer"


def _another_base(result: AdaptationResult) -> str:
    other = OTHER_BASE.get(str(result.base["name"]))
    return (
        f"try text that it has not seen, or the {other} model" if other else "try text that it has not seen"
    )
