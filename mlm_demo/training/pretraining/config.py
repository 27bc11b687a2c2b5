"""The options of training from scratch. Imports nothing heavy."""

from dataclasses import dataclass
from typing import ClassVar

from mlm_demo.errors import TrainingError
from mlm_demo.training.config import WEIGHT_DECAY
from mlm_demo.training.options import MOST_SEED, budget_phrase, check_options, option

WORDPIECE, BYTE_LEVEL = "wordpiece", "byte-level"
NAMES = {WORDPIECE: "WordPiece", BYTE_LEVEL: "byte-level"}  # of the tokenizers, for people
HEAD = 64  # dimensions of an attention head, as in BERT
FEWEST_ENTRIES = 300  # 256 bytes, five special tokens, and some to learn


@dataclass(frozen=True)
class PretrainConfig:
    """The options of a run. Exactly one of epochs, max_steps and minutes is its budget.

    docs/decisions/pretraining.md gives the reasons for the defaults.
    """

    epochs: float | None = option(None, "train for this many epochs", "E", above=0, most=100_000)
    max_steps: int | None = option(None, "train for this many steps", "N", above=0, most=100_000)
    minutes: float | None = option(None, "train for this many minutes", "T", above=0, most=100_000)
    tokenizer: str = option(WORDPIECE, "wordpiece for a BERT, byte-level for a RoBERTa", choices=tuple(NAMES))
    vocab_size: int = option(
        8_000, "entries of the vocabulary, at most", "V", least=FEWEST_ENTRIES, most=100_000
    )
    layers: int = option(4, "layers of the model", "L", above=0, most=48)
    hidden: int = option(256, "dimensions of its hidden states, a head for each 64", "H", least=16, most=4096)
    mlm_probability: float = option(0.3, "share of the tokens to mask", "P", above=0, most=0.9)
    whole_word: bool = option(False, "mask whole words")
    learning_rate: float = option(1e-3, "peak learning rate", "L", above=0, most=0.1)
    batch_size: int = option(32, "blocks per step", "B", above=0, most=4096)
    block_size: int = option(
        128, "tokens per block, and the longest input of the model", "L", least=16, most=8192
    )
    seed: int = option(
        0, "seed of the held-out split, the first weights and the masks", "S", least=0, most=MOST_SEED
    )
    keep_near_duplicates: bool = option(False, "keep paragraphs that are nearly the same as earlier ones")

    gradient_accumulation_steps: ClassVar = 1
    weight_decay: ClassVar = WEIGHT_DECAY
    schedule: ClassVar = "linear"
    item: ClassVar = "block"  # of which a batch consists
    replay: ClassVar = 0.0  # there is nothing to forget
    line_by_line: ClassVar = False

    def __post_init__(self):
        check_options(self)
        if self.hidden % self.heads:
            lower = self.hidden // HEAD * HEAD
            raise TrainingError(
                f"hidden is {self.hidden}, which {self.heads} attention heads cannot share; choose a multiple of "
                f"{HEAD}, such as {lower} or {lower + HEAD}."
            )

    @property
    def length(self) -> int:
        """The tokens of a block, at most."""
        return self.block_size

    @property
    def final_mlm_probability(self) -> float:
        """The share of the tokens to mask in the last part of the run."""
        return self.mlm_probability

    @property
    def heads(self) -> int:
        """The attention heads of each layer."""
        return max(1, self.hidden // HEAD)

    @property
    def parameters(self) -> int:
        """The parameters of the model if its vocabulary gets its full size, to a few thousand."""
        rows = self.vocab_size + self.block_size
        return rows * self.hidden + self.layers * 12 * self.hidden**2 + self.hidden**2

    @property
    def phrase(self) -> str:
        """The model and the budget as a phrase, such as `WordPiece, 4 layers of 256, 5 minutes`."""
        layers = f"{self.layers} layer{'s' * (self.layers != 1)} of {self.hidden}"
        return f"{NAMES[self.tokenizer]}, {layers}, {budget_phrase(self)}"
