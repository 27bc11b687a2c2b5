import copy

import pytest

from mlm_demo.errors import PromptError
from mlm_demo.models.pairs import PairEncoder
from tests.support.tiny_models import ARCHITECTURES, POSITIONS, SENTENCES, tokenizer_of

QUESTION = "What is the capital?"
CONTEXTS = [
    " ".join(SENTENCES),
    "Paris.",
    "  Schro\u0308dinger \u2014 na\u00efve \U0001f9ea co\ufb00ee,\n\n the\tfox\u00a0jumps.  ",
]


def encoder(architecture):
    return PairEncoder(tokenizer_of(architecture), POSITIONS)


@pytest.mark.parametrize("stride", [0, 8])
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_windows_are_those_of_transformers(architecture, stride):
    limit, tokenizer = 40, tokenizer_of(architecture)
    for context in CONTEXTS:
        (windows,) = encoder(architecture).windows([QUESTION], [context], limit, stride)
        expected = tokenizer(
            QUESTION,
            context,
            truncation="only_second",
            max_length=limit,
            stride=stride,
            return_overflowing_tokens=True,
            return_offsets_mapping=True,
            return_token_type_ids=True,
        )
        assert [window.ids for window in windows] == expected["input_ids"]
        types = expected["token_type_ids"]
        if not any(types[0]):  # one type of text, but the tokenizer gives windows after the first another one
            types = [[0] * len(row) for row in types]
        assert [window.type_ids for window in windows] == types
        for number, window in enumerate(windows):
            places = [i for i, part in enumerate(expected.sequence_ids(number)) if part == 1]
            assert window.offsets == [expected["offset_mapping"][number][i] for i in places]
            assert not places or window.first == places[0]
            assert len(window) <= limit


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_special_token_in_a_text_is_plain_characters(architecture):
    tokenizer = tokenizer_of(architecture)
    text = f"Paris {tokenizer.sep_token} is {tokenizer.mask_token} {tokenizer.cls_token} Lyon"
    (encoded,) = encoder(architecture).encode([text])
    assert not {tokenizer.sep_token_id, tokenizer.mask_token_id, tokenizer.cls_token_id} & set(encoded.ids)
    assert tokenizer.mask_token_id in tokenizer(text).input_ids, "the tokenizer itself reads them as before"


def test_what_another_user_sets_on_the_tokenizer_changes_nothing():
    tokenizer = copy.deepcopy(tokenizer_of("BERT"))
    one = PairEncoder(tokenizer, POSITIONS)
    expected = one.encode(CONTEXTS)
    tokenizer(CONTEXTS, truncation=True, max_length=5, padding="max_length")
    assert one.encode(CONTEXTS) == expected


def test_windows_cover_the_context_even_with_a_stride_of_all_of_it():
    windows = encoder("BERT").windows([QUESTION], [CONTEXTS[0]], 20, 1000)[0]
    covered = {place for window in windows for place in window.offsets}
    assert len(covered) == len(encoder("BERT").encode(CONTEXTS[:1])[0])


def test_a_context_without_tokens_has_one_window():
    ((window,),) = encoder("BERT").windows([QUESTION], [" \n"])
    assert window.offsets == []
    assert window.first == len(window) - 1


def test_a_window_is_never_longer_than_what_the_model_reads():
    windows = encoder("BERT").windows([QUESTION], CONTEXTS[:1], 10_000)[0]
    assert max(map(len, windows)) == POSITIONS


def test_a_pair_does_not_depend_on_the_others():
    together = encoder("BERT").windows([QUESTION] * 3, CONTEXTS)
    assert together == [encoder("BERT").windows([QUESTION], [context])[0] for context in CONTEXTS]


@pytest.mark.parametrize("question", ["", " \n"])
def test_an_empty_question_is_an_error(question):
    with pytest.raises(PromptError, match="is empty; write what you want to know"):
        encoder("BERT").windows([question], ["Paris."])


def test_a_question_of_more_than_half_a_window_is_an_error():
    with pytest.raises(PromptError, match=r"has 34 tokens, .* leaves 30 for the question; shorten it"):
        encoder("BERT").windows(["fox " * 34], ["Paris."])
    assert encoder("BERT").windows(["fox " * 30], ["Paris."])
