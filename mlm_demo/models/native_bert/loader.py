"""Load a small BERT, as the built-in models are and what is adapted from them, without importing transformers.

Whatever is not just that, or is broken, is left to `loader.py`, which takes every architecture and says what is wrong.
"""

import json

from mlm_demo.models import hub_cache
from mlm_demo.models.catalogue import ModelRef
from mlm_demo.models.device import find_device
from mlm_demo.models.masked_lm import MaskedLM
from mlm_demo.models.native_bert import model as bert
from mlm_demo.models.native_bert import tokenizer as bert_tokenizer
from mlm_demo.system.memory import ran_out

OURS = ("built in", "adapted")  # kinds of refs: files that transformers has written here
# What bert.py computes, by the names and values of a config.json; absent means the same.
ASSUMED = {
    "hidden_act": "gelu",
    "position_embedding_type": "absolute",
    "tie_word_embeddings": True,
    "is_decoder": False,
    "add_cross_attention": False,
    "chunk_size_feed_forward": 0,
}


def load_native(ref: ModelRef, device: str) -> MaskedLM | None:
    """The model in float32 on the device, or None if it is for `loader.load`; raises as `find_device` does."""
    place = find_device(device)
    if ref.kind not in OURS or not (folder := ref.folder):
        return None
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        if config["model_type"] != "bert" or any(
            config.get(n, value) != value for n, value in ASSUMED.items()
        ):
            return None
        tokenizer = bert_tokenizer.read(folder)
        if tokenizer is None or max(tokenizer.get_vocab().values()) >= config["vocab_size"]:
            return None
        weights = folder / hub_cache.SAFETENSORS
        model = bert.read(config, weights, mapped=ref.kind == "built in")
        revision = hub_cache.revision(folder, weights)
    except Exception as error:  # whatever the parsers of broken files raise: loader.py names it
        if ran_out(error):
            raise
        return None
    return MaskedLM(tokenizer, model.to(place), name=ref.name, source=ref.source, revision=revision)
