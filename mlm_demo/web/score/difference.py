"""Set two scored sentences against each other: each word beside the one it stands for, with the difference in bits."""

from difflib import SequenceMatcher
from html import escape

from mlm_demo.web.fill.charts import model_caption, shown_names
from mlm_demo.web.html import figure
from mlm_demo.web.score.surprisal import scored_word, total_bits

SHOWN_BITS = 0.05  # less is shown as none
Column = tuple[dict | None, dict | None]  # a word of each sentence, where they have one


def differences(first: list[dict], second: list[dict]) -> str:
    """Return one figure per model; first, second: the scores of the two sentences by the same models."""
    names = shown_names([score["model"] for score in first])
    return "".join(_figure(*both, names) for both in zip(first, second, strict=True))


def aligned(first: list[dict], second: list[dict]) -> list[Column]:
    """Return the words of two sentences in columns: equal words together, and words in the place of others.

    'The dogs bark', 'The dog barks' → The The, dogs dog, bark barks
    """
    columns: list[Column] = []
    texts = [[word["text"].lower() for word in words] for words in (first, second)]
    for _, a, b, c, d in SequenceMatcher(None, *texts, autojunk=False).get_opcodes():
        for at in range(max(b - a, d - c)):
            columns.append((first[a + at] if a + at < b else None, second[c + at] if c + at < d else None))
    return columns


def verdict(first: dict, second: dict) -> str:
    """Return which of two scored sentences a model finds more probable, and by how much."""
    bits = total_bits(second) - total_bits(first)
    if abs(bits) < SHOWN_BITS:
        return "Both sentences are about as probable."
    return f"The {'first' if bits > 0 else 'second'} sentence is more probable, by {abs(bits):,.1f} bits."


def _figure(first: dict, second: dict, names: dict[str, str]) -> str:
    columns = "".join(map(_column, aligned(first["words"], second["words"])))
    totals = " · ".join(
        f"{which} <b>{total_bits(score):,.1f}</b> bits, {score['tokens']:,} tokens"
        for which, score in (("first", first), ("second", second))
    )
    body = (
        f'<p class="verdict">{escape(verdict(first, second))}</p><p class="sums">{totals}</p>'
        f'<div class="compared" dir="auto">{columns}</div>'
    )
    model, seconds = first["model"], first["seconds"] + second["seconds"]
    return figure(f"surprisal domain-{model['domain']}", model_caption(model, seconds, names), body)


def _column(words: Column) -> str:
    cells = "".join(
        scored_word(word, sentence) if word else '<span class="scored none" aria-hidden="true"></span>'
        for sentence, word in enumerate(words)
    )
    differs = words[0] is None or words[1] is None or words[0]["text"].lower() != words[1]["text"].lower()
    return f'<span class="word-column{" differs" * differs}">{cells}{_difference(words)}</span>'


def _difference(words: Column) -> str:
    """Return how many bits more the second word costs; a word that a sentence lacks costs it nothing."""
    first, second = (word["surprisal"] if word else 0.0 for word in words)
    bits = second - first
    if abs(bits) < SHOWN_BITS:
        return '<span class="difference verdict-unclear">0.0</span>'
    shown, kind = f"{bits:+.1f}".replace("-", "−"), "worse" if bits > 0 else "better"
    return f'<span class="difference verdict-{kind}">{shown}</span>'
