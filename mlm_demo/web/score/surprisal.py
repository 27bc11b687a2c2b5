"""Draw a scored sentence in HTML: each word with its surprisal below it, darker for higher surprisal."""

from html import escape
from math import log

from mlm_demo.web.fill.charts import model_caption, probability, shown_names
from mlm_demo.web.html import figure
from mlm_demo.web.score.links import ORIGINAL

FULL_COLOR_BITS = 16  # a probability of 1 in 65,536, practically unexpected
LEGEND_BITS = (0, 4, 8, 12, FULL_COLOR_BITS)


def surprisals(scores: list[dict], *, pressable: bool = True) -> str:
    """Return the figures of one sentence, one per model; pressable: whether words are buttons."""
    names = shown_names([score["model"] for score in scores])
    return "".join(_figure(score, names, pressable) for score in scores)


def total_bits(score: dict) -> float:
    """Return the surprisal of a whole scored sentence in bits; its log-likelihood is in nats."""
    return -score["log_likelihood"] / log(2)


def legend() -> str:
    """Return what the colors and numbers mean."""
    steps = "".join(
        f'<span class="scored" style="--shade:{bits / FULL_COLOR_BITS:.3f}">'
        f'<span class="text">{bits}{"+" * (bits == FULL_COLOR_BITS)}</span>'
        f'<span class="bits">{"certain" if not bits else f"1 in {2**bits:,}"}</span></span>'
        for bits in LEGEND_BITS
    )
    return (
        '<div class="score-legend domain-other"><p>Surprisal in bits, and the probability that it stands for. '
        "The stronger the color, the less expected; each bit halves the probability. A dashed word is not in the "
        "model's vocabulary. With two sentences, the row below them is how many bits more (+) or fewer (−) the second "
        f'costs.</p><p class="words" aria-hidden="true">{steps}</p></div>'
    )


def _figure(score: dict, names: dict[str, str], pressable: bool) -> str:
    model = score["model"]
    body = (
        f'<p class="sums"><b>{score["pseudo_perplexity"]:,.2f}</b> pseudo-perplexity per token · '
        f"<b>{score['bits_per_word']:.2f}</b> bits per word · "
        f"<b>{total_bits(score):,.1f}</b> bits in total, {score['tokens']:,} tokens{_method(score)}</p>"
        f"{words_of(score, pressable)}"
    )
    return figure(f"surprisal domain-{model['domain']}", model_caption(model, score["seconds"], names), body)


def _method(score: dict) -> str:
    return " · token by token" if score["method"] == ORIGINAL else ""


def words_of(score: dict, pressable: bool) -> str:
    """Return the words of a sentence, each with its surprisal."""
    words = []
    for i, word in enumerate(score["words"]):
        before = score["text"][score["words"][i - 1]["end"] if i else 0 : word["start"]]
        # Words without a space between them, such as a word and its period, touch.
        kind = "" if before or not i else " touching"
        words.append(scored_word(word, kind=kind, pressable=pressable))
    return f'<p class="words" dir="auto">{"".join(words)}</p>'


def scored_word(word: dict, sentence: int = 0, kind: str = "", *, pressable: bool = True) -> str:
    """Return a word with its surprisal, as a button if it is pressable.

    sentence: 1 for the second of two; kind: more CSS classes.
    """
    kind += " unknown" if word["unknown"] else ""
    shade = min(max(word["surprisal"], 0.0) / FULL_COLOR_BITS, 1.0)
    place = f'data-sentence="{sentence:d}" data-start="{word["start"]:d}"'
    tag, use = (
        ("button", f'type="button" aria-pressed="false" {place}') if pressable else ("span", 'tabindex="0"')
    )
    return (
        f'<{tag} {use} class="scored{kind}" style="--shade:{shade:.3f}" title="{escape(_pieces(word))}">'
        f'<span class="text">{escape(word["text"])}</span><span class="spoken">: </span>'
        f'<span class="bits">{"? " * word["unknown"]}{word["surprisal"]:.1f}</span>'
        f'<span class="spoken"> bits{", unknown" * word["unknown"]}</span></{tag}>'
    )


def _pieces(word: dict) -> str:
    """Return the pieces of a word with their surprisals, or the probability of a word of one piece."""
    if len(word["tokens"]) == 1:
        (token,) = word["tokens"]
        return f"probability {probability(token['probability'])}, rank {token['rank']:,}"
    return " + ".join(
        f"{piece} {token['surprisal']:.1f} bits"
        for piece, token in zip(word["pieces"], word["tokens"], strict=True)
    )
