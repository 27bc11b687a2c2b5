"""A masked language model with random weights for a tokenizer: a BERT or a RoBERTa."""

import torch
from transformers import (
    BertConfig,
    BertForMaskedLM,
    PreTrainedTokenizerBase,
    RobertaConfig,
    RobertaForMaskedLM,
)

from mlm_demo.models.device import find_device
from mlm_demo.models.masked_lm import MaskedLM
from mlm_demo.training.pretraining.config import WORDPIECE, PretrainConfig

NAME = "from scratch"


def fresh_model(tokenizer: PreTrainedTokenizerBase, config: PretrainConfig, device: str) -> MaskedLM:
    """Return a model of the size that a configuration asks for, the same for the same seed."""
    sizes = {
        "vocab_size": len(tokenizer),
        "hidden_size": config.hidden,
        "num_hidden_layers": config.layers,
        "num_attention_heads": config.heads,
        "intermediate_size": 4 * config.hidden,
        "pad_token_id": tokenizer.pad_token_id,
    }
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        if config.tokenizer == WORDPIECE:
            model = BertForMaskedLM(BertConfig(**sizes, max_position_embeddings=config.block_size))
        else:
            # RoBERTa numbers positions from the padding token on.
            positions = config.block_size + tokenizer.pad_token_id + 1
            ids = {"bos_token_id": tokenizer.bos_token_id, "eos_token_id": tokenizer.eos_token_id}
            model = RobertaForMaskedLM(
                RobertaConfig(**sizes, **ids, max_position_embeddings=positions, type_vocab_size=1)
            )
    return MaskedLM(tokenizer, model.to(find_device(device)), name=NAME)
