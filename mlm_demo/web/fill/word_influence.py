"""The sentence with what each word does to the guess: the row of 'Why?'; every text is escaped."""

from html import escape

from mlm_demo.inference.blanks import find_blanks
from mlm_demo.inference.engine import MEASURES, Engine
from mlm_demo.inference.hidden_words import MASK
from mlm_demo.inference.progress import Progress, silent
from mlm_demo.web.fill.charts import probability, shown_names
from mlm_demo.web.fill.words import row_of, with_newlines

STEPS = 5  # of the shade; 1 is none
LEAST_CHANGE = 0.1  # in nats; a probability that changes by less than a tenth of itself is about the same
# What stands under the words, by measure, and its limits.
HINTS = {
    "hiding": "Under each word: the probability without that word, with ▼ or ▲ if it falls or rises by a tenth or "
    "more. If two words tell the same, hiding only one of them changes little.",
    "gradient": "Under each word: its share of the gradient, which is how strongly the guess reacts to a tiny change "
    "of the word's vector. A share has no sign, and it does not tell what the guess would be without the word.",
}


def word_influence(
    engine: Engine,
    text: str,
    model_name: str,
    targets: str = "",
    precision: str = "auto",
    on_progress: Progress = silent,
    mask: int = 1,
    measure: str = "hiding",
) -> str:
    """Return the row of a sentence's words, each above the probability that the guess at a blank has without it.

    mask: which of the blanks, from 1. measure: one of MEASURES; with gradient each word stands above its share. Raises
    PromptError for a sentence without a blank or words, or with too many words, and as a question does.
    """
    text = with_newlines(text)
    options = {"targets": targets, "precision": precision, "measure": measure, "on_progress": on_progress}
    answer = engine.why(text, model_name, mask=mask, **options)
    blanks = find_blanks(text, MASK)
    of_span = {(word["start"], word["end"]): word for word in answer["words"]}
    at = f" at blank {mask} of {len(blanks)}" if len(blanks) > 1 else ""
    name = escape(shown_names([answer["model"]])[answer["model"]["name"]])
    hint = (
        f"{name} guesses “<b>{escape(answer['guess'])}</b>”{at} with probability "
        f"{probability(answer['score'])} ({answer['model']['precision']}). {HINTS[measure]}"
    )
    hint += _choices(len(blanks), mask, measure)
    if measure == "gradient":
        largest = max(word["share"] for word in answer["words"])
    else:
        largest = max(max(abs(word["change"]) for word in answer["words"]), LEAST_CHANGE)

    def draw(text: str, start: int, end: int) -> str:
        word = of_span[start, end]
        if measure == "gradient":
            return _button(word, word["share"] / largest, _share(word))
        return _button(word, word["change"] / largest, _influence(word, answer["guess"]))

    return row_of(text, list(of_span), blanks, hint, draw, kind=" positions influence")


def _choices(blanks: int, mask: int, measure: str) -> str:
    """Return a button for each measure, and for each blank if there are several; one choice keeps the other."""
    measures = "".join(_choice(mask, one, one, one == measure, f"Measure by {one}") for one in MEASURES)
    groups = [("Measure", "Measure", measures)]
    if blanks > 1:
        numbers = "".join(
            _choice(number, measure, str(number), number == mask, f"Explain blank {number} of {blanks}")
            for number in range(1, blanks + 1)
        )
        groups.append(("Explain blank", "Blank to explain", numbers))
    return "".join(
        f'<span class="which-blank" role="group" aria-label="{label}">{title} {buttons}</span>'
        for title, label, buttons in groups
    )


def _choice(mask: int, measure: str, shown: str, pressed: bool, label: str) -> str:
    return (
        f'<button type="button" data-why="{mask}" data-measure="{measure}" aria-pressed="{str(pressed).lower()}" '
        f'aria-label="{label}">{shown}</button>'
    )


def _influence(word: dict, guess: str) -> tuple[str, str, str]:
    """Return what is read aloud before the number, the number, and its sign."""
    change = word["change"]
    sign, says = ("", "about the same")
    if abs(change) >= LEAST_CHANGE:
        sign, says = (" ▼", "less probable") if change > 0 else (" ▲", "more probable")
    return f". {guess} is {says} without it: ", probability(word["score"]), sign


def _share(word: dict) -> tuple[str, str, str]:
    return ". Share of the gradient: ", f"{word['share']:.1%}", ""


def _button(word: dict, strength: float, facts: tuple[str, str, str]) -> str:
    """Return a word above its number; strength: from -1 to 1, for the shade."""
    spoken, number, sign = facts
    kind = f"step-{1 + round((STEPS - 1) * abs(strength))} {'for' if strength > 0 else 'against'}"
    return (
        f'<button type="button" class="{kind}" data-start="{word["start"]}" data-end="{word["end"]}" '
        f'title="Hide this word"><span class="spoken">Hide </span><span class="own">{escape(word["word"])}</span>'
        f'<span class="spoken">{escape(spoken)}</span>'
        f'<span class="facts">{number}<span aria-hidden="true">{sign}</span></span></button>'
    )
