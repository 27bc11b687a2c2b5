"""The tasks by the names that run.json holds. To add a task, write a module here and add it to TASKS."""

from mlm_demo.errors import RunError, shown
from mlm_demo.runs.run import Run
from mlm_demo.runs.tasks.adapt import Adaptation
from mlm_demo.runs.tasks.extract import Extracting
from mlm_demo.runs.tasks.finetune import Finetuning
from mlm_demo.runs.tasks.pretrain import Pretraining
from mlm_demo.runs.tasks.task import Task

TASKS: dict[str, Task] = {
    task.name: task for task in (Adaptation(), Pretraining(), Finetuning(), Extracting())
}


def task_of(run: Run) -> Task:
    """Return the task of a run; raises RunError if this version does not have it."""
    name = run.request.task
    if name not in TASKS:
        raise RunError(
            f"The run {run.id} has the task {shown(name)}, which this version does not support; update it."
        )
    return TASKS[name]
