"""Load a built-in model, or one adapted or fine-tuned from it, without importing transformers.

The loader returns None for anything else, and for broken files: `models.loader` loads every architecture and reports
what is wrong with a file.
"""

import json
from pathlib import Path

from mlm_demo.models import hub_cache
from mlm_demo.models.catalogue import ModelRef
from mlm_demo.models.device import find_device
from mlm_demo.models.head import LAST_LAYER
from mlm_demo.models.masked_lm import MaskedLM
from mlm_demo.models.native_bert.model import read_model
from mlm_demo.models.native_bert.task import TASK_MODELS, read_task_model
from mlm_demo.models.native_bert.tokenizer import BertTokenizer, read_tokenizer
from mlm_demo.models.task_model import TaskModel
from mlm_demo.system.memory import ran_out

KINDS = ("built in", "adapted")  # models whose files transformers wrote for this project
# What `BertForMaskedLM` supports: the values in config.json, which may also be missing.
SUPPORTED = {
    "hidden_act": "gelu",
    "position_embedding_type": "absolute",
    "tie_word_embeddings": True,
    "is_decoder": False,
    "add_cross_attention": False,
    "chunk_size_feed_forward": 0,
}


def load_native(ref: ModelRef, device: str) -> MaskedLM | None:
    """Return the model in float32, or None if `loader.load` has to load it; raises as `find_device` does."""
    torch_device = find_device(device)
    if ref.kind not in KINDS or not (folder := ref.folder):
        return None
    weights = folder / hub_cache.SAFETENSORS
    try:
        found = _read_config_and_tokenizer(folder)
        if found is None:
            return None
        config, tokenizer = found
        model = read_model(config, weights, mapped=ref.kind == "built in")
        revision = hub_cache.revision(folder, weights)
    except Exception as error:  # a broken file raises whatever its parser raises; `models.loader` explains it
        if ran_out(error):
            raise
        return None
    return MaskedLM(
        tokenizer,
        model.to(torch_device),
        name=ref.name,
        source=ref.source,
        revision=revision,
        cut=LAST_LAYER,
    )


def load_native_task(
    folder: Path, name: str, *, source: str = "", device: str = "auto", mapped: bool = False
) -> TaskModel | None:
    """Return a fine-tuned model in float32, or None if `task_loader.load_task_model` has to load it.

    mapped: see `model.mapped_embeddings`. Raises as `find_device` does.
    """
    torch_device = find_device(device)
    weights = folder / hub_cache.SAFETENSORS
    try:
        found = _read_config_and_tokenizer(folder)
        if found is None:
            return None
        config, tokenizer = found
        kind = TASK_MODELS.get((config.get("architectures") or [""])[0])
        if kind is None or len(config.get("id2label") or "01") != kind.labels:
            return None
        model = read_task_model(kind, config, weights, mapped=mapped)
        revision = hub_cache.revision(folder, weights)
    except Exception as error:  # as above; `task_loader` explains it
        if ran_out(error):
            raise
        return None
    model.to(torch_device)
    return TaskModel(tokenizer, model, kind.task, name=name, source=source, revision=revision)


def _read_config_and_tokenizer(folder: Path) -> tuple[dict, BertTokenizer] | None:
    """Return both, or None if the folder has no plain BERT; a broken file raises what its parser raises."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    if config["model_type"] != "bert" or any(
        config.get(name, value) != value for name, value in SUPPORTED.items()
    ):
        return None
    tokenizer = read_tokenizer(folder)
    if tokenizer is None or max(tokenizer.get_vocab().values()) >= config["vocab_size"]:
        return None
    return config, tokenizer
