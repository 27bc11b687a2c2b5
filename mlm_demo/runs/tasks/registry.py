"""The tasks by the names that run.json holds. To add a task, write a module here and add it to TRAINING or ASKING.

Those of TRAINING make a model and have the tab Adapt; those of ASKING make a table, and the tab that asks shows it.
"""

from mlm_demo.errors import RunError, shown
from mlm_demo.runs.run import Request, Run
from mlm_demo.runs.tasks.adapt import Adaptation
from mlm_demo.runs.tasks.batch import KINDS, Batch
from mlm_demo.runs.tasks.extract import Extracting
from mlm_demo.runs.tasks.finetune import Finetuning
from mlm_demo.runs.tasks.pretrain import Pretraining
from mlm_demo.runs.tasks.task import Task, TrainingTask

TRAINING: dict[str, TrainingTask] = {task.name: task for task in (Adaptation(), Pretraining(), Finetuning())}
ASKING: dict[str, Task] = {task.name: task for task in (Extracting(), *map(Batch, KINDS))}
TASKS: dict[str, Task] = {**TRAINING, **ASKING}


def task_of(run: Run) -> Task:
    """Return the task of a run; raises RunError if this version does not have it."""
    name = run.request.task
    if name not in TASKS:
        raise RunError(
            f"The run {run.id} has the task {shown(name)}, which this version does not support; update it."
        )
    return TASKS[name]


def verb_of(request: Request) -> list[str]:
    """Return the words of the equivalent command line that stand before its files, such as `finetune answers`."""
    return [request.task, *([request.request["task"]] if request.task == Finetuning.name else [])]


def makes_table(run: Run) -> bool:
    """Return whether a run asks models, so that the tab that started it shows it."""
    return run.request.task in ASKING
