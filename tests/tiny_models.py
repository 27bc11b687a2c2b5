"""Tiny models made in code: nine architectures, each with a tokenizer of its family trained on a few sentences."""

from functools import cache
from pathlib import Path

import torch
from tokenizers import AddedToken
from transformers import (
    AlbertConfig,
    AlbertForMaskedLM,
    AlbertTokenizer,
    BertConfig,
    BertForMaskedLM,
    BertTokenizer,
    DebertaV2Config,
    DebertaV2ForMaskedLM,
    DebertaV2Tokenizer,
    DistilBertConfig,
    DistilBertForMaskedLM,
    ElectraConfig,
    ElectraForMaskedLM,
    ModernBertConfig,
    ModernBertForMaskedLM,
    MPNetConfig,
    MPNetForMaskedLM,
    MPNetTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    RobertaConfig,
    RobertaForMaskedLM,
    RobertaTokenizer,
    XLMRobertaConfig,
    XLMRobertaForMaskedLM,
    XLMRobertaTokenizer,
)

from mlm_demo.masked_lm import MaskedLM

SENTENCES = [
    "Paris is the capital of France, and Lyon is a city of France.",
    "The patient was diagnosed with diabetes and treated with insulin.",
    "The heart pumps blood; the kidney filters it.",
    "She poured the hot coffee into a cup and sat down to read.",
    "Hepatitis, bronchitis, and arthritis are inflammations.",
    "The quick brown fox jumps over the lazy dog, running and jumping.",
]
POSITIONS = 64
SMALL = {
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 24,
    # Wide random weights, so that predictions differ from each other.
    "initializer_range": 0.5,
}
FAMILIES = {
    "BERT": (BertConfig, BertForMaskedLM, BertTokenizer),
    "RoBERTa": (RobertaConfig, RobertaForMaskedLM, RobertaTokenizer),
    "DistilBERT": (DistilBertConfig, DistilBertForMaskedLM, BertTokenizer),
    "ALBERT": (AlbertConfig, AlbertForMaskedLM, AlbertTokenizer),
    "ELECTRA": (ElectraConfig, ElectraForMaskedLM, BertTokenizer),
    "MPNet": (MPNetConfig, MPNetForMaskedLM, MPNetTokenizer),
    "DeBERTa-v2": (DebertaV2Config, DebertaV2ForMaskedLM, DebertaV2Tokenizer),
    "ModernBERT": (ModernBertConfig, ModernBertForMaskedLM, RobertaTokenizer),
    "XLM-R": (XLMRobertaConfig, XLMRobertaForMaskedLM, XLMRobertaTokenizer),
}
ARCHITECTURES = tuple(FAMILIES)


@cache
def tokenizer_of(architecture: str) -> PreTrainedTokenizerBase:
    """A tokenizer of the architecture's family with about 150 entries."""
    kind = FAMILIES[architecture][2]
    tokenizer = kind().train_new_from_iterator(SENTENCES * 2, 400, show_progress=False)
    if kind in (RobertaTokenizer, XLMRobertaTokenizer, MPNetTokenizer):
        # As the released ones are: the mask token takes the space before it.
        tokenizer.add_special_tokens({"mask_token": AddedToken("<mask>", lstrip=True, special=True)})
    tokenizer.model_max_length = POSITIONS
    return tokenizer


def build(architecture: str, seed: int = 0) -> tuple[PreTrainedTokenizerBase, PreTrainedModel]:
    """A tokenizer and a model with random weights."""
    config_class, model_class, _ = FAMILIES[architecture]
    tokenizer = tokenizer_of(architecture)
    sizes = {**SMALL, "vocab_size": len(tokenizer), "pad_token_id": tokenizer.pad_token_id}
    # Families that number positions after the padding token need room for it.
    extra = tokenizer.pad_token_id + 1 if architecture in ("RoBERTa", "XLM-R", "MPNet") else 0
    sizes["max_position_embeddings"] = POSITIONS + extra
    if architecture in ("ALBERT", "ELECTRA"):
        sizes["embedding_size"] = 12
    if architecture == "ModernBERT":
        tokens = {"cls_token_id": tokenizer.cls_token_id, "sep_token_id": tokenizer.sep_token_id}
        sizes |= {**tokens, "bos_token_id": None, "eos_token_id": None, "local_attention": 16}
    if architecture == "DeBERTa-v2":
        sizes |= {"relative_attention": True, "pos_att_type": ["p2c", "c2p"], "position_buckets": 16}
    torch.manual_seed(seed)
    return tokenizer, model_class(config_class(**sizes)).eval()


@cache
def tiny(architecture: str, seed: int = 0) -> MaskedLM:
    """The pair as the project holds it."""
    return MaskedLM(*build(architecture, seed), name=f"tiny {architecture} {seed}")


def save_tiny(folder: Path, architecture: str = "BERT", seed: int = 0) -> Path:
    """Write a tiny model as a transformers folder."""
    tokenizer, model = build(architecture, seed)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
