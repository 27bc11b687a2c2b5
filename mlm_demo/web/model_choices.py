"""The choices of the model pickers: the known models and the models that a person has adapted."""

from collections import Counter
from collections.abc import Sequence

from mlm_demo.errors import MlmDemoError
from mlm_demo.models.catalogue import KNOWN_MODELS, Catalogue, ModelRef
from mlm_demo.runs.adapted_models import adapted_model
from mlm_demo.runs.store import RunStore

ANY_MODEL = {"allow_custom_value": True}  # of a picker: a Hub id too; without it Gradio warns in the log


def offered(runs: RunStore, owner: str, shown: Sequence[str] = ()) -> list[ModelRef]:
    """Return every model that a person can pick now.

    shown: names in use; a model that somebody else adapted is offered if a link named it.
    """
    own = [ref for run in runs.owned_by(owner) if (ref := adapted_model(run))]
    others = {name for name in shown if runs.has(name)} - {ref.name for ref in own}
    linked = [ref for name in sorted(others) if (ref := adapted_model(runs.find(name)))]
    return [*KNOWN_MODELS, *own, *linked]


def short_name(name: str) -> str:
    """Return a model's name without its owner or the folders above it."""
    return name.rstrip("/").rsplit("/", 1)[-1]


def choices(offered: Sequence[ModelRef]) -> list[tuple[str, str]]:
    """Return (label, name) of each model."""
    return told_apart([(ref.label, ref.name) for ref in offered])


def told_apart(choices: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return (label, name) with the start of the name in each label that occurs twice.

    Two people may give their runs the same name, and older runs are called like their file.
    """
    labels = Counter(label for label, _ in choices)
    return [(f"{label}, {name[:6]}" if labels[label] > 1 else label, name) for label, name in choices]


def short_choices(offered: Sequence[ModelRef]) -> list[tuple[str, str]]:
    """Return (label, name) of each model, with labels that fit a tag."""
    return told_apart(
        [
            (c.title if c.kind == "adapted" else f"{short_name(c.name)} ({c.availability})", c.name)
            for c in offered
        ]
    )


def is_here(name: str, catalogue: Catalogue) -> bool:
    """Return whether a model can be loaded without a download."""
    try:
        return catalogue.find(name).folder is not None
    except MlmDemoError:
        return False
