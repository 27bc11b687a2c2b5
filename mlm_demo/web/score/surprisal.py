"""Draw a scored sentence in HTML: each word with its surprisal below it, darker for higher surprisal."""

from html import escape

from mlm_demo.web.fill.charts import model_caption, shown_names
from mlm_demo.web.html import figure

FULL_COLOR_BITS = 16  # a probability of 1 in 65,536, practically unexpected


def surprisals(scores: list[dict]) -> str:
    """Return the figures of one sentence, one per model."""
    names = shown_names([score["model"] for score in scores])
    return "".join(_figure(score, names) for score in scores)


def _figure(score: dict, names: dict[str, str]) -> str:
    model, words = score["model"], []
    for i, word in enumerate(score["words"]):
        before = score["text"][score["words"][i - 1]["end"] if i else 0 : word["start"]]
        # Words without a space between them, such as a word and its period, touch.
        kind = "" if before or not i else " touching"
        kind += " unknown" if word["unknown"] else ""
        spoken = f"{word['text']}: {word['surprisal']:.1f} bits{', unknown' if word['unknown'] else ''}"
        shade = min(max(word["surprisal"], 0.0) / FULL_COLOR_BITS, 1.0)
        tokens = " + ".join(word["pieces"])
        words.append(
            f'<span class="scored{kind}" style="--shade:{shade:.3f}" tabindex="0" title="{escape(tokens)}" '
            f'aria-label="{escape(spoken)}">'
            f'<span class="text">{escape(word["text"])}</span>'
            f'<span class="bits">{"? " * word["unknown"]}{word["surprisal"]:.1f}</span></span>'
        )
    body = (
        f'<p class="sums"><b>{score["pseudo_perplexity"]:,.2f}</b> pseudo-perplexity per token · '
        f"<b>{score['bits_per_word']:.2f}</b> bits per word · "
        f"<b>{score['log_likelihood']:.2f}</b> nats in total, {score['tokens']:,} tokens</p>"
        f'<p class="words" dir="auto">{"".join(words)}</p>'
    )
    return figure(f"surprisal domain-{model['domain']}", model_caption(model, score["seconds"], names), body)
