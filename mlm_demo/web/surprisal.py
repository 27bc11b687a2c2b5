"""A scored sentence as HTML: each word with its surprisal under it, darker the more it surprises."""

from html import escape

from mlm_demo.web.fill.charts import model_caption, shown_names

FULL_COLOUR_BITS = 16  # a probability of 1 in 65,536: as good as never expected


def surprisals(scores: list[dict]) -> str:
    """The figures of one sentence, one a model."""
    names = shown_names([score["model"] for score in scores])
    return "".join(_figure(score, names) for score in scores)


def _figure(score: dict, names: dict[str, str]) -> str:
    model, words = score["model"], []
    for i, word in enumerate(score["words"]):
        before = score["text"][score["words"][i - 1]["end"] if i else 0 : word["start"]]
        # Words that touch (a word and its full stop) are drawn touching.
        kind = "" if before or not i else " touching"
        kind += " unknown" if word["unknown"] else ""
        spoken = f"{word['text']}: {word['surprisal']:.1f} bits{', unknown' if word['unknown'] else ''}"
        shade = min(max(word["surprisal"], 0.0) / FULL_COLOUR_BITS, 1.0)
        pieces = " + ".join(word["pieces"])
        words.append(
            f'<span class="scored{kind}" style="--shade:{shade:.3f}" tabindex="0" title="{escape(pieces)}" '
            f'aria-label="{escape(spoken)}">'
            f'<span class="text">{escape(word["text"])}</span>'
            f'<span class="bits">{"? " * word["unknown"]}{word["surprisal"]:.1f}</span></span>'
        )
    return (
        f'<figure class="surprisal domain-{escape(model["domain"])}">'
        f"<figcaption>{model_caption(model, score['seconds'], names)}</figcaption>"
        f'<p class="sums"><b>{score["pseudo_perplexity"]:,.2f}</b> pseudo-perplexity a token · '
        f"<b>{score['bits_per_word']:.2f}</b> bits a word · "
        f"<b>{score['log_likelihood']:.2f}</b> nats in all, {score['tokens']:,} tokens</p>"
        f'<p class="words" dir="auto">{"".join(words)}</p></figure>'
    )
