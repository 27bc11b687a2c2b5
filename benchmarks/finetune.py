"""Fine-tuning for answers on the CPU: ours against the recipe of transformers' `run_qa.py`, one epoch of each.

The questions are made of our own text: a paragraph, and a question about words of it. The recipe pads every window to
384 tokens, takes 8 at once, computes in float32 and has dropout; ours is what `finetune` does. Both train the built-in
general model on the same questions, so seconds compare as tokens per second do. `extract.py` prints the ratio too.
"""

import copy
import tempfile
from pathlib import Path

import numpy as np
import torch
from pairs import ROOT, Pair, print_table, time_pairs, wants_json
from transformers import BatchEncoding, PreTrainedTokenizerBase, PrinterCallback, Trainer, TrainingArguments

from mlm_demo.corpus.examples.example import Answer, AnswerExample
from mlm_demo.models.catalogue import Catalogue
from mlm_demo.models.loader import load
from mlm_demo.models.task_loader import with_head
from mlm_demo.models.task_model import TaskModel
from mlm_demo.models.tasks import ANSWERS
from mlm_demo.training.downstream.answers import AnswersTask
from mlm_demo.training.downstream.config import FinetuneConfig
from mlm_demo.training.downstream.train import train_task

TEXT = ROOT / "assets" / "corpora" / "beekeeping.txt"
QUESTIONS = 128
SHORTEST, LONGEST = 60, 220  # words of a paragraph; SQuAD's have 114 on average
MAX_TOKENS, STRIDE, BATCH, RATE = 384, 128, 8, 3e-5  # run_qa.py and its README
HEADINGS = ("questions", "tokens", "ours, s", "recipe, s", "ours, tokens per s", "times as fast")


def main() -> None:
    as_json = wants_json(__doc__)
    pair, tokens = compare()
    row = (QUESTIONS, tokens, pair.ours, pair.theirs, tokens / pair.ours, pair.ratio)
    ratios = {"finetune_tokens_per_s": pair.ratio}
    print_table(f"Fine-tuning, {torch.get_num_threads()} threads", HEADINGS, [row], ratios, as_json)


def compare(seconds: float = 30.0) -> tuple[Pair, int]:
    """Return the seconds of an epoch of both, and the tokens of the questions with their paragraphs."""
    base, examples = load(Catalogue().find("general"), device="cpu"), questions()
    model = with_head(base, ANSWERS)
    tokens = sum(
        len(window)
        for example in examples
        for window in model.pair_encoding(example.question, example.context)
    )
    features = recipe_features(model, examples)
    (pair,) = time_pairs(
        [lambda: ours(copy.deepcopy(model), examples)],
        lambda: theirs(copy.deepcopy(model), features),
        seconds=seconds,
    )
    return pair, tokens


def questions() -> list[AnswerExample]:
    """Return questions of paragraphs of different lengths, whose answers are three words of them."""
    random, words = np.random.default_rng(0), TEXT.read_text(encoding="utf-8").split()
    made = []
    for number in range(QUESTIONS):
        length = int(random.integers(SHORTEST, min(LONGEST, len(words) - 1)))
        first = int(random.integers(0, len(words) - length))
        paragraph = words[first : first + length]
        place = int(random.integers(8, length - 3))
        answer = Answer(len(" ".join(paragraph[:place])) + 1, " ".join(paragraph[place : place + 3]))
        question = f"What follows {' '.join(paragraph[place - 8 : place])}?"
        made.append(AnswerExample(str(number), question, " ".join(paragraph), (answer,), str(number)))
    return made


def ours(model: TaskModel, examples: list[AnswerExample]) -> None:
    """Train as `finetune` does, with no evaluation, which the recipe's training has not either."""
    with tempfile.TemporaryDirectory() as folder:
        train_task(model, AnswersTask(), examples, (), FinetuneConfig(epochs=1), Path(folder))


def theirs(model: TaskModel, features: list[dict]) -> None:
    """Train as the recipe does."""
    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            output_dir=folder,
            num_train_epochs=1,
            per_device_train_batch_size=BATCH,
            learning_rate=RATE,
            use_cpu=True,
            report_to="none",
            disable_tqdm=True,
            save_strategy="no",
            logging_strategy="no",
        )
        trainer = Trainer(model.model, arguments, train_dataset=features)
        trainer.remove_callback(PrinterCallback)
        trainer.train()


def recipe_windows(
    tokenizer: PreTrainedTokenizerBase, question: str, text: str, max_tokens: int, stride: int, **options
) -> BatchEncoding:
    """Return the windows of a text as `run_qa.py` makes them, all padded to max_tokens."""
    return tokenizer(
        question,
        text,
        truncation="only_second",
        max_length=max_tokens,
        stride=stride,
        return_overflowing_tokens=True,
        return_offsets_mapping=True,
        padding="max_length",
        **options,
    )


def recipe_features(model: TaskModel, examples: list[AnswerExample]) -> list[dict]:
    """Return the windows of `run_qa.py`'s `prepare_train_features`, padded to MAX_TOKENS."""
    features = []
    for example in examples:
        (answer,) = example.answers
        encoded = recipe_windows(model.tokenizer, example.question, example.context, MAX_TOKENS, STRIDE)
        for row, offsets in enumerate(encoded["offset_mapping"]):
            parts = encoded.sequence_ids(row)
            inside = [
                place
                for place, (start, end) in enumerate(offsets)
                if parts[place] == 1 and start < answer.start + len(answer.text) and end > answer.start
            ]
            first, last = (inside[0], inside[-1]) if inside else (0, 0)
            inputs = {name: encoded[name][row] for name in ("input_ids", "token_type_ids", "attention_mask")}
            features.append({**inputs, "start_positions": first, "end_positions": last})
    return features


if __name__ == "__main__":
    main()
