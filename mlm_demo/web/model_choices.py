"""The choices of the model pickers: the catalogue, and the models a person has adapted."""

from collections.abc import Sequence

from mlm_demo.errors import MlmDemoError
from mlm_demo.models.catalogue import CATALOGUE, Checkpoint, adapted, find_checkpoint
from mlm_demo.runs.store import Runs
from mlm_demo.web.fill.charts import short_name


def offered(runs: Runs, owner: str, shown: Sequence[str] = ()) -> list[Checkpoint]:
    """Every model that can be picked, as it stands on this machine now.

    shown: names in use; a model that somebody else adapted is offered where its link named it.
    """
    own = [checkpoint for run in runs.of(owner) if (checkpoint := adapted(run))]
    others = {name for name in shown if runs.has(name)} - {checkpoint.name for checkpoint in own}
    linked = [checkpoint for name in sorted(others) if (checkpoint := adapted(runs.find(name)))]
    return [*CATALOGUE, *own, *linked]


def choices(offered: Sequence[Checkpoint]) -> list[tuple[str, str]]:
    """(label, name) of each."""
    return [(checkpoint.label, checkpoint.name) for checkpoint in offered]


def short_choices(offered: Sequence[Checkpoint]) -> list[tuple[str, str]]:
    """The same with labels that fit a tag."""
    return [(c.title if c.run else f"{short_name(c.name)} ({c.availability})", c.name) for c in offered]


def is_here(name: str, runs: Runs, *, folders: bool) -> bool:
    """Whether a model can be loaded without a download; folders: whether one of this machine can be meant."""
    try:
        return find_checkpoint(name, runs, folders=folders).folder is not None
    except MlmDemoError:
        return False
