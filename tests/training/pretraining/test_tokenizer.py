import subprocess
import sys

import pytest
from tokenizers import Tokenizer, pre_tokenizers, trainers
from tokenizers.decoders import WordPiece as WordPieceDecoder
from tokenizers.models import BPE, WordPiece
from transformers import AutoTokenizer

from mlm_demo.runs.service import SAMPLE
from mlm_demo.training.pretraining.config import BYTE_LEVEL, WORDPIECE
from mlm_demo.training.pretraining.tokenizer import (
    BERT_TOKENS,
    NORMALIZER,
    ROBERTA_TOKENS,
    train_tokenizer,
)
from tests.support.nightly import some
from tests.support.paths import ROOT

TEXTS = SAMPLE.read_text(encoding="utf-8").split("\n\n")[:80]
STRANGE = ["Straße, naïve café — 5 µg!", "  two\nlines\tand a tab ", "[MASK] <mask> don't", "蜂蜜 and 🐝"]


@pytest.fixture(scope="module", params=[WORDPIECE, BYTE_LEVEL])
def trained(request):
    return train_tokenizer(request.param, TEXTS, 800, 64)


def test_a_text_comes_back(trained):
    lowered = trained.mask_token == BERT_TOKENS[-1]
    for text in TEXTS[:20]:
        back = trained.decode(trained(text).input_ids, skip_special_tokens=True)
        if lowered:  # white space and case are not kept
            text, back = ("".join(one.lower().split()) for one in (text, back))
        assert back == text


def test_bytes_come_back_whatever_they_are():
    tokenizer = train_tokenizer(BYTE_LEVEL, TEXTS, 400, 64)
    for text in STRANGE[:2] + STRANGE[3:]:
        ids = tokenizer(text).input_ids
        assert tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False) == text
        assert tokenizer.unk_token_id not in ids


def test_it_is_saved_and_loaded(trained, tmp_path):
    trained.save_pretrained(tmp_path)
    loaded = AutoTokenizer.from_pretrained(tmp_path)
    for text in [*TEXTS[:10], *STRANGE]:
        assert loaded(text).input_ids == trained(text).input_ids
    assert loaded.model_max_length == 64
    assert loaded.get_vocab() == trained.get_vocab()


def test_byte_level_is_what_tokenizers_learns():
    ours = train_tokenizer(BYTE_LEVEL, TEXTS, 800, 64)
    theirs = Tokenizer(BPE())
    theirs.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    theirs.train_from_iterator(
        TEXTS,
        trainers.BpeTrainer(
            vocab_size=800,
            min_frequency=2,
            special_tokens=list(ROBERTA_TOKENS),
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    assert ours.get_vocab() == theirs.get_vocab()
    for text in TEXTS:
        assert ours(text, add_special_tokens=False).input_ids == theirs.encode(text).ids


def test_wordpiece_is_what_tokenizers_learns():
    """Of words with counts that differ, so that no tie is broken by the order of a hash table."""
    words = ["ab", "cd", "ef", "gh", "ij", "kl"]
    texts = [" ".join([word] * (40 - 5 * number)) for number, word in enumerate(words)]
    theirs = Tokenizer(WordPiece(unk_token="[UNK]"))
    theirs.normalizer, theirs.pre_tokenizer = NORMALIZER, pre_tokenizers.BertPreTokenizer()
    theirs.train_from_iterator(
        texts,
        trainers.WordPieceTrainer(
            vocab_size=33, min_frequency=2, special_tokens=list(BERT_TOKENS), show_progress=False
        ),
    )
    theirs_vocabulary = set(theirs.get_vocab())
    assert {"ab", "cd", "ef", "gh"} <= theirs_vocabulary
    ours = train_tokenizer(WORDPIECE, texts, 300, 64)
    added = {f"##{letter}" for letter in "abcdefghijkl"}  # each character may continue a word
    assert set(ours.get_vocab()) == theirs_vocabulary | added | set(words)


def test_wordpiece_encodes_as_tokenizers_does_with_its_vocabulary():
    ours = train_tokenizer(WORDPIECE, TEXTS, 800, 64)
    theirs = Tokenizer(WordPiece(ours.get_vocab(), unk_token="[UNK]"))
    theirs.normalizer, theirs.pre_tokenizer = NORMALIZER, pre_tokenizers.BertPreTokenizer()
    theirs.decoder = WordPieceDecoder(prefix="##")
    for text in TEXTS:
        assert ours(text, add_special_tokens=False).input_ids == theirs.encode(text).ids


@pytest.mark.parametrize("kind", some([WORDPIECE, BYTE_LEVEL], 1))
def test_another_process_learns_the_same_vocabulary(kind):
    code = (
        "from tests.training.pretraining.test_tokenizer import TEXTS, train_tokenizer;"
        f"print(sorted(train_tokenizer({kind!r}, TEXTS, 800, 64).get_vocab().items()))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(sorted(train_tokenizer(kind, TEXTS, 800, 64).get_vocab().items()))


def test_special_tokens_come_first_and_accents_stay():
    tokenizer = train_tokenizer(WORDPIECE, ["Müde Bienen träumen süß. " * 5], 300, 64)
    assert tokenizer.convert_ids_to_tokens(range(5)) == list(BERT_TOKENS)
    assert tokenizer.decode(tokenizer("MÜDE Bienen").input_ids, skip_special_tokens=True) == "müde bienen"


def test_an_alphabet_takes_half_of_the_vocabulary_at_most():
    characters = [chr(0x4E00 + number) for number in range(600)]
    text = "".join(character * (600 - number) for number, character in enumerate(characters))
    tokenizer = train_tokenizer(WORDPIECE, [text, "honey bees " * 50], 300, 64)
    assert len(tokenizer) <= 300
    assert tokenizer("".join(characters[:3])).input_ids.count(tokenizer.unk_token_id) == 0
    assert tokenizer(characters[-1]).input_ids.count(tokenizer.unk_token_id) == 1


@pytest.mark.parametrize("kind", [WORDPIECE, BYTE_LEVEL])
def test_a_huge_line_without_spaces_is_learned_from(kind):
    assert len(train_tokenizer(kind, ["ab" * 100_000], 300, 64)) > 5
