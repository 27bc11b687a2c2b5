"""The README.md of a model trained from scratch as the Hub shows it: what it is, how it was made, how well it does."""

from mlm_demo.training.exam import around_term
from mlm_demo.training.model_card import literal
from mlm_demo.training.outcome import sections_note
from mlm_demo.training.pretraining.config import NAMES
from mlm_demo.training.pretraining.result import PretrainResult

BODY = """
# {title}

A masked language model with {parameters:,} parameters and its tokenizer, trained from random weights on one corpus. It
knows nothing but that corpus: a toy to learn from.

## Try it

```python
from transformers import pipeline

fill = pipeline("fill-mask", model="PATH_OR_ID_OF_THIS_MODEL")
print(fill({example!r}))
```

## How it was made

| | |
|---|---|
| model | {architecture}, {layers} layers of {hidden} dimensions, inputs of {block_size} tokens at most |
| tokenizer | {tokenizer}, {vocabulary:,} entries, trained on the training part |
| corpus | {words:,} words, {documents:,} documents, SHA-256 {sha256} |
| steps | {steps:,} of {batch_size} blocks of {block_size} tokens, {tokens:,} tokens in the training part |
| weights kept | {kept} |
| masking | {probability:.0%}{whole_word}, 80/10/10 |
| learning rate | {learning_rate:g} at most, linear warm-up and decay, AdamW, no dropout |
| seed | {seed} |
| time | {seconds:.0f} s, {speed:,.0f} tokens per second |
| software | {versions} |

## How well it does

On held-out text, {choosing}. To beat: the frequencies of
the tokens in the training part, without any context. The intervals (95%) are from a bootstrap over the held-out texts.

{table}

Loss, perplexity and accuracy are per masked token and depend on the vocabulary. Bits per byte and per word do not:
there each word is hidden whole and its tokens are predicted from left to right. {unknown}

Held-out sentences with the word in bold hidden, and the first guesses before the first step and at the end:

{guesses}

![Loss over the steps](curve.svg)

## Limits

The model was evaluated only on text like its corpus, whose errors and biases it has. It has the license of its corpus;
ask the owner of the corpus before you pass the model on. The table above and `result.json` quote the corpus.
"""


def model_card(result: PretrainResult) -> str:
    """Return the card of a run's result."""
    config, corpus, training, model = result.config, result.corpus, result.training, result.model
    mask = model["mask_token"]
    example = next(
        (mask.join(around_term(item.sentence, item.start, item.term)) for item in result.guesses),
        f"A {mask}.",
    )
    body = BODY.format(
        title=_title(result),
        example=example,
        **{name: model[name] for name in ("parameters", "architecture", "vocabulary")},
        **{name: getattr(corpus, name) for name in ("words", "documents", "sha256", "tokens")},
        **{
            name: config[name]
            for name in ("layers", "hidden", "block_size", "batch_size", "learning_rate", "seed")
        },
        tokenizer=NAMES[config["tokenizer"]],
        probability=config["mlm_probability"],
        whole_word=", whole words" if config["whole_word"] else "",
        steps=training.steps,
        kept=training.weights_kept if training.best_step else "word frequencies: no step improved them",
        choosing="of which one half chose the step that was kept and the other half judges"
        if corpus.held_out_documents > 1
        else "one text, which chose the step that was kept too",
        seconds=training.seconds,
        speed=training.tokens_per_second,
        versions=", ".join(f"{name} {version}" for name, version in result.versions.items()),
        table=metrics_table(result),
        unknown=unknown_sentence(result),
        guesses=guesses_table(result),
    )
    return f"---\n{front_matter(result)}\n---\n{body}"


def front_matter(result: PretrainResult) -> str:
    """Return the YAML that the Hub reads, with the metrics as its model-index."""
    # Here, because the command line imports this module for its tables alone.
    from huggingface_hub import EvalResult, ModelCardData

    figures = result.figures
    values = {
        **{name: getattr(figures.held_out.after, name) for name in ("loss", "perplexity", "accuracy")},
        "bits_per_byte": figures.bits_per_byte.model,
        "bits_per_word": figures.bits_per_word.model,
    }
    metrics = [
        EvalResult(
            task_type="fill-mask",
            dataset_type="held-out",
            dataset_name="Held-out text of the corpus",
            metric_type=name,
            metric_value=round(value.value, 4),
        )
        for name, value in values.items()
    ]
    return ModelCardData(
        library_name="transformers",
        pipeline_tag="fill-mask",
        tags=["trained-from-scratch"],
        model_name=_title(result),
        eval_results=metrics,
    ).to_yaml()


def metrics_table(result: PretrainResult) -> str:
    """Return the metrics beside those of word frequencies as a Markdown table, with what to know about them below."""
    rows = ["| | word frequencies | this model | change |", "|---|---|---|---|"]
    rows += [f"| {' | '.join(row.cells())} |" for row in result.rows()]
    if text := sections_note(result.corpus, result.figures.held_out):
        rows += ["", text]
    return "\n".join(rows)


def guesses_table(result: PretrainResult) -> str:
    """Return held-out sentences with the first guesses before and after as a Markdown table, the word in bold."""
    rows = ["| sentence | before | after |", "|---|---|---|"]
    for item in result.guesses:
        left, right = around_term(item.sentence, item.start, item.term)
        sentence = f"{literal(left)}**{literal(item.term)}**{literal(right)}"
        before, after = (
            f"{rank:,}, *{literal(guess)}*"
            for rank, guess in ((item.rank_before, item.guess_before), (item.rank, item.guess))
        )
        rows.append(f"| {sentence} | {before} | {after} |")
    return "\n".join(rows)


def unknown_sentence(result: PretrainResult) -> str:
    """Return a sentence about tokens that the vocabulary cannot write; empty if there are hardly any."""
    share = result.figures.unknown_share
    return (
        f"The vocabulary cannot write {share:.1%} of the tokens, which were not asked for."
        if share >= 0.0005
        else ""
    )


def _title(result: PretrainResult) -> str:
    return f"A {NAMES[result.config['tokenizer']]} model from scratch"
