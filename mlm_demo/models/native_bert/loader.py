"""Load a built-in model, or one adapted from it, without importing transformers.

The loader returns None for anything else, and for broken files: `models.loader` loads every architecture and reports
what is wrong with a file.
"""

import json

from mlm_demo.models import hub_cache
from mlm_demo.models.catalogue import ModelRef
from mlm_demo.models.device import find_device
from mlm_demo.models.masked_lm import MaskedLM
from mlm_demo.models.native_bert.model import read_model
from mlm_demo.models.native_bert.tokenizer import read_tokenizer
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
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        if config["model_type"] != "bert" or any(
            config.get(name, value) != value for name, value in SUPPORTED.items()
        ):
            return None
        tokenizer = read_tokenizer(folder)
        if tokenizer is None or max(tokenizer.get_vocab().values()) >= config["vocab_size"]:
            return None
        weights = folder / hub_cache.SAFETENSORS
        model = read_model(config, weights, mapped=ref.kind == "built in")
        revision = hub_cache.revision(folder, weights)
    except Exception as error:  # a broken file raises whatever its parser raises; `models.loader` explains it
        if ran_out(error):
            raise
        return None
    return MaskedLM(tokenizer, model.to(torch_device), name=ref.name, source=ref.source, revision=revision)
