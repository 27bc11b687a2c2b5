"""The sentence with what a model expects at every word: the row that 'Every position' shows; every text is escaped."""

from html import escape

from mlm_demo.errors import PromptError
from mlm_demo.inference.blanks import find_blanks
from mlm_demo.inference.engine import Engine, Progress, silent
from mlm_demo.web.fill.words import MASK, hide, row_of, with_newlines, words_of

MAX_POSITIONS = 64  # each is a sentence of its own for the model


def every_position(
    engine: Engine, text: str, model: str, precision: str = "auto", on_progress: Progress = silent
) -> str:
    """Return the row of a sentence's words, each above the model's guess for it and its own rank and surprise.

    Raises PromptError for a sentence without words or with too many, and as a question does.
    """
    text = with_newlines(text)
    blanks = find_blanks(text, MASK)
    spans = list(words_of(text, blanks))
    if not spans:
        raise PromptError("The sentence has no words; type some.")
    if len(spans) > MAX_POSITIONS:
        raise PromptError(
            f"The sentence has {len(spans):,} words; every position is shown for up to {MAX_POSITIONS}. Shorten it."
        )
    hidden = [
        (text[start:end], hide(text, start, end), sum(blank[1] <= start for blank in blanks))
        for start, end in spans
    ]
    answer = engine.expected_words(hidden, model, precision=precision, on_progress=on_progress)
    of_span = dict(zip(spans, answer["words"], strict=True))
    hint = f"The first guess of {escape(answer['model']['name'])} for each word, and the rank and surprise of the word."

    def draw(text: str, start: int, end: int) -> str:
        return _position(start, end, of_span[start, end])

    return row_of(text, spans, blanks, hint, draw, kind=" positions")


def _position(start: int, end: int, word: dict) -> str:
    own = f"#{word['rank']:,} · {word['surprisal']:.1f} bits" if word["rank"] else "several pieces"
    spoken = f"Hide {word['word']}. Guess: {word['guess']}. {own.replace('#', 'Rank ')}"
    same = " same" if word["rank"] == 1 else ""
    return (
        f'<button type="button" data-start="{start}" data-end="{end}" title="Show the chart of this position" '
        f'aria-label="{escape(spoken)}"><span class="own">{escape(word["word"])}</span>'
        f'<span class="guess{same}" dir="auto">{escape(word["guess"])}</span><span class="facts">{own}</span></button>'
    )
