"""Train a tokenizer on texts: WordPiece, as BERT's, or byte-level BPE, as RoBERTa's.

The same texts give the same vocabulary, so that a resumed run needs no copy of it. `tokenizers` alone numbers
WordPiece's continuing characters (`##a`) in the order of a hash table, and breaks ties between merges by these numbers;
here they are numbered beforehand.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence

from tokenizers import AddedToken, Tokenizer, normalizers, pre_tokenizers, trainers
from tokenizers.models import BPE, WordPiece
from transformers import BertTokenizer, PreTrainedTokenizerBase, RobertaTokenizer

from mlm_demo.training.pretraining.config import WORDPIECE

BERT_TOKENS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
ROBERTA_TOKENS = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")
MIN_COUNT = 2  # a piece that occurs once teaches nothing
ALPHABET_SHARE = 0.5  # of the vocabulary at most; Chinese text has thousands of characters
MAX_LENGTH = 1_000  # characters without a space: of a longer run, training takes far longer than it is worth
LONG = re.compile(rf"\S{{{MAX_LENGTH}}}")
# Case is dropped, as in the built-in models; accents stay, because other languages need them.
NORMALIZER = normalizers.BertNormalizer(
    clean_text=True, handle_chinese_chars=True, strip_accents=False, lowercase=True
)


def train_tokenizer(
    kind: str, texts: Sequence[str], vocab_size: int, max_tokens: int
) -> PreTrainedTokenizerBase:
    """Return a transformers tokenizer with a vocabulary of at most `vocab_size` entries, learned from texts.

    kind: of `config.NAMES`; max_tokens: the longest input of its model. The vocabulary is smaller if the texts have
    fewer pieces that occur twice.
    """
    if kind == WORDPIECE:
        vocabulary = _train_wordpiece(texts, vocab_size)
        return BertTokenizer(
            vocab=vocabulary, do_lower_case=True, strip_accents=False, model_max_length=max_tokens
        )
    vocabulary, merges = _train_byte_level(texts, vocab_size)
    # As in RoBERTa, the mask token takes the space before it.
    mask = AddedToken(ROBERTA_TOKENS[-1], lstrip=True, special=True)
    return RobertaTokenizer(vocab=vocabulary, merges=merges, mask_token=mask, model_max_length=max_tokens)


def _train_wordpiece(texts: Sequence[str], vocab_size: int) -> dict[str, int]:
    split = pre_tokenizers.BertPreTokenizer()
    starting = _alphabet(texts, vocab_size)
    # Punctuation and Chinese characters are words of their own.
    continuing = [
        f"##{one}"
        for one in starting
        if len(split.pre_tokenize_str(NORMALIZER.normalize_str(f"a{one}"))) == 1
    ]
    tokenizer = Tokenizer(WordPiece(unk_token=BERT_TOKENS[1]))
    tokenizer.normalizer, tokenizer.pre_tokenizer = NORMALIZER, split
    trainer = trainers.WordPieceTrainer(
        vocab_size=vocab_size,
        min_frequency=MIN_COUNT,
        # As special tokens the continuing characters get the next numbers, in this order; they are special here only.
        special_tokens=[*BERT_TOKENS, *continuing],
        initial_alphabet=starting,
        limit_alphabet=len(starting),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_bounded(texts), trainer)
    return tokenizer.get_vocab()


def _train_byte_level(texts: Sequence[str], vocab_size: int) -> tuple[dict[str, int], list[tuple[str, str]]]:
    tokenizer = Tokenizer(BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        min_frequency=MIN_COUNT,
        special_tokens=list(ROBERTA_TOKENS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_bounded(texts), trainer)
    merges = json.loads(tokenizer.to_str())["model"]["merges"]
    return tokenizer.get_vocab(), [tuple(merge) for merge in merges]


def _alphabet(texts: Sequence[str], vocab_size: int) -> list[str]:
    """Return the most frequent characters, sorted: as many as have room, each alone and continuing a word."""
    written, counts = Counter[str](), Counter[str]()
    for text in texts:
        written.update(text)
    for character, count in written.items():
        for one in NORMALIZER.normalize_str(character):
            counts[one] += count
    most = int(ALPHABET_SHARE * vocab_size / 2)
    known = [(-count, one) for one, count in counts.items() if not one.isspace()]
    return sorted(one for _, one in sorted(known)[:most])


def _bounded(texts: Sequence[str]) -> Iterator[str]:
    """Yield texts, with a line break after each MAX_LENGTH characters without a space."""
    for text in texts:
        yield LONG.sub(lambda run: f"{run[0]}\n", text)
