import pytest

from mlm_demo.inference.compare import compare, same_word
from mlm_demo.inference.fill_mask import distributions
from tests.support.prompts import fill, prompt_of
from tests.support.tiny_models import tiny


def test_ranks_are_those_in_the_other_models_whole_ranking(general, biomedical):
    text = "The <mask> was admitted to the <mask>."
    models = [general, biomedical]
    answers = compare(models, [prompt_of(text, m) for m in models], top_k=10)
    for mine, other in ((0, 1), (1, 0)):
        assert answers[mine].masks[0][0].score == fill(models[mine], text).masks[0][0].score
        whole = fill(models[other], text, top_k=30_522)
        for mask in (0, 1):
            ranks = {row.token: (i, row.score) for i, row in enumerate(whole.masks[mask], 1)}
            for row in answers[mine].masks[mask]:
                (found,) = row.elsewhere
                assert found["model"] == models[other].name
                assert (found["rank"], found["score"]) == pytest.approx(ranks[row.token])


def test_a_word_is_found_in_a_vocabulary_of_another_kind(general):
    byte_level = tiny("RoBERTa")
    text = "Paris is <mask> city of France."
    answers = compare([general, byte_level], [prompt_of(text, m) for m in (general, byte_level)], top_k=10)
    the = next(row for row in answers[0].masks[0] if row.word == "the")
    ((rows, _),) = distributions(byte_level, [prompt_of(text, byte_level)])
    token = byte_level.tokenizer.convert_tokens_to_ids("Ġthe")
    assert the.elsewhere[0]["rank"] == int((rows[0] > rows[0, token]).sum()) + 1


def test_a_word_of_several_tokens_in_another_model_has_no_rank_there(general):
    small = tiny("RoBERTa")
    answers = compare(
        [general, small],
        [prompt_of("Paris is the <mask>", m) for m in (general, small)],
        targets=["university"],
    )
    (found,) = answers[0].masks[0][0].elsewhere
    assert found["rank"] is None
    assert found["pieces"] > 1


def test_one_model_alone_is_fill_mask(general):
    (answer,) = compare([general], [prompt_of("a <mask>", general)], top_k=3, joint=True)
    assert answer == fill(general, "a <mask>", top_k=3, joint=True)


@pytest.mark.parametrize("text", ["<mask> is here.", 'She said "<mask> is here."'])
def test_a_first_word_without_a_space_is_found_in_a_vocabulary_of_another_kind(general, text):
    byte_level = tiny("RoBERTa")
    sides = [(mlm, prompt_of(text, mlm)) for mlm in (byte_level, general)]
    token = byte_level.tokenizer.convert_tokens_to_ids("The")
    assert same_word(sides[0], token, 0, sides[1]) == (general.tokenizer.convert_tokens_to_ids("the"),)
