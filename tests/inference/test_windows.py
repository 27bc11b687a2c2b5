import pytest

from mlm_demo.inference.windows import windows
from tests.support.prompts import prompt_of
from tests.support.tiny_models import tiny


@pytest.mark.parametrize("architecture", ["BERT", "RoBERTa", "XLM-R", "ModernBERT"])
def test_every_window_holds_its_masks_with_context_on_both_sides(architecture):
    mlm = tiny(architecture)
    text = "the dog " * 60 + "<mask> " + "the cup " * 60 + "<mask> <mask> " + "a fox " * 60
    prompt = prompt_of(text, mlm)
    cut = windows(mlm, prompt.ids, prompt.positions)
    assert len(cut) == 2
    assert sum(len(w.positions) for w in cut) == 3
    for window in cut:
        assert len(window.ids) == mlm.max_tokens
        for position in window.positions:
            assert window.ids[position] == mlm.mask_id
            assert mlm.capacity // 4 <= position <= mlm.max_tokens - mlm.capacity // 4


def test_a_mask_at_either_end_keeps_a_full_window():
    mlm = tiny("BERT")
    for text in ("<mask> " + "the dog " * 100, "the dog " * 100 + "<mask>"):
        prompt = prompt_of(text, mlm)
        (window,) = windows(mlm, prompt.ids, prompt.positions)
        assert len(window.ids) == mlm.max_tokens
        assert window.ids[window.positions[0]] == mlm.mask_id


def test_a_text_that_fits_is_one_window_of_all_of_it():
    mlm = tiny("BERT")
    prompt = prompt_of("the <mask> sat <mask>", mlm)
    (window,) = windows(mlm, prompt.ids, prompt.positions)
    assert window.ids == mlm.tokenizer("the [MASK] sat [MASK]").input_ids
