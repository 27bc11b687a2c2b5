"""Values of the page's links: those that cannot be used are ignored, each with a notice."""

from mlm_demo.errors import MlmDemoError, shown
from mlm_demo.models.catalogue import Catalogue


def short_text(text: str, what: str, notices: list[str], max_characters: int) -> str:
    """Return a text of a link, or an empty one if it is too long; what: its name, such as `The link's text`."""
    if len(text) <= max_characters:
        return text
    notices.append(f"{what} has {len(text):,} characters, more than {max_characters:,}, and was ignored.")
    return ""


def known_model(name: str, what: str, notices: list[str], catalogue: Catalogue) -> str:
    """Return the name of a model as the catalogue has it, empty if it has none; what: the parameter, `model=`."""
    try:
        return catalogue.find(name).name
    except MlmDemoError as error:
        notices.append(f"The link's {what}{shown(name)} was ignored. {error}")
        return ""
