"""Read and write links to a contrast: `/?contrast=…&with=…&asked=…`."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from mlm_demo.models.catalogue import Catalogue
from mlm_demo.web.link_values import known_model, short_text

FIRST_SENTENCE = "The patient was treated with <mask> for asthma."
SECOND_SENTENCE = "The patient was treated with <mask> for cancer."
FIRST_MODEL = "biomedical"


@dataclass(frozen=True)
class Asked:
    """The form of the tab; the defaults are what it opens with.

    second: empty for the first sentence again; other_model: of the second sentence, empty for the same model.
    """

    first: str = FIRST_SENTENCE
    second: str = SECOND_SENTENCE
    model: str = FIRST_MODEL
    other_model: str = ""

    @property
    def texts(self) -> tuple[str, str]:
        """Return both sentences."""
        return self.first, self.second if self.second.strip() else self.first

    @property
    def models(self) -> tuple[str, str]:
        """Return the model of each sentence."""
        return self.model, self.other_model or self.model


def is_contrast_link(parameters: Mapping[str, str]) -> bool:
    """Return whether a link is for this tab."""
    return bool(parameters.get("contrast"))


def read_link(
    parameters: Mapping[str, str], catalogue: Catalogue, *, max_characters: int
) -> tuple[Asked, list[str]]:
    """Return the form of a link, and a notice for each value that is ignored."""
    notices: list[str] = []
    first, second = (
        short_text(parameters.get(name, ""), "A sentence of the link", notices, max_characters)
        for name in ("contrast", "with")
    )
    names = [name for name in parameters.get("asked", "").split(",") if name.strip()]
    if len(names) > 2:
        notices.append(f"The link names {len(names)} models; the first 2 were used.")
    models = [known_model(name, "model ", notices, catalogue) for name in names[:2]]
    model, other = (*models, "", "")[:2]
    return Asked(first or FIRST_SENTENCE, second, model or FIRST_MODEL, other), notices


def write_link(asked: Asked) -> str:
    """Return the query string of a form."""
    parameters = {
        "contrast": asked.first,
        "with": asked.second,
        "asked": ",".join(filter(None, [asked.model, asked.other_model])),
    }
    return "?" + urlencode({name: value for name, value in parameters.items() if value})
