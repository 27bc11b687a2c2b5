"""The README.md of a fine-tuned model as the Hub shows it: what it does, how it was made, and how well it does."""

from collections.abc import Sequence

from mlm_demo.models.tasks import EVIDENCE
from mlm_demo.training.downstream.result import FinetuneResult, MetricRow
from mlm_demo.training.model_card import base_on_hub, lineage_rows, title_of

TITLES = {
    EVIDENCE: "relevance of a sentence to a question",
    "answers": "answers to questions from a text",
}
USE = {
    EVIDENCE: """import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained("PATH_OR_ID_OF_THIS_MODEL")
model = AutoModelForSequenceClassification.from_pretrained("PATH_OR_ID_OF_THIS_MODEL")
pairs = tokenizer([["What was the dose?", "Each patient took 5 mg a day."]], return_tensors="pt")
print(torch.sigmoid(model(**pairs).logits))""",
    "answers": """import torch
from transformers import AutoModelForQuestionAnswering, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained("PATH_OR_ID_OF_THIS_MODEL")
model = AutoModelForQuestionAnswering.from_pretrained("PATH_OR_ID_OF_THIS_MODEL")
inputs = tokenizer("What was the dose?", "Each patient took 5 mg a day.", return_tensors="pt")
start, end = (logits.argmax() for logits in model(**inputs).to_tuple()[:2])
print(tokenizer.decode(inputs.input_ids[0, start : end + 1]))""",
}
BODY = """
# {title}

{base}, fine-tuned for {task}: {what}.

## Try it

```python
{use}
```

## How it was made

| | |
|---|---|
| base model | {base}, revision {revision} |
{lineage}| examples | {training:,} to train, {choosing:,} to choose by, {judging:,} to judge by ({groups:,} articles) |
| SHA-256 of the examples | {sha256} |
| seeds | {seeds}; seed {seed} was kept, the best on the choosing examples |
| steps | {steps:,} of {batch_size} questions |
| learning rate | {learning_rate:g} at most, linear warm-up and decay, AdamW, {dropout} |
| threshold | {threshold:.3f} |
| software | {versions} |

## How well it does

On the judging examples, which neither training nor choosing has seen. The intervals (95%) are from a bootstrap over
articles and then seeds; the gain is paired.

{table}

## Limits

The model was judged only on examples like those it learned from. It copies spans and ranks sentences; it does not check
whether they are true. It has the limits and the licenses of the models it was made from and of its examples.
"""


def model_card(result: FinetuneResult) -> str:
    """Return the card of a run's result."""
    base = title_of(result.base)
    steps = result.kept.training.steps
    seen_twice = steps * result.config["batch_size"] > result.examples.training
    body = BODY.format(
        title=f"{base}, fine-tuned for {result.task}",
        base=base,
        task=result.task,
        what=TITLES[result.task],
        use=USE[result.task],
        revision=result.base["revision"],
        seeds=len(result.seeds),
        seed=result.seed,
        lineage=lineage_rows(result.base),
        steps=steps,
        dropout="dropout as in the base model" if seen_twice else "no dropout: no example was seen twice",
        threshold=result.kept.threshold,
        table=metrics_table(result),
        versions=", ".join(f"{name} {version}" for name, version in result.versions.items()),
        **{
            name: getattr(result.examples, name)
            for name in ("training", "choosing", "judging", "groups", "sha256")
        },
        **{name: result.config[name] for name in ("batch_size", "learning_rate")},
    )
    return f"---\n{front_matter(result)}\n---\n{body}"


def front_matter(result: FinetuneResult) -> str:
    """Return the YAML that the Hub reads, with the metrics as its model-index."""
    # Here, because the command line imports this module for its table alone.
    from huggingface_hub import EvalResult, ModelCardData

    evidence = result.task == EVIDENCE
    metrics = [
        EvalResult(
            task_type="text-ranking" if evidence else "question-answering",
            dataset_type="judging",
            dataset_name="Examples held out from training",
            metric_type=row.metric,
            metric_value=round(row.model.value, 4),
        )
        for row in result.rows
    ]
    return ModelCardData(
        base_model=base_on_hub(result.base),
        language=result.base.get("language") or None,
        library_name="transformers",
        pipeline_tag="text-ranking" if evidence else "question-answering",
        tags=["domain-adaptation"],
        model_name=f"{title_of(result.base)}, fine-tuned for {result.task}",
        eval_results=metrics,
    ).to_yaml()


def metrics_table(result: FinetuneResult) -> str:
    """Return the metrics as a Markdown table, beside the best of simple rules and the model before."""
    return rows_table(result.rows, "this model, all seeds")


def rows_table(rows: Sequence[MetricRow], title: str = "this model") -> str:
    """Return rows of metrics as a Markdown table; title: of the model's column."""
    lines = [f"| | {title} | to beat | gain |", "|---|---|---|---|"]
    lines += [f"| {' | '.join(row.cells())} |" for row in rows]
    return "\n".join(lines)
