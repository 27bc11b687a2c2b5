"""The sentence with what a model expects at every word: the row that 'Every position' shows; every text is escaped."""

from html import escape

from mlm_demo.inference.blanks import find_blanks
from mlm_demo.inference.engine import Engine
from mlm_demo.inference.hidden_words import MASK, hidden_words
from mlm_demo.inference.progress import Progress, silent
from mlm_demo.web.fill.charts import shown_names
from mlm_demo.web.fill.words import row_of, with_newlines


def every_position(
    engine: Engine, text: str, model: str, precision: str = "auto", on_progress: Progress = silent
) -> str:
    """Return the row of a sentence's words, each above the model's guess for it and its own rank and surprise.

    Raises PromptError for a sentence without words or with too many, and as a question does.
    """
    text = with_newlines(text)
    blanks = find_blanks(text, MASK)
    hidden = hidden_words(text, blanks)
    spans = [(one.start, one.end) for one in hidden]
    asked = [(one.word, one.sentence, one.mask) for one in hidden]
    answer = engine.expected_words(asked, model, precision=precision, on_progress=on_progress)
    of_span = dict(zip(spans, answer["words"], strict=True))
    name = escape(shown_names([answer["model"]])[answer["model"]["name"]])
    hint = (
        f"Below each word: what {name} would put there, then the rank that it gives the word itself, and how surprised "
        "it is by it. Press one for its chart."
    )

    def draw(text: str, start: int, end: int) -> str:
        return _position(start, end, of_span[start, end])

    return row_of(text, spans, blanks, hint, draw, kind=" positions")


def _position(start: int, end: int, word: dict) -> str:
    own = f"#{word['rank']:,} · {word['surprisal']:.1f} bits" if word["rank"] else "several pieces"
    same = " same" if word["rank"] == 1 else ""
    return (
        f'<button type="button" data-start="{start}" data-end="{end}" title="Show the chart of this position">'
        f'<span class="spoken">Hide </span><span class="own">{escape(word["word"])}</span>'
        f'<span class="spoken">. Guess: </span><span class="guess{same}" dir="auto">{escape(word["guess"])}</span>'
        f'<span class="spoken">. {"Rank " * bool(word["rank"])}</span><span class="facts">{own}</span></button>'
    )
