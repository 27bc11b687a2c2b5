"""Make a `TaskModel`: from another model, with a fresh head where it has none, or from a folder that was fine-tuned."""

import copy
from pathlib import Path

import torch
from transformers import (
    AutoModelForQuestionAnswering,
    AutoModelForSequenceClassification,
)
from transformers.models.auto.modeling_auto import (
    MODEL_FOR_QUESTION_ANSWERING_MAPPING_NAMES,
    MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES,
)

from mlm_demo.errors import ModelError, shown
from mlm_demo.models import hub_cache
from mlm_demo.models.device import find_device
from mlm_demo.models.loader import (
    check_vocabulary,
    load_lock,
    read_config,
    read_tokenizer,
    read_weights,
    weights_file,
)
from mlm_demo.models.masked_lm import MaskedLM
from mlm_demo.models.task_model import TaskModel
from mlm_demo.models.tasks import ANSWERS, EVIDENCE

# By task: transformers' auto class, its architectures by model type, and what messages call the task's model.
AUTO_CLASSES = {EVIDENCE: AutoModelForSequenceClassification, ANSWERS: AutoModelForQuestionAnswering}
ARCHITECTURES = {
    EVIDENCE: MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES,
    ANSWERS: MODEL_FOR_QUESTION_ANSWERING_MAPPING_NAMES,
}
TITLES = {EVIDENCE: "sequence classification", ANSWERS: "question answering"}


def with_head(base: MaskedLM | TaskModel, task: str, *, seed: int = 0) -> TaskModel:
    """Return a model for a task with the encoder of another model.

    base: as `loader.load` or `load_task_model` returns it; it stays unchanged and shares no weights. One that was
    taught the same task gives its head too; otherwise the head is random. seed: draws the weights of the head, and
    those of a pooler, which no masked language model has. Raises ModelError if transformers has no such head.
    """
    config = copy.deepcopy(base.model.config)
    if config.model_type not in ARCHITECTURES[task]:
        raise ModelError(
            f"{shown(base.name)} is of the type {shown(config.model_type)}, for which transformers has no model for "
            f"{TITLES[task]}; pick another model."
        )
    config.num_labels = 1 if task == EVIDENCE else 2
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = AUTO_CLASSES[task].from_config(config, dtype=torch.float32)
    # By name, as `from_pretrained` does: the encoder, and in ModernBERT also the layer below the head.
    mine, theirs = model.state_dict(), base.model.state_dict()
    common = {
        name: theirs[name] for name in mine if name in theirs and theirs[name].shape == mine[name].shape
    }
    model.load_state_dict(common, strict=False)
    return TaskModel(base.tokenizer, model.to(base.device), task, name=base.name, source=base.source)


def load_task_model(
    folder: Path,
    name: str = "",
    *,
    task: str | None = None,
    source: str = "",
    device: str = "auto",
    allow_pickle: bool = False,
) -> TaskModel:
    """Load a fine-tuned transformers folder in float32; the architecture in its config tells the task.

    name: how messages and answers call it, by default the folder's path. task: the one that is wanted, if only one is.
    Raises ModelError with the reason if the folder has no fine-tuned model, or one for another task.
    """
    name = name or str(folder)
    weights = weights_file(folder, name, allow_pickle)
    found = _task(folder, name)
    if task and task != found:
        raise ModelError(
            f"{shown(name)} was fine-tuned for {found} ({TITLES[found]}), and {task} needs a model for {TITLES[task]}; "
            "pick another one."
        )
    with load_lock:
        tokenizer = read_tokenizer(folder, name)
        model, missing = read_weights(AUTO_CLASSES[found], folder, name, weights)
    if missing:
        raise ModelError(
            f"{shown(name)} lacks weights that a model for {TITLES[found]} needs ({len(missing)} of them, such as "
            f"{missing[0]}), so it would answer at random; fine-tune it first."
        )
    check_vocabulary(tokenizer, model, name)
    model.to(find_device(device))
    revision = hub_cache.revision(folder, weights)
    return TaskModel(tokenizer, model, found, name=name, source=source, revision=revision)


def _task(folder: Path, name: str) -> str:
    """Return the task of a folder by its config."""
    config, model_type, architectures = read_config(folder, name)
    task = next(
        (task for task, known in ARCHITECTURES.items() if known.get(model_type) in architectures), None
    )
    if task is None:
        kind = f"a {architectures[0]}" if architectures else f"of the type {shown(model_type)}"
        raise ModelError(
            f"{shown(name)} is {kind}, which answers no questions; name the folder of a model that was fine-tuned for "
            "evidence or answers."
        )
    # transformers writes the labels only if they are not the two that it assumes.
    labels = len(config.get("id2label") or "01")
    if task == EVIDENCE and labels != 1:
        raise ModelError(
            f"{shown(name)} sorts texts into {labels} classes, but evidence needs a model with one label, the "
            "relevance of a sentence; pick another one."
        )
    return task
