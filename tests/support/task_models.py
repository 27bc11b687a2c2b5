"""Tiny random models for the downstream tasks."""

from functools import cache
from pathlib import Path

import pytest

from mlm_demo.models.task_loader import with_head
from mlm_demo.models.task_model import TaskModel
from mlm_demo.models.tasks import TASKS
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


@pytest.fixture(scope="session")
def taught_folder(tmp_path_factory) -> str:
    """A folder with a model for each task, as extraction takes it; shared between tests, so do not change it."""
    folder = tmp_path_factory.mktemp("taught")
    for task in TASKS:
        save_task(folder / task, task)
    return str(folder)
