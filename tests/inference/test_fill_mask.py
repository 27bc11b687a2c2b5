import pytest
import torch
from transformers import pipeline

from mlm_demo.errors import ParameterError
from tests.support.prompts import fill
from tests.support.tiny_models import ARCHITECTURES, tiny


def pipeline_of(mlm):
    return pipeline("fill-mask", model=mlm.model, tokenizer=mlm.tokenizer, device="cpu")


def words(rows, mlm, count):
    """The first rows of the pipeline that are words: it also offers control tokens and halves of characters."""
    return [row for row in rows if mlm.is_word(row["token"])][:count]


def assert_equal(ours, theirs, mlm):
    """Same scores to 1e-6, same words; words of equal score may change places."""
    scores = [row.score for row in ours]
    assert scores == pytest.approx([row["score"] for row in theirs], abs=1e-6)
    by_token = {row["token"]: row for row in theirs}
    for row in ours[:-1]:  # the last place may go to another word of the same score
        assert row.score == pytest.approx(by_token[row.token]["score"], abs=1e-6)
        assert row.token_str == by_token[row.token]["token_str"]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize(
    "text", ["Paris is the <mask> of France.", "<mask>", "the patient was treated with <mask>, and read"]
)
def test_one_mask_equals_the_pipeline(architecture, text):
    mlm = tiny(architecture)
    answer = fill(mlm, text, top_k=7)
    assert_equal(answer.masks[0], words(pipeline_of(mlm)(answer.model_text, top_k=60), mlm, 7), mlm)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_several_masks_equal_the_pipeline(architecture):
    mlm = tiny(architecture)
    answer = fill(mlm, "the <mask> was <mask> with <mask>", top_k=5)
    for ours, theirs in zip(answer.masks, pipeline_of(mlm)(answer.model_text, top_k=60), strict=True):
        assert_equal(ours, words(theirs, mlm, 5), mlm)


@pytest.mark.parametrize("name", ["general", "biomedical"])
def test_the_built_in_models_equal_the_pipeline(name, request):
    mlm = request.getfixturevalue(name)
    reference = pipeline_of(mlm)
    for text in (
        "Paris is the <mask> of France.",
        "The patient was diagnosed with type 2 <mask>.",
        "A <mask> of <mask>",
    ):
        answer = fill(mlm, text, top_k=10)
        theirs = reference(answer.model_text, top_k=10)
        for ours, expected in zip(answer.masks, theirs if len(answer.masks) > 1 else [theirs], strict=True):
            assert_equal(ours, expected, mlm)


def test_targets_of_one_piece_equal_the_pipeline(general):
    answer = fill(general, "Paris is the <mask> of France.", targets=["city", "capital", "heart"])
    theirs = pipeline_of(general)(answer.model_text, targets=["city", "capital", "heart"])
    assert [row.token_str for row in answer.masks[0]] == [row["token_str"] for row in theirs]
    assert_equal(answer.masks[0], theirs, general)
    assert sum(row.share for row in answer.masks[0]) == pytest.approx(1)
    assert {row.scored for row in answer.masks[0]} == {"one piece"}


def test_paris_is_the_capital(general):
    best = fill(general, "Paris is the <mask> of France.").masks[0][0]
    assert (best.word, best.sequence) == ("capital", "Paris is the capital of France.")
    assert best.score == pytest.approx(0.8662, abs=1e-3)


def test_the_whole_vocabulary_adds_up_to_one(general):
    rows = fill(general, "a <mask>", top_k=general.vocab_size).masks[0]
    assert {row.token for row in rows} == {i for i in range(general.vocab_size) if general.is_word(i)}
    assert sum(row.score for row in rows) == pytest.approx(1, abs=2e-3)


def test_the_unknown_token_is_no_guess(general):
    text = "ჩემი სამშობლოა <mask>."
    assert pipeline_of(general)(text.replace("<mask>", "[MASK]"))[0]["token_str"] == "[UNK]"
    rows = fill(general, text, top_k=5).masks[0]
    assert len(rows) == 5
    assert "[UNK]" not in {row.token_str for row in rows}


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_no_control_piece_and_no_half_of_a_character_is_a_guess(architecture):
    mlm = tiny(architecture)
    answer = fill(mlm, "the <mask> sat <mask>", top_k=mlm.vocab_size, joint=True)
    fillings = [filling.token_strs for filling in answer.joint]
    offered = {row.token_str for mask in answer.masks for row in mask} | {
        word for f in fillings for word in f
    }
    assert len(offered) > 50
    assert not offered & set(mlm.tokenizer.all_special_tokens)
    assert not any("\ufffd" in word for word in offered)


@pytest.mark.parametrize(
    "top_k", [0, -1, 1.5, 30_523, 10**9, "five", None, True, float("nan"), float("inf"), ""]
)
def test_a_top_k_out_of_range_is_named_with_its_range(general, top_k):
    with pytest.raises(ParameterError, match=r"top_k is '.*'; it must be a whole number from 1 to 30,522"):
        fill(general, "a <mask>", top_k=top_k)


def test_a_whole_float_is_a_whole_number(general):
    assert len(fill(general, "a <mask>", top_k=3.0).masks[0]) == 3


def test_a_text_over_the_limit_is_read_around_its_mask(general):
    padding = "It was a quiet day in the village. " * 120
    answer = fill(general, padding + "Paris is the <mask> of France. " + padding)
    ids = general.encode(answer.model_text).ids
    first = ids.index(general.mask_id) - general.capacity // 2
    window = general.with_special_tokens(ids[first : first + general.capacity])
    with torch.inference_mode():
        logits = general.model(torch.tensor([window])).logits[0, window.index(general.mask_id)]
    assert answer.masks[0][0].score == pytest.approx(logits.softmax(-1).max().item(), abs=1e-4)
    assert any("tokens and general reads 510 at once, so only the part around" in n for n in answer.notices)
    assert (
        answer.masks[0][0].sequence
        == padding + f"Paris is the {answer.masks[0][0].word} of France. " + padding
    )


def test_unknown_words_and_typed_special_tokens_stay_in_the_sentence(general):
    answer = fill(general, "\U00013000 [SEP] the <mask>", top_k=1)
    assert answer.masks[0][0].sequence.startswith("\U00013000 [SEP] the ")


def test_the_json_has_the_pipelines_fields(general):
    answer = fill(general, "a <mask> <mask>", top_k=2, joint=True).to_json()
    assert set(answer) == {"model", "text", "spans", "model_text", "masks", "notices", "joint"}
    assert set(answer["masks"][0][0]) == {"score", "token", "token_str", "sequence", "word"}


@pytest.mark.parametrize("architecture", ["RoBERTa", "ModernBERT"])
def test_only_after_a_word_does_a_piece_without_a_space_continue_it(architecture):
    mlm = tiny(architecture)
    for text, continues in (
        ("<mask> is the city of France.", False),
        ('She said "<mask> is the city."', False),
        ("In France, (<mask>) is", False),
        ("the fox <mask> sat", True),
        ("the fox<mask> sat", True),
        ("<mask> <mask> sat", True),
    ):
        rows = fill(mlm, text, top_k=mlm.vocab_size).masks[-1]
        bare = [row for row in rows if mlm.piece(row.token).attaches and row.token_str.isalnum()]
        assert {row.word == f"##{row.token_str}" for row in bare} == {continues}, text
    assert any(row.word.startswith("##") for row in fill(tiny("BERT"), "<mask> sat", top_k=99).masks[0])
