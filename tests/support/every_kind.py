"""A tiny random model of every kind that AutoModelForMaskedLM knows, with a tokenizer that fits."""

from typing import Any

import torch
from transformers import CONFIG_MAPPING, PreTrainedModel, PreTrainedTokenizerBase
from transformers.models.auto.modeling_auto import MODEL_FOR_MASKED_LM_MAPPING_NAMES, AutoModelForMaskedLM

from tests.support.tiny_models import POSITIONS, tokenizer_of

KINDS = tuple(MODEL_FOR_MASKED_LM_MAPPING_NAMES)
WIDE = 16
# Sizes under all the names that configs have for them.
SIZES = {
    **dict.fromkeys(
        ("hidden_size", "d_model", "emb_dim", "dim", "pooler_hidden_size", "embedding_size"), WIDE
    ),
    **dict.fromkeys(("intermediate_size", "encoder_ffn_dim", "decoder_ffn_dim", "hidden_dim", "d_inner"), 24),
    **dict.fromkeys(("num_hidden_layers", "encoder_layers", "decoder_layers", "n_layers"), 2),
    **dict.fromkeys(("num_attention_heads", "n_heads", "n_head", "num_key_value_heads"), 2),
    **dict.fromkeys(("encoder_attention_heads", "decoder_attention_heads"), 2),
    **dict.fromkeys(("d_head", "head_dim"), 8),
    "initializer_range": 0.5,
    "init_std": 0.5,
}
# What some kinds need besides.
MORE: dict[str, dict[str, Any]] = {
    "big_bird": {"attention_type": "original_full"},
    "esm": {"position_embedding_type": "rotary", "token_dropout": True},
    "funnel": {"block_sizes": [1, 1], "block_repeats": [1, 1], "num_decoder_layers": 1},
    "layoutlm": {"max_2d_position_embeddings": 8},
    "longformer": {"attention_window": 8},
    "luke": {"entity_vocab_size": 4, "entity_emb_size": 8},
    "mobilebert": {
        "embedding_size": 8,
        "intra_bottleneck_size": 8,
        "true_hidden_size": 8,
        "num_feedforward_networks": 1,
    },
    "modernbert": {"layer_types": ["full_attention", "sliding_attention"], "local_attention": 16},
    "mvp": {"prompt_length": 2, "prompt_mid_dim": 8},
    "neomme": {"head_dim": 16, "patch_size": 4, "embedding_dim": 8, "embedding_rank": 8},
    "perceiver": {
        **{"num_latents": 4, "d_latents": 16, "num_self_attends_per_block": 1},
        **{"num_self_attention_heads": 2, "num_cross_attention_heads": 2},
    },
    "reformer": {
        **{"attn_layers": ["local", "lsh"], "axial_pos_shape": [8, 8], "axial_pos_embds_dim": [4, 12]},
        **{"feed_forward_size": 24, "attention_head_size": 8, "lsh_attn_chunk_length": 8},
        **{"local_attn_chunk_length": 8, "num_buckets": 4, "is_decoder": False},
    },
    "rembert": {"input_embedding_size": 8, "output_embedding_size": 12},
    "roc_bert": {
        **{"pronunciation_vocab_size": 500, "shape_vocab_size": 500},
        **{"pronunciation_embed_dim": 8, "shape_embed_dim": 8},
    },
    "squeezebert": dict.fromkeys(
        ("q_groups", "k_groups", "v_groups", "intermediate_groups", "output_groups"), 1
    ),
    "tapas": {"type_vocab_sizes": [3, 8, 8, 2, 8, 8, 10]},
    "xmod": {"default_language": "en_XX", "languages": ["en_XX", "de_DE"]},
}
# The kinds that read pictures too, and the kind of the model that reads their text.
WITH_PICTURES = {"modernvbert": "modernbert", "ultravbert": "ultrabert"}
# These number positions after the padding token.
SHIFTED = (
    "camembert",
    "data2vec-text",
    "esm",
    "ibert",
    "longformer",
    "luke",
    "mpnet",
    "roberta",
    "roberta-prelayernorm",
    "xlm-roberta",
    "xlm-roberta-xl",
    "xmod",
    "mra",
    "nystromformer",
    "yoso",
    "layoutlm",
)
WORD_PIECE = (
    "bert",
    "convbert",
    "distilbert",
    "electra",
    "ernie",
    "esm",
    "esmc",
    "funnel",
    "layoutlm",
    "megatron-bert",
    "mobilebert",
    "nomic_bert",
    "roc_bert",
    "roformer",
    "squeezebert",
    "tapas",
)
UNIGRAM = (
    "albert",
    "big_bird",
    "camembert",
    "deberta-v2",
    "fnet",
    "gte",
    "jina_embeddings_v3",
    "mbart",
    "rembert",
    "xlm-roberta",
    "xlm-roberta-xl",
    "xmod",
    "yoso",
    "xlm",
    "flaubert",
    "reformer",
)


def family_of(kind: str) -> str:
    """Return the family whose tokenizer goes with a kind of model."""
    return "BERT" if kind in WORD_PIECE else "XLM-R" if kind in UNIGRAM else "RoBERTa"


def build_kind(kind: str, seed: int = 0) -> tuple[PreTrainedTokenizerBase, PreTrainedModel]:
    """Return a tokenizer and a model with random weights."""
    tokenizer = tokenizer_of(family_of(kind))
    torch.manual_seed(seed)
    sizes = _sizes(kind, tokenizer)
    if kind in WITH_PICTURES:
        text = {"model_type": WITH_PICTURES[kind], **_sizes(WITH_PICTURES[kind], tokenizer)}
        vision = {**SIZES, "image_size": 8, "patch_size": 4, "model_type": "siglip_vision_model"}
        sizes |= {"text_config": text, "vision_config": vision, "pixel_shuffle_factor": 2}
    config = CONFIG_MAPPING[kind](**sizes)
    return tokenizer, AutoModelForMaskedLM.from_config(config, dtype=torch.float32).eval()


def _sizes(kind: str, tokenizer: PreTrainedTokenizerBase) -> dict[str, Any]:
    known = CONFIG_MAPPING[kind]().to_dict()
    ids = {
        f"{name}_token_id": getattr(tokenizer, f"{name}_token_id")
        for name in ("pad", "bos", "eos", "cls", "sep", "mask")
    }
    positions = POSITIONS + (tokenizer.pad_token_id + 1 if kind in SHIFTED else 0)
    sizes = {**SIZES, **ids, "vocab_size": len(tokenizer), "max_position_embeddings": positions}
    return {**{name: value for name, value in sizes.items() if name in known}, **MORE.get(kind, {})}
