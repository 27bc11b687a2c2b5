"""Tiny random models for the downstream tasks."""

from functools import cache
from pathlib import Path

from mlm_demo.models.task_loader import with_head
from mlm_demo.models.task_model import TaskModel
from tests.support.tiny_models import tiny


@cache
def tiny_task(task: str, architecture: str = "BERT", seed: int = 0) -> TaskModel:
    """Return a model with a random head; shared between tests, so do not change it."""
    return with_head(tiny(architecture), task, seed=seed)


def save_task(folder: Path, task: str, architecture: str = "BERT") -> Path:
    """Save one as a transformers folder."""
    model = tiny_task(task, architecture)
    model.model.save_pretrained(folder)
    model.tokenizer.save_pretrained(folder)
    return folder
