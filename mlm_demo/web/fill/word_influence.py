"""The sentence with what hiding each word does to the guess: the row of 'Why?'; every text is escaped."""

from html import escape

from mlm_demo.inference.blanks import find_blanks
from mlm_demo.inference.engine import Engine
from mlm_demo.inference.hidden_words import MASK
from mlm_demo.inference.progress import Progress, silent
from mlm_demo.web.fill.charts import probability, shown_names
from mlm_demo.web.fill.words import row_of, with_newlines

STEPS = 5  # of the shade; 1 is none
LEAST_CHANGE = 0.1  # in nats; a probability that changes by less than a tenth of itself is about the same


def word_influence(
    engine: Engine,
    text: str,
    model_name: str,
    targets: str = "",
    precision: str = "auto",
    on_progress: Progress = silent,
    mask: int = 1,
) -> str:
    """Return the row of a sentence's words, each above the probability that the guess at a blank has without it.

    mask: which of the blanks, from 1. Raises PromptError for a sentence without a blank or words, or with too many
    words, and as a question does.
    """
    text = with_newlines(text)
    answer = engine.why(
        text, model_name, mask=mask, targets=targets, precision=precision, on_progress=on_progress
    )
    blanks = find_blanks(text, MASK)
    strongest = max(max(abs(word["change"]) for word in answer["words"]), LEAST_CHANGE)
    of_span = {(word["start"], word["end"]): word for word in answer["words"]}
    at = f" at blank {mask} of {len(blanks)}" if len(blanks) > 1 else ""
    model = answer["model"]
    hint = (
        f"{escape(shown_names([model])[model['name']])} guesses <b>{escape(answer['guess'])}</b>{at} with probability "
        f"{probability(answer['score'])}. Under each word: the probability without that word, with ▼ or ▲ if "
        "it falls or rises by a tenth or more. If two words say the same, hiding either changes little."
    )
    if len(blanks) > 1:
        hint += _choice(len(blanks), mask)

    def draw(text: str, start: int, end: int) -> str:
        return _influence(start, end, of_span[start, end], answer["guess"], strongest)

    return row_of(text, list(of_span), blanks, hint, draw, kind=" positions influence")


def _choice(blanks: int, chosen: int) -> str:
    """Return a button for each blank of the sentence."""
    buttons = "".join(
        f'<button type="button" data-why="{number}" aria-pressed="{str(number == chosen).lower()}" '
        f'aria-label="Explain blank {number} of {blanks}">{number}</button>'
        for number in range(1, blanks + 1)
    )
    return (
        f'<span class="which-blank" role="group" aria-label="Blank to explain">Explain blank {buttons}</span>'
    )


def _influence(start: int, end: int, word: dict, guess: str, strongest: float) -> str:
    change, left = word["change"], probability(word["score"])
    sign, says = ("", "about the same")
    if abs(change) >= LEAST_CHANGE:
        sign, says = (" ▼", "less probable") if change > 0 else (" ▲", "more probable")
    step = 1 + round((STEPS - 1) * abs(change) / strongest)
    spoken = f". {guess} is {says} without it: "
    kind = f"step-{step} {'for' if change > 0 else 'against'}"
    return (
        f'<button type="button" class="{kind}" data-start="{start}" data-end="{end}" '
        f'title="Hide this word"><span class="spoken">Hide </span><span class="own">{escape(word["word"])}</span>'
        f'<span class="spoken">{escape(spoken)}</span>'
        f'<span class="facts">{left}<span aria-hidden="true">{sign}</span></span></button>'
    )
