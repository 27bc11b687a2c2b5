"""The README.md of an adapted model as the Hub shows it: what it is, how it was made, and how well it does."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mlm_demo.training.config import MOST_MASKED_AT_END, PRICE_OF_FORGETTING
from mlm_demo.training.exam import ExamRow, Guess, around_term, exam_rows
from mlm_demo.training.outcome import caveats
from mlm_demo.training.result import (
    DOMAIN,
    GENERAL,
    AdaptationResult,
    loss_row,
)
from mlm_demo.training.row import Value

BODY = Path(__file__).with_name("model_card.md")
BETWEEN = """
## Between base and adapted

The weights are base + share × (adapted - base), and the share of this model is {share:.0%}. Losses in nats, and what
they changed by against the base:

{table}

A run keeps the share with the lowest domain loss + {price:g} × general loss: a nat forgotten of general English costs
{price:g} nats learned of the domain. Its owner can choose another share afterwards. {choosing}
"""
HALVES = (
    "One half of the held-out texts\nchooses (the strength of the start, the best step, the share), the other half "
    "judges, so no choice flatters the figures."
)
ONE_TEXT = (
    "Only one text is held out. It\nchooses (the strength of the start, the best step, the share) and judges, which "
    "flatters the figures."
)
FALLS = {
    "linear-to-third": "linear decay to a third of it",
    "linear": "linear decay to 0",
    "cosine": "cosine decay to 0",
    "constant": "constant",
}
HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")


def model_card(result: AdaptationResult, mask_token: str) -> str:
    """Return the card of a run's result."""
    config, corpus, training = result.config, result.corpus, result.training
    example = next(
        (mask_token.join(around_term(item.sentence, item.start, item.term)) for item in result.exam),
        f"A {mask_token}.",
    )
    base = literal(title_of(result.base))
    body = BODY.read_text(encoding="utf-8").format(
        title=f"{base}, adapted to a domain",
        base=base,
        revision=result.base["revision"],
        lineage=lineage_rows(result.base),
        example=example,
        **{name: getattr(corpus, name) for name in ("words", "documents", "sha256", "tokens")},
        **{name: config[name] for name in ("batch_size", "block_size", "learning_rate", "replay", "seed")},
        masking=_masking(config),
        falls=FALLS[config.get("schedule", "linear")],  # older results do not have it
        steps=training.steps,
        kept=_kept(result),
        seconds=training.seconds,
        speed=training.tokens_per_second,
        versions=", ".join(f"{name} {version}" for name, version in result.versions.items()),
        table=metrics_table(result),
        exam=exam_table(result),
        between=_between(result),
    )
    return f"---\n{front_matter(result)}\n---\n{body}"


def front_matter(result: AdaptationResult) -> str:
    """Return the YAML that the Hub reads, with the metrics after training as its model-index."""
    # Here, because the command line imports this module for its tables alone.
    from huggingface_hub import EvalResult, ModelCardData

    # Results of one dataset type would be merged into one.
    texts = {"domain": (DOMAIN, result.figures.domain), "general": (GENERAL, result.figures.general)}
    metrics = [
        EvalResult(
            task_type="fill-mask",
            dataset_type=kind,
            dataset_name=name,
            metric_type=metric,
            metric_value=round(getattr(part.after, metric).value, 4),
        )
        for kind, (name, part) in texts.items()
        for metric in ("loss", "perplexity", "accuracy")
    ]
    return ModelCardData(
        base_model=base_on_hub(result.base),
        license=result.base.get("license") or None,
        language=result.base.get("language") or None,
        library_name="transformers",
        pipeline_tag="fill-mask",
        tags=["domain-adaptation"],
        model_name=f"{title_of(result.base)}, adapted to a domain",
        eval_results=metrics,
    ).to_yaml()


def lineage_rows(base: Mapping[str, Any]) -> str:
    """Return a row of the table for each model that a base was made from itself."""
    return "".join(
        f"| made from | {literal(name_of(str(model['name'])))}, revision {model['revision']} |\n"
        for model in base.get("ancestors", [])
    )


def _masking(config: Mapping[str, Any]) -> str:
    share = f"{config['mlm_probability']:.0%} of the tokens"
    if config["mlm_probability"] > MOST_MASKED_AT_END:
        share += f", {MOST_MASKED_AT_END:.0%} in the last fifth"
    return share + (", whole words" if config["whole_word"] else "")


def title_of(base: Mapping[str, Any]) -> str:
    """Return what a card calls the base."""
    return name_of(str(base.get("title") or base["name"]))


def base_on_hub(base: Mapping[str, Any]) -> str | None:
    """Return the nearest of a base and its ancestors that is a model of the Hub, which accepts no other name."""
    names = [str(model["name"]) for model in (base, *base.get("ancestors", []))]
    return next((name for name in names if HUB_ID.fullmatch(name)), None)


def name_of(model: str) -> str:
    """Return the name of a model on one line; of a folder only the last part of its path."""
    if model.startswith(("/", ".", "~")):
        model = model.rstrip("/").rsplit("/", 1)[-1]
    return " ".join(model.split())


def metrics_table(result: AdaptationResult) -> str:
    """Return the metrics before and after as a Markdown table, with what to know about them below."""
    rows = ["| | before | after | change |", "|---|---|---|---|"]
    rows += [f"| {' | '.join(row.cells())} |" for row in result.rows()]
    if text := caveats(result):
        rows += ["", text]
    return "\n".join(rows)


def points_table(result: AdaptationResult) -> str:
    """Return the losses at each share between base and adapted as a Markdown table; empty if none were measured."""
    if not result.points:
        return ""
    rows = ["| share | domain | change | general English | change |", "|---|---|---|---|---|"]
    for point in result.points:
        share = f"{point.share:.0%}"
        cells = [f"**{share}, this model**" if point.share == result.share else share]
        for part in (point.figures.domain, point.figures.general):
            *_, change = loss_row("", part).cells()
            cells += [Value(part.after.loss.value).text(), change if point.share else ""]
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def _between(result: AdaptationResult) -> str:
    return (
        BETWEEN.format(
            share=result.share,
            table=points_table(result),
            price=PRICE_OF_FORGETTING,
            choosing=HALVES if result.corpus.held_out_documents > 1 else ONE_TEXT,
        )
        if result.points
        else ""
    )


def _kept(result: AdaptationResult) -> str:
    training = result.training
    if result.share == 0:
        return "the base model"
    if training.best_step == 0:
        return (
            f"{'the start in closed form' if training.moved_bias else 'the base model'}: no step improved it"
        )
    return training.weights_kept


def exam_table(result: AdaptationResult) -> str:
    """Return the questions of the exam whose ranks changed most as a Markdown table, the term in bold."""
    better, worse = exam_rows(result.exam)
    rows = ["| sentence | rank before, first guess | rank after, first guess |", "|---|---|---|"]
    for row in [*better, *worse]:
        rows.append(f"| {_sentence(row)} | {_guess(row.before)} | {_guess(row.after)} |")
    return "\n".join(rows)


def _sentence(row: ExamRow) -> str:
    return f"{literal(row.left)}**{literal(row.term)}**{literal(row.right)}"


def _guess(guess: Guess) -> str:
    return f"{guess.rank:,}, *{literal(guess.guess)}*"


def literal(text: str) -> str:
    """Escape what Markdown would read as markup."""
    return re.sub(r"([\\|*_`\[\]<>])", r"\\\1", text)
