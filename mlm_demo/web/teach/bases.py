"""The models that can be taught a task: those that were taught one before, then those that fill masks."""

from mlm_demo.models.catalogue import ModelRef
from mlm_demo.models.extractor import BUILT_IN
from mlm_demo.runs.store import RunStore
from mlm_demo.web import model_choices
from mlm_demo.web.extract import extractors

UNTAUGHT = "biomedical"  # offered first where there is no built-in model that was taught


def offered(runs: RunStore, owner: str, named: str = "") -> list[ModelRef]:
    """Return the models that a person can pick; named: one in use."""
    return [
        *extractors.offered(runs, owner, named),
        *model_choices.offered(runs, owner, [named] if named else []),
    ]


def first_name(models: list[ModelRef]) -> str:
    """Return the name of the model to start from unless a person picks another one."""
    names = {ref.name for ref in models}
    return BUILT_IN if BUILT_IN in names else UNTAUGHT
