"""The recipe of transformers' run_mlm.py, which the benchmarks of training compare with: its blocks and its options."""

from collections.abc import Sequence
from pathlib import Path

from transformers import TrainingArguments

from mlm_demo.models.masked_lm import MaskedLM
from mlm_demo.training.packing import tokenize


def recipe_blocks(mlm: MaskedLM, texts: Sequence[str], size: int) -> list[dict]:
    """Join the texts, each with special tokens, and cut them into blocks of `size` tokens; the remainder is dropped."""
    documents = tokenize(mlm.tokenizer, texts)
    ids = [token for document in documents for token in mlm.with_special_tokens(document.ids.tolist())]
    return [{"input_ids": ids[start : start + size]} for start in range(0, len(ids) - size + 1, size)]


def recipe_arguments(
    mlm: MaskedLM, folder: Path, *, max_steps: int, batch: int, rate: float, seed: int
) -> TrainingArguments:
    """Return the recipe's options, without logs and checkpoints; on a GPU in bfloat16."""
    return TrainingArguments(
        output_dir=str(folder),
        max_steps=max_steps,
        per_device_train_batch_size=batch,
        learning_rate=rate,
        seed=seed,
        use_cpu=mlm.device.type == "cpu",
        bf16=mlm.device.type == "cuda",
        report_to="none",
        disable_tqdm=True,
        save_strategy="no",
        logging_strategy="no",
    )
