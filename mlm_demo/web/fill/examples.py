"""The examples of the 'Fill mask' tab: sentences in groups, each shown by both built-in models at one press.

What a hint says holds for the built-in models; a test asks them.
"""

from dataclasses import dataclass
from html import escape

from mlm_demo.inference.blanks import find_blanks, put_in
from mlm_demo.inference.hidden_words import MASK

PRONOUNS = "he, she, they"


@dataclass(frozen=True)
class Example:
    """A sentence with its blanks, and the options it is asked with."""

    text: str
    targets: str = ""
    joint: bool = False


@dataclass(frozen=True)
class Group:
    """Examples that show the same thing; the hint says what is to be seen."""

    name: str
    hint: str
    examples: tuple[Example, ...]


GROUPS = (
    Group(
        "General or biomedical",
        "Each model expects what its texts are about: here the two have different first guesses.",
        (
            Example("Growth of the <mask> was slow."),
            Example("Mutations in this <mask> cause the disease."),
            Example("She needed a new <mask>."),
            Example("The first signs of the <mask> came in May."),
        ),
    ),
    Group(
        "Medicine",
        "The biomedical model finds the medical word. The general one misses it, or is less sure.",
        (
            Example("High blood <mask> is a risk factor for stroke."),
            Example("Patients with asthma have difficulty <mask>."),
            Example("The kidneys filter the <mask>."),
            Example("She was diagnosed with breast <mask>."),
        ),
    ),
    Group(
        "Facts",
        "Small models remember a few facts. What they do not know, they take from the sentence: one of the two knows "
        "Madrid's country, and neither London's.",
        (
            Example("Paris is the <mask> of France."),
            Example("Barack <mask> was president of the United States."),
            Example("Madrid is the capital of <mask>."),
            Example("London is the capital of <mask>."),
        ),
    ),
    Group(
        "Grammar",
        "Simple grammar comes out right. A noun between subject and verb misleads both models.",
        (
            Example("The children <mask> playing in the garden.", "is, are"),
            Example("The dogs near the car <mask> barking.", "is, are"),
            Example("I have <mask> apple.", "a, an"),
            Example("She is taller <mask> her brother."),
        ),
    ),
    Group(
        "Opposites",
        "Opposites stand in the same sentences, so models mix them up: they repeat the word, and feel good when sick.",
        (
            Example("The opposite of hot is <mask>."),
            Example("The opposite of black is <mask>."),
            Example("She is not rich but <mask>."),
            Example("I feel good because I am <mask>.", "healthy, sick"),
        ),
    ),
    Group(
        "Professions",
        "Only the profession changes, and with it the pronoun. Of nurses and secretaries the models are less sure.",
        (
            Example("The midwife said that <mask> was tired.", PRONOUNS),
            Example("The soldier said that <mask> was tired.", PRONOUNS),
            Example("The nurse said that <mask> was tired.", PRONOUNS),
            Example("The secretary said that <mask> was tired.", PRONOUNS),
        ),
    ),
    Group(
        "Negation",
        "The models overlook “not”: their first guess is the same without it.",
        (
            Example("Paris is not the <mask> of France."),
            Example("Barack <mask> was not president of the United States."),
            Example("She was not diagnosed with breast <mask>."),
        ),
    ),
    Group(
        "Several blanks",
        "Each blank has a chart of its own. Below them are the words that fit best together.",
        (
            Example("New <mask> is a city in the United <mask>.", joint=True),
            Example("A cup of <mask> and a glass of <mask>.", joint=True),
            Example("Breast <mask> is treated with <mask>.", joint=True),
        ),
    ),
)


def example_of(data: object) -> Example | None:
    """Return the example that a press names, `{"group": 0, "example": 1}`; None if there is none."""
    if not isinstance(data, dict):
        return None
    numbers = data.get("group"), data.get("example")
    if not all(isinstance(number, int) and number >= 0 for number in numbers):
        return None
    group, example = numbers
    if group >= len(GROUPS) or example >= len(GROUPS[group].examples):
        return None
    return GROUPS[group].examples[example]


def example_groups() -> str:
    """Return the groups as HTML: their names to choose from, and the examples of each as buttons."""
    names = "".join(
        f'<label><input type="radio" name="example-group" value="{number}"{" checked" * (not number)}>'
        f"{escape(group.name)}</label>"
        for number, group in enumerate(GROUPS)
    )
    groups = "".join(
        f'<div class="example-group{" chosen" * (not number)}"><p>{escape(group.hint)}</p>'
        + "".join(_button(number, place, example) for place, example in enumerate(group.examples))
        + "</div>"
        for number, group in enumerate(GROUPS)
    )
    return (
        f'<fieldset class="group-names"><legend>Examples</legend>{names}</fieldset>'
        f'<div class="groups">{groups}</div>'
    )


def _button(group: int, place: int, example: Example) -> str:
    spans = find_blanks(example.text, MASK)
    text = put_in(example.text, spans, ["___"] * len(spans))[0]
    return f'<button type="button" data-group="{group}" data-example="{place}">{escape(text)}</button>'
