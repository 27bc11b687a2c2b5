"""Models of common sizes with random weights, so that benchmarks need no download; training does not affect speed."""

import json

import torch
from pairs import ROOT
from tokenizers import AddedToken, Tokenizer
from transformers import (
    BertConfig,
    BertForMaskedLM,
    BertTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    RobertaConfig,
    RobertaForMaskedLM,
    RobertaTokenizer,
)

TEXT = ROOT / "assets" / "corpora" / "general_english.txt"
BASE = {
    "hidden_size": 768,
    "num_attention_heads": 12,
    "intermediate_size": 3072,
    # Large, so that predictions differ from each other like those of a trained model.
    "initializer_range": 0.05,
}


def distilroberta() -> tuple[PreTrainedTokenizerBase, PreTrainedModel]:
    """Return a model of distilroberta-base's shape: 6 layers, 50,265 entries, 82 million parameters."""
    torch.manual_seed(0)
    config = RobertaConfig(
        vocab_size=50_265, num_hidden_layers=6, max_position_embeddings=514, type_vocab_size=1, **BASE
    )
    tokenizer = _filled(RobertaTokenizer, "Ġ", config.vocab_size)
    tokenizer.add_special_tokens({"mask_token": AddedToken("<mask>", lstrip=True, special=True)})
    return tokenizer, _model(RobertaForMaskedLM, config, tokenizer)


def bert() -> tuple[PreTrainedTokenizerBase, PreTrainedModel]:
    """Return a model of BERT-base's shape: 12 layers, 30,522 entries, 110 million parameters."""
    torch.manual_seed(0)
    config = BertConfig(vocab_size=30_522, num_hidden_layers=12, **BASE)
    tokenizer = _filled(BertTokenizer, "", config.vocab_size)
    return tokenizer, _model(BertForMaskedLM, config, tokenizer)


def sentence(tokenizer: PreTrainedTokenizerBase, tokens: int, masks: int, number: int = 0) -> str:
    """Return a text of `tokens` tokens, special ones included, with masks spread over it; `number` varies the words."""
    words = TEXT.read_text(encoding="utf-8").split()
    words = words[number * 97 % len(words) :] + words[: number * 97 % len(words)]
    low, high = 1, min(tokens, len(words))  # each word is a token or more
    while low < high:  # find the longest beginning that is short enough
        middle = (low + high + 1) // 2
        if len(tokenizer(_masked(words[:middle], masks, tokenizer)).input_ids) <= tokens:
            low = middle
        else:
            high = middle - 1
    return _masked(words[:low], masks, tokenizer)


def _masked(words: list[str], masks: int, tokenizer: PreTrainedTokenizerBase) -> str:
    words = list(words)
    for mask in range(masks):
        words[len(words) * (2 * mask + 1) // (2 * masks)] = tokenizer.mask_token
    return " ".join(words)


def _filled(kind: type, mark: str, size: int) -> PreTrainedTokenizerBase:
    """Return a tokenizer trained on our own text, with unused entries up to the size of the released one."""
    trained = kind().train_new_from_iterator(
        TEXT.read_text(encoding="utf-8").split("\n\n"), size, show_progress=False
    )
    state = json.loads(trained.backend_tokenizer.to_str())
    for number in range(size - len(trained)):
        state["model"]["vocab"][f"{mark}unused{number}"] = len(trained) + number
    filled = kind(tokenizer_object=Tokenizer.from_str(json.dumps(state)))
    filled.model_max_length = 512
    return filled


def _model(kind: type, config, tokenizer: PreTrainedTokenizerBase) -> PreTrainedModel:
    config.pad_token_id = tokenizer.pad_token_id
    return kind(config).eval()
