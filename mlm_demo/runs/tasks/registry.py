"""The tasks by their names, as run.json has them. A new kind of run is a module here and a line in TASKS."""

from mlm_demo.errors import RunError, shown
from mlm_demo.runs.run import Run
from mlm_demo.runs.tasks.adapt import Adaptation
from mlm_demo.runs.tasks.task import Task

TASKS: dict[str, Task] = {task.name: task for task in (Adaptation(),)}


def task_of(run: Run) -> Task:
    """Return the task of a run; raises RunError if this version has no such task."""
    name = run.request.task
    if name not in TASKS:
        raise RunError(
            f"The run {run.id} is of the kind {shown(name)}, which this version does not know; update it."
        )
    return TASKS[name]
