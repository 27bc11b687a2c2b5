"""The choices of the model pickers."""

from mlm_demo.checkpoints import CATALOGUE, find_checkpoint
from mlm_demo.errors import MlmDemoError
from mlm_demo.ui.charts import short_name


def choices() -> list[tuple[str, str]]:
    """(label, name) of every model of the catalogue, as it stands on this machine now."""
    return [(checkpoint.label, checkpoint.name) for checkpoint in CATALOGUE]


def short_choices() -> list[tuple[str, str]]:
    """The same with labels that fit a tag."""
    return [(f"{short_name(c.name)} ({c.availability})", c.name) for c in CATALOGUE]


def is_here(name: str) -> bool:
    """Whether a model can be loaded without a download."""
    try:
        return find_checkpoint(name).folder is not None
    except MlmDemoError:
        return False
