"""Carry what the built-in `extract` learned of a task over to a model that was adapted from a built-in one.

Adapting moved the weights of the general model, and so did teaching it the task. Both moves are added to it, without
training ("task arithmetic", Ilharco and others 2023, arXiv 2212.04089). Figures: docs/experiments.md.
"""

import torch
from safetensors.torch import load_file

from mlm_demo.models.catalogue import BASE
from mlm_demo.models.masked_lm import MaskedLM
from mlm_demo.models.task_model import TaskModel


def carried_over(taught: TaskModel, adapted: MaskedLM) -> TaskModel:
    """Return taught with what adaptation changed; its head stays.

    taught: the built-in model of a task, on the CPU; its weights are changed in place. adapted: a model of the same
    shape that began as the general built-in one, or that one itself; it stays unchanged and gives its name and device.
    Raises KeyError or RuntimeError if the shapes differ.
    """
    general, theirs = load_file(BASE.folder / "model.safetensors"), adapted.model.state_dict()
    with torch.no_grad():
        for name, weight in taught.model.state_dict().items():
            if name in general:
                weight += theirs[name].cpu() - general[name].float()
    return TaskModel(
        adapted.tokenizer,
        taught.model.to(adapted.device),
        taught.task,
        name=adapted.name,
        source=adapted.source,
        revision=adapted.revision,
    )
