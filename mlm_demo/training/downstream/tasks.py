"""The downstream tasks by name. To add one, write a module like evidence.py and add it here and to TASK_NAMES."""

from mlm_demo.training.downstream.answers import AnswersTask
from mlm_demo.training.downstream.evidence import EvidenceTask
from mlm_demo.training.downstream.task import DownstreamTask

TASKS: dict[str, DownstreamTask] = {task.name: task for task in (EvidenceTask(), AnswersTask())}
