"""Read and write links to a scored sentence: `/?score=…&against=…&scored_by=…&method=…`."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from mlm_demo.errors import shown
from mlm_demo.inference.asked_models import MAX_MODELS
from mlm_demo.models.catalogue import Catalogue
from mlm_demo.web.link_values import known_model, short_text

WITHIN_WORD, ORIGINAL = "within_word", "original"
FIRST_SENTENCE = "The patient received antibiotics for pneumonia."
FIRST_MODELS = ("general", "biomedical")


@dataclass(frozen=True)
class Asked:
    """The form of the tab; the defaults are what it opens with. second: to set against the first, or empty."""

    text: str = FIRST_SENTENCE
    second: str = ""
    models: tuple[str, ...] = FIRST_MODELS
    method: str = WITHIN_WORD

    @property
    def texts(self) -> list[str]:
        """Return the sentence, and the second one if there is one."""
        return [self.text, *([self.second] if self.second.strip() else [])]


def is_score_link(parameters: Mapping[str, str]) -> bool:
    """Return whether a link is for this tab."""
    return bool(parameters.get("score"))


def read_link(
    parameters: Mapping[str, str], catalogue: Catalogue, *, max_characters: int
) -> tuple[Asked, list[str]]:
    """Return the form of a link, and a notice for each value that is ignored."""
    notices: list[str] = []
    text, second = (
        short_text(parameters.get(name, ""), "A sentence of the link", notices, max_characters)
        for name in ("score", "against")
    )
    names = [name for name in parameters.get("scored_by", "").split(",") if name.strip()]
    models = [known_model(name, "model ", notices, catalogue) for name in names]
    if len(models) > MAX_MODELS:
        notices.append(f"The link names {len(models)} models; the first {MAX_MODELS} were used.")
    method = parameters.get("method", WITHIN_WORD)
    if method not in (WITHIN_WORD, ORIGINAL):
        notices.append(f"The link's method={shown(method)} is not within_word or original and was ignored.")
        method = WITHIN_WORD
    used = tuple(dict.fromkeys(name for name in models[:MAX_MODELS] if name))
    return Asked(text or FIRST_SENTENCE, second, used or FIRST_MODELS, method), notices


def write_link(asked: Asked) -> str:
    """Return the query string of a form."""
    parameters = {
        "score": asked.text,
        "against": asked.second,
        "scored_by": ",".join(asked.models),
        "method": asked.method if asked.method != WITHIN_WORD else "",
    }
    return "?" + urlencode({name: value for name, value in parameters.items() if value})
