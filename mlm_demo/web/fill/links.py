"""Read and write the page's own links: `/?text=…&model=…&k=…&targets=…&compare=…&axis=…`."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, urlencode

from mlm_demo.errors import shown
from mlm_demo.models.catalogue import BASE, KNOWN_MODELS, Catalogue
from mlm_demo.models.pool import PRECISIONS
from mlm_demo.web.link_values import known_model, short_text

OPENING_SENTENCE = "Growth of the <mask> was slow."  # the two built-in models disagree on it
FIRST_SENTENCE = "Paris is the <mask> of France."
FIRST_TOP_K = 8
MAX_COMPARED = 2  # besides the model itself
FULL = "full"  # the value of axis=


@dataclass(frozen=True)
class Question:
    """A question of the 'Fill mask' tab; the defaults are those of a page where no model has been downloaded.

    full_axis: whether the charts of the answer go up to a probability of 1, whatever the largest one is.
    """

    text: str = FIRST_SENTENCE
    model: str = BASE.name
    compare: tuple[str, ...] = ()
    top_k: float = FIRST_TOP_K
    targets: str = ""
    joint: bool = False
    precision: str = "auto"
    full_axis: bool = False

    @property
    def models(self) -> list[str]:
        """Return the model and those it is compared with, each once."""
        return list(dict.fromkeys([self.model, *self.compare]))


FIRST = Question()
PARAMETERS = ("text", "model", "compare", "k", "targets", "joint", "precision", "axis")


def opening(model: str) -> Question:
    """Return the question of a page without a link: this model beside the built-in one of the other domain."""
    return Question(OPENING_SENTENCE, model, (other_built_in(model),))


def other_built_in(model: str) -> str:
    """Return the built-in model of the other domain to compare a model with."""
    general = any(ref.name == model and ref.domain == "general" for ref in KNOWN_MODELS)
    return "biomedical" if general else "general"


def read_link(
    parameters: Mapping[str, str], catalogue: Catalogue, *, max_characters: int, model: str = BASE.name
) -> tuple[Question, list[str]]:
    """Return the question of a link, and a notice for each value that is ignored.

    model: of a link that names none.
    """
    if not any(parameters.get(name) for name in PARAMETERS):
        return opening(model), []
    notices: list[str] = []
    text = short_text(parameters.get("text", ""), "The link's text", notices, max_characters)
    joint = parameters.get("joint", "")
    if joint not in ("", "0", "1"):
        notices.append(f"The link's joint={shown(joint)} is not 0 or 1 and was ignored.")
    axis = parameters.get("axis", "")
    if axis not in ("", FULL):
        notices.append(f"The link's axis={shown(axis)} is not {FULL} and was ignored.")
    models = [
        known_model(name, "model=", notices, catalogue) for name in [parameters.get("model", "")] if name
    ]
    compared = [
        known_model(name, "compare=", notices, catalogue)
        for name in parameters.get("compare", "").split(",")
        if name.strip()
    ]
    if len(compared) > MAX_COMPARED:
        notices.append(f"The link compares with {len(compared)} models; the first {MAX_COMPARED} were used.")
    question = Question(
        text=text or FIRST_SENTENCE,
        model=next((name for name in models if name), model),
        compare=tuple(dict.fromkeys(name for name in compared[:MAX_COMPARED] if name)),
        top_k=_top_k(parameters.get("k", ""), notices),
        targets=parameters.get("targets", ""),
        joint=joint == "1",
        precision=_precision(parameters.get("precision", ""), notices),
        full_axis=axis == FULL,
    )
    return question, notices


def write_link(question: Question) -> str:
    """Return the query string of a question, without default values."""
    parameters = {
        "text": question.text,
        "model": question.model,
        # The field may be empty; the answer then asks for a number.
        "k": "" if question.top_k == "" else f"{question.top_k:g}",
        "targets": question.targets,
        "compare": ",".join(question.compare),
        "joint": "1" if question.joint else "",
        "precision": question.precision if question.precision != "auto" else "",
        "axis": FULL if question.full_axis else "",
    }
    return "?" + urlencode({name: value for name, value in parameters.items() if value})


def has_full_axis(link: str) -> bool:
    """Return whether a link of ours asks for charts that go up to a probability of 1."""
    return parse_qs(link.partition("?")[2]).get("axis") == [FULL]


def page_address(environ: Mapping[str, str] = os.environ) -> str:
    """Return the address that links start with on a Space, where the page is in a frame; empty elsewhere."""
    host = environ.get("SPACE_HOST", "")
    return f"https://{host}/" if host else ""


def _top_k(text: str, notices: list[str]) -> int:
    if not text:
        return FIRST_TOP_K
    if text.isdecimal() and len(text) < 7 and int(text) > 0:
        return int(text)
    notices.append(f"The link's k={shown(text)} is not a whole number above 0 and was ignored.")
    return FIRST_TOP_K


def _precision(text: str, notices: list[str]) -> str:
    if text in ("", *PRECISIONS):
        return text or "auto"
    notices.append(
        f"The link's precision={shown(text)} is not one of {', '.join(PRECISIONS)} and was ignored."
    )
    return "auto"
