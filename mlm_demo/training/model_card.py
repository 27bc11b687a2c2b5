"""The README.md of an adapted model: what it is, from what, how, and how well, as the Hub shows it."""

import math
import re
from collections.abc import Sequence

CARD = """---
library_name: transformers
pipeline_tag: fill-mask
{base_model}tags:
  - domain-adaptation
---

# {base}, adapted to a domain

A masked language model after going on with its training on one corpus.

## Try it

```python
from transformers import pipeline

fill = pipeline("fill-mask", model="PATH_OR_ID_OF_THIS_MODEL")
print(fill({example!r}))
```

## How it was made

| | |
|---|---|
| base model | {base}, revision {revision} |
| corpus | {words:,} words, {documents:,} documents, SHA-256 {sha256} |
| steps | {steps:,} of {batch_size} blocks of {block_size} tokens, {tokens:,} tokens in the training part |
| weights kept | {kept} |
| masking | {probability:.0%}{whole_word}, 80/10/10 |
| learning rate | {learning_rate:g} at most, linear warm-up and decay, AdamW |
| general text replayed | {replay:.0%} |
| seed | {seed} |
| time | {seconds:.0f} s, {speed:,.0f} tokens a second |
| software | {versions} |

## How well it does

Hidden tokens predicted on held-out text, the same before and after (95 % intervals from a bootstrap over the held-out
texts: documents, or sections where there were few documents). The best of the base model and up to nine checkpoints
was chosen by a sample of the same text. `result.json` holds every question of the exam; it and the table below quote
sentences of the corpus.

{table}

The exam hides terms typical of the domain in held-out sentences. What rose most and what fell most, by the rank of the
right term:

{exam}

![Loss over the steps](curve.svg)

## Limits

Judged on text like its corpus only. It keeps the limits and the licence of its base model and of its corpus; ask
whoever owns the corpus before passing the model on.
"""


def model_card(result: dict, mask_token: str) -> str:
    """The card of a run's result."""
    config, corpus, training = result["config"], result["corpus"], result["training"]
    example = next((mask_token.join(around(item)) for item in result["exam"]), f"A {mask_token}.")
    base = result["base"]["name"]
    return CARD.format(
        # The Hub knows models by owner/name; of a folder the name alone is told.
        base_model=f"base_model: {base}\n" if re.fullmatch(r"[\w.-]+/[\w.-]+", base) else "",
        base=base.rstrip("/").rsplit("/", 1)[-1] if base.startswith(("/", ".", "~")) else base,
        revision=result["base"]["revision"],
        example=example,
        **{k: corpus[k] for k in ("words", "documents", "sha256", "tokens")},
        **{k: config[k] for k in ("batch_size", "block_size", "learning_rate", "replay", "seed")},
        probability=config["mlm_probability"],
        whole_word=", whole words" if config["whole_word"] else "",
        steps=training["steps"],
        kept=f"step {training['best_step']:,}"
        if training["best_step"]
        else "the base model's: no step improved them",
        seconds=training["seconds"],
        speed=training["tokens_per_second"],
        versions=", ".join(f"{name} {version}" for name, version in result["versions"].items()),
        table=figures_table(result["figures"]),
        exam=exam_table(result["exam"]),
    )


def exam_table(exam: Sequence[dict], risen: int = 5, fallen: int = 2) -> str:
    """The questions of the exam whose ranks changed most as a Markdown table, the term in its sentence in bold."""

    def change(item: dict) -> float:
        return math.log(item["rank"] / item["rank_before"])

    ordered = sorted(exam, key=change)
    chosen = [item for item in ordered[:risen] if change(item) < 0]
    chosen += [item for item in ordered[-fallen:] if change(item) > 0]
    rows = ["| sentence | rank before, first guess | rank after, first guess |", "|---|---|---|"]
    for item in chosen:
        cells = (
            _marked(item),
            f"{item['rank_before']:,}, *{_plain(item['guess_before'])}*",
            f"{item['rank']:,}, *{_plain(item['guess'])}*",
        )
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def around(item: dict) -> tuple[str, str]:
    """What stands before and after the term of a question of the exam."""
    end = item["start"] + len(item["term"])
    return item["sentence"][: item["start"]], item["sentence"][end:]


def _marked(item: dict, characters: int = 60) -> str:
    """A sentence with its term in bold, not more than so many characters on either side."""
    before, after = around(item)
    if len(before) > characters:
        before = "…" + before[-characters:].partition(" ")[2]
    if len(after) > characters:
        after = after[:characters].rpartition(" ")[0] + "…"
    return f"{_plain(before)}**{_plain(item['term'])}**{_plain(after)}"


def _plain(text: str) -> str:
    """Text with what Markdown would read as marks taken literally."""
    return re.sub(r"([\\|*_`\[\]<>])", r"\\\1", text)


def figures_table(figures: dict) -> str:
    """Before and after as a Markdown table, with intervals."""
    rows = ["| | before | after | change |", "|---|---|---|---|"]
    for name, title in (("domain", "domain text"), ("general", "general text")):
        part = figures[name]
        before, after, change = part["before"], part["after"], part["change"]
        cells = {
            "loss (nats)": (_span(before["loss"]), _span(after["loss"]), _span(change["loss"], "+")),
            "perplexity": (_span(before["perplexity"]), _span(after["perplexity"]), ""),
            "accuracy": (
                _percent(before["accuracy"]),
                _percent(after["accuracy"]),
                _percent(change["accuracy"], "+"),
            ),
        }
        rows += [f"| {title}: {figure} | {' | '.join(values)} |" for figure, values in cells.items()]
    exam = figures["exam"]
    for k in (1, 5):
        shares = [f"{exam[f'top_{k}_{when}']:.0%}" for when in ("before", "after")]
        rows.append(f"| exam, {exam['questions']} questions: top {k} | {' | '.join(shares)} | |")
    return "\n".join(rows)


def _span(interval: dict, sign: str = "") -> str:
    return f"{interval['value']:{sign}.2f} ({interval['low']:{sign}.2f} to {interval['high']:{sign}.2f})"


def _percent(interval: dict, sign: str = "") -> str:
    value, low, high = (interval[k] * 100 for k in ("value", "low", "high"))
    return f"{value:{sign}.1f} % ({low:{sign}.1f} to {high:{sign}.1f})"
