import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoTokenizer

from mlm_demo.models.masked_lm import _piece_style
from mlm_demo.models.native_bert.tokenizer import read_tokenizer
from mlm_demo.models.tokenizer import prefix_and_suffix
from mlm_demo.training.packing import pack
from tests.support.paths import ROOT
from tests.support.tiny_models import save_tiny

GENERAL = ROOT / "assets" / "models" / "general"
THEIRS, OURS = AutoTokenizer.from_pretrained(GENERAL), read_tokenizer(GENERAL)
TEXTS = [
    "Paris is the [MASK] of France.", "a[MASK]b [CLS] [SEP][PAD]", "naïve café, ÉCOLE", "don't n't 's . , !", "",
    "  two  spaces\tand\na line ", "染色体 and ДНК", "😀 hepatosplenomegaly ##ing", "\x00\u200b\ufeff\xad x",
]  # fmt: skip


def tokenize_with_transformers(text, special):
    found = THEIRS(text, add_special_tokens=special, return_offsets_mapping=True)
    return found.input_ids, found.offset_mapping, found.word_ids()


@given(st.one_of(st.sampled_from(TEXTS), st.text(max_size=60)), st.booleans())
def test_the_tokens_of_any_text_equal_those_of_transformers(text, special):
    found = OURS(text, add_special_tokens=special, return_offsets_mapping=True, verbose=False)
    assert (found.input_ids, found.offset_mapping, found.word_ids()) == tokenize_with_transformers(
        text, special
    )


def test_an_unknown_option_is_an_error():
    with pytest.raises(TypeError, match="has no option padding, truncation"):
        OURS("a", truncation=True, padding=True)


def test_several_texts_give_the_tokens_of_transformers():
    found, theirs = OURS(TEXTS, add_special_tokens=False), THEIRS(TEXTS, add_special_tokens=False)
    assert found.input_ids == theirs.input_ids
    assert [found.word_ids(i) for i in range(len(TEXTS))] == [theirs.word_ids(i) for i in range(len(TEXTS))]
    assert OURS([]).input_ids == []


def test_a_corpus_gives_the_same_blocks():
    texts = [*TEXTS, "Bees make honey. [MASK] [SEP] " * 300, "\n\n".join(TEXTS)]
    ours, theirs = (pack(tokenizer, texts, 64) for tokenizer in (OURS, THEIRS))
    for name in ("ids", "words", "document"):
        assert np.array_equal(getattr(ours, name), getattr(theirs, name)), name
    assert ours.pad_id == theirs.pad_id


def test_every_vocabulary_entry_decodes_as_in_transformers():
    entries = range(len(THEIRS))
    assert [OURS.decode([i]) for i in entries] == [THEIRS.decode([i]) for i in entries]
    assert OURS.convert_ids_to_tokens(list(entries)) == THEIRS.convert_ids_to_tokens(list(entries))
    assert OURS.convert_ids_to_tokens(5000) == THEIRS.convert_ids_to_tokens(5000)
    assert OURS.get_vocab() == THEIRS.get_vocab()
    for token in ("capital", "##ing", "[MASK]", "no such entry"):
        assert OURS.convert_tokens_to_ids(token) == THEIRS.convert_tokens_to_ids(token)


@pytest.mark.parametrize("folder", ["built in", "tiny"])
def test_the_attributes_equal_those_of_transformers(tmp_path, folder):
    where = GENERAL if folder == "built in" else save_tiny(tmp_path)
    ours, theirs = read_tokenizer(where), AutoTokenizer.from_pretrained(where)
    names = [
        "mask_token",
        "mask_token_id",
        "unk_token_id",
        "pad_token_id",
        "sep_token_id",
        "model_max_length",
    ]
    for name in names:
        assert getattr(ours, name) == getattr(theirs, name), name
    assert len(ours) == len(theirs)
    assert sorted(ours.all_special_ids) == sorted(theirs.all_special_ids)
    assert set(ours.all_special_tokens) == set(theirs.all_special_tokens)
    assert prefix_and_suffix(ours) == prefix_and_suffix(theirs)
    assert _piece_style(ours) == _piece_style(theirs)


def test_truncation_and_padding_in_the_file_are_ignored(tmp_path):
    save_tiny(tmp_path)
    file = tmp_path / "tokenizer.json"
    state = json.loads(file.read_text())
    state["truncation"] = {"max_length": 4, "strategy": "LongestFirst", "stride": 0, "direction": "Right"}
    state["padding"] = {
        "strategy": {"Fixed": 12}, "direction": "Right", "pad_id": 0, "pad_type_id": 0, "pad_token": "[PAD]",
        "pad_to_multiple_of": None,
    }  # fmt: skip
    file.write_text(json.dumps(state))
    text = "Paris is the capital of France, and Lyon is a city."
    theirs = AutoTokenizer.from_pretrained(tmp_path)(text).input_ids
    assert read_tokenizer(tmp_path)(text).input_ids == theirs
    assert len(theirs) > 12


@pytest.mark.parametrize(
    "change",
    [
        {"tokenizer_class": "RobertaTokenizer"},
        {"mask_token": {"content": "[MASK]", "lstrip": True}},
        {"mask_token": None},
        {"mask_token": "[PAD]"},
        {"model_max_length": None},
    ],
    ids=str,
)
def test_a_tokenizer_that_is_no_plain_bert_is_left_to_transformers(tmp_path, change):
    save_tiny(tmp_path)
    file = tmp_path / "tokenizer_config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **change}))
    assert read_tokenizer(tmp_path) is None


def test_a_tokenizer_with_added_tokens_is_left_to_transformers(tmp_path):
    save_tiny(tmp_path)
    more = AutoTokenizer.from_pretrained(tmp_path)
    more.add_tokens(["hepatomegaly"])
    more.save_pretrained(tmp_path)
    assert read_tokenizer(tmp_path) is None
