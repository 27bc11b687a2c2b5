"""The sentence with what hiding each word does to the guess: the row of 'Why?'; every text is escaped."""

from html import escape

from mlm_demo.errors import PromptError
from mlm_demo.inference.blanks import find_blanks
from mlm_demo.inference.engine import Engine
from mlm_demo.inference.progress import Progress, silent
from mlm_demo.web.fill.charts import probability, shown_names
from mlm_demo.web.fill.positions import hidden_words
from mlm_demo.web.fill.words import MASK, row_of, with_newlines

STEPS = 5  # of the shade; 1 is none
LEAST_CHANGE = 0.1  # in nats; a probability that changes by less than a tenth of itself is about the same


def word_influence(
    engine: Engine,
    text: str,
    model_name: str,
    targets: str = "",
    precision: str = "auto",
    on_progress: Progress = silent,
) -> str:
    """Return the row of a sentence's words, each above the probability that its first blank's guess has without it.

    Raises PromptError for a sentence without a blank or words, or with too many words, and as a question does.
    """
    text = with_newlines(text)
    blanks = find_blanks(text, MASK)
    if not blanks:
        raise PromptError("The sentence has no blank to guess; press a word to hide it.")
    spans, hidden = hidden_words(text, blanks)
    first = blanks[0][0]
    hidden = [
        (word, sentence, int(span[0] < first))
        for span, (word, sentence, _) in zip(spans, hidden, strict=True)
    ]
    answer = engine.influences(
        text, hidden, model_name, targets=targets, precision=precision, on_progress=on_progress
    )
    strongest = max(max(abs(word["change"]) for word in answer["words"]), LEAST_CHANGE)
    of_span = dict(zip(spans, answer["words"], strict=True))
    at = " at the first blank" if len(blanks) > 1 else ""
    model = answer["model"]
    hint = (
        f"{escape(shown_names([model])[model['name']])} guesses <b>{escape(answer['guess'])}</b>{at} with probability "
        f"{probability(answer['score'])}. Under each word: the probability without that word. Of two words that say "
        "the same, hiding one changes little."
    )

    def draw(text: str, start: int, end: int) -> str:
        return _influence(start, end, of_span[start, end], answer["guess"], strongest)

    return row_of(text, spans, blanks, hint, draw, kind=" positions influence")


def _influence(start: int, end: int, word: dict, guess: str, strongest: float) -> str:
    change, left = word["change"], probability(word["score"])
    sign, says = ("", "about the same")
    if abs(change) >= LEAST_CHANGE:
        sign, says = ("▼ ", "less probable") if change > 0 else ("▲ ", "more probable")
    step = 1 + round((STEPS - 1) * abs(change) / strongest)
    spoken = f"Hide {word['word']}. {guess} is {says} without it: {left}"
    kind = f"step-{step} {'for' if change > 0 else 'against'}"
    return (
        f'<button type="button" class="{kind}" data-start="{start}" data-end="{end}" '
        f'title="Hide this word" aria-label="{escape(spoken)}"><span class="own">{escape(word["word"])}</span>'
        f'<span class="facts">{sign}{left}</span></button>'
    )
