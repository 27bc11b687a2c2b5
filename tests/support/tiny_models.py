"""Tiny random models of nine architectures, each with a tokenizer of its family trained on a few sentences."""

import json
import re
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

from mlm_demo.models.masked_lm import MaskedLM

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
    # Wide random weights, so that predictions differ clearly.
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
    """Return a tokenizer of the architecture's family with 80 to 400 entries, the same in every process.

    The training of `tokenizers` alone is not reproducible: it breaks ties and numbers entries in the order of a hash
    table.
    """
    kind = FAMILIES[architecture][2]
    trained = kind().train_new_from_iterator(SENTENCES * 2, 400, show_progress=False)
    if kind is RobertaTokenizer:  # its alphabet is all bytes in order, so it is reproducible
        tokenizer = trained
    elif kind in (BertTokenizer, MPNetTokenizer):
        tokenizer = kind(vocab={piece: i for i, piece in enumerate([*_special(trained), *_word_pieces()])})
    else:
        pieces = json.loads(trained.backend_tokenizer.to_str())["model"]["vocab"]
        special = len(_special(trained))
        assert [piece for piece, _ in pieces[:special]] == _special(trained)
        ordinary = sorted((piece for piece, _ in pieces[special:]), key=lambda piece: (-len(piece), piece))
        # New scores too: sums of small numbers depend on their order.
        scored = [(piece, -10 - number / 100) for number, piece in enumerate(ordinary)]
        tokenizer = kind(vocab=[*map(tuple, pieces[:special]), *scored])
    if kind in (RobertaTokenizer, XLMRobertaTokenizer, MPNetTokenizer):
        # As in the released tokenizers, the mask token absorbs the space before it.
        tokenizer.add_special_tokens({"mask_token": AddedToken("<mask>", lstrip=True, special=True)})
    tokenizer.model_max_length = POSITIONS
    return tokenizer


def _special(tokenizer: PreTrainedTokenizerBase) -> list[str]:
    return sorted(tokenizer.all_special_tokens, key=tokenizer.convert_tokens_to_ids)


def _word_pieces() -> list[str]:
    """Return letters, words and halves of words."""
    words = sorted({word for text in SENTENCES for word in re.findall(r"\w+|[^\w\s]", text.lower())})
    letters = sorted({letter for word in words for letter in word})
    halves = [half for word in words for half in (word[: len(word) // 2], "##" + word[len(word) // 2 :])]
    pieces = [*letters, *("##" + letter for letter in letters), *halves, *words]
    return [piece for piece in dict.fromkeys(pieces) if piece]


def build(architecture: str, seed: int = 0) -> tuple[PreTrainedTokenizerBase, PreTrainedModel]:
    """Return a tokenizer and a model with random weights."""
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
    """Return tokenizer and model as a MaskedLM; shared between tests, so do not change it."""
    return MaskedLM(*build(architecture, seed), name=f"tiny {architecture} {seed}")


def save_tiny(folder: Path, architecture: str = "BERT", seed: int = 0) -> Path:
    """Save a tiny model as a transformers folder."""
    tokenizer, model = build(architecture, seed)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def assert_same_weights(one: dict, two: dict, tolerance: float = 0.0) -> None:
    """Compare two state dicts."""
    assert one.keys() == two.keys()
    for name, tensor in one.items():
        # A key's bias does not affect attention, so its gradient is rounding noise, which Adam amplifies.
        if not (tolerance and name.endswith("key.bias")):
            torch.testing.assert_close(tensor, two[name], atol=tolerance, rtol=0, msg=name)
