import pytest
import torch

from mlm_demo.errors import ParameterError
from mlm_demo.inference import targets as targets_module
from mlm_demo.inference.fill_mask import distributions
from mlm_demo.inference.targets import read_targets, score_targets, target_pieces
from mlm_demo.models.masked_lm import MaskedLM
from tests.support.prompts import fill, prompt_of
from tests.support.tiny_models import ARCHITECTURES, tiny

LIMITS = {"masks": 1, "max_targets": 5, "max_characters": 20}


def test_targets_are_split_at_commas_and_counted_once():
    words, notices = read_targets(" city, capital ,city,, ", **LIMITS)
    assert words == ["city", "capital"]
    assert notices == ["Given more than once, counted once: city."]


@pytest.mark.parametrize("nothing", ["", [], ()])
def test_no_targets_is_no_targets(nothing):
    assert read_targets(nothing, **LIMITS) == ([], [])


@pytest.mark.parametrize("blank", [",", " , ,", "  "])
def test_targets_without_a_word_are_an_error(blank):
    with pytest.raises(ParameterError, match="contain no word; give words separated by commas"):
        read_targets(blank, **LIMITS)


def test_too_many_targets_are_counted():
    with pytest.raises(ParameterError, match="There are 6 targets; at most 5 can"):
        read_targets("a,b,c,d,e,f", **LIMITS)


def test_top_k_cuts_the_list_of_targets_and_says_so(general):
    targets = ["city", "capital", "heart", "dog"]
    every = fill(general, "Paris is the <mask> of France.", targets=targets)
    best = fill(general, "Paris is the <mask> of France.", targets=targets, top_k=2)
    assert [row.word for row in best.masks[0]] == ["capital", "city"]
    assert best.masks[0] == every.masks[0][:2]  # shares are of all targets still
    assert best.notices == ("The best 2 of 4 targets are listed; raise top_k for more.",)


def test_unknown_targets_are_left_out_or_refused(general):
    answer = fill(general, "a <mask>", targets=["\U00013000", "city"])
    assert [row.word for row in answer.masks[0]] == ["city"]
    assert answer.notices == ("Left out because this model's vocabulary cannot write it: '\U00013000'.",)
    with pytest.raises(
        ParameterError, match="None of the targets can be written in the vocabulary of general"
    ):
        fill(general, "a <mask>", targets=["\U00013000"])


def test_several_tokens_are_scored_by_the_chain_rule(general):
    """Against a direct computation, one pass per token."""
    prompt = prompt_of("The patient has <mask> today.", general)
    pieces = general.tokenizer("hepatosplenomegaly", add_special_tokens=False).input_ids
    assert len(pieces) > 2
    expected = 1.0
    ids = general.tokenizer("The patient has").input_ids[:-1]
    for i, piece in enumerate(pieces):
        row = [*ids, *pieces[:i], *[general.mask_id] * (len(pieces) - i)]
        row += general.tokenizer("today.").input_ids[1:]
        with torch.inference_mode():
            logits = general.model(torch.tensor([row])).logits[0, len(ids) + i]
        expected *= logits.softmax(-1)[piece].item()
    (row,) = fill(general, prompt.text, targets=["hepatosplenomegaly"]).masks[0]
    assert row.score == pytest.approx(expected, rel=1e-3)
    assert row.scored == f"{len(pieces)} pieces, left to right"
    assert row.token is None
    assert len(row.pieces) == len(pieces)


@pytest.mark.parametrize("architecture", ["RoBERTa", "ModernBERT", "XLM-R", "ALBERT", "DeBERTa-v2"])
def test_a_word_after_a_space_has_the_tokens_it_has_there(architecture):
    mlm = tiny(architecture)
    prompt = prompt_of("is the <mask> of", mlm)
    inside = target_pieces(mlm, prompt, 0, "dog")
    whole = mlm.encode("is the dog of").ids
    assert (
        tuple(whole[len(mlm.encode("is the").ids) : -len(mlm.encode("x of").ids) + len(mlm.encode("x").ids)])
        == inside
    )


def test_a_byte_level_target_takes_its_leading_space():
    mlm = tiny("RoBERTa")
    after_space = target_pieces(mlm, prompt_of("is <mask>", mlm), 0, "the")
    assert mlm.tokenizer.convert_ids_to_tokens(list(after_space)) == ["Ġthe"]


def test_a_target_for_the_middle_of_a_word_is_tokenized_alone(general):
    prompt = prompt_of("un<mask>", general)
    assert target_pieces(general, prompt, 0, "happy") == tuple(general.encode("happy").ids)


def test_long_targets_are_limited_by_characters_at_all_masks():
    assert read_targets("x" * 20, **LIMITS)[0] == ["x" * 20]
    with pytest.raises(ParameterError, match="have 21 characters; the limit is 20"):
        read_targets("x" * 21, **LIMITS)
    with pytest.raises(ParameterError, match="have 12 characters; the limit is 10 at 2 masks"):
        read_targets("abcdef,ghijkl", **{**LIMITS, "masks": 2})


def test_a_word_repeated_endlessly_is_read_in_time():
    assert read_targets("a," * 300_000, **LIMITS) == (["a"], ["Given more than once, counted once: a."])


@pytest.mark.parametrize("model", ["general", "biomedical"])
def test_targets_that_a_model_reads_alike_are_one_row(model, request):
    mlm = request.getfixturevalue(model)
    answer = fill(mlm, "<mask> is a city.", targets=["Paris", "paris", "PARIS", "Lyon", "Pâris"])
    assert sorted(row.word for row in answer.masks[0]) == ["Lyon", "Paris"]
    assert answer.notices == (
        "To this model, Paris, paris, PARIS and Pâris are the same word; it is counted once.",
    )
    assert sum(row.share for row in answer.masks[0]) == pytest.approx(1)


def test_targets_that_differ_in_case_are_two_rows_where_case_counts():
    answer = fill(tiny("RoBERTa"), "the <mask> sat", targets=["Paris", "paris"])
    assert [len(answer.masks[0]), answer.notices] == [2, ()]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_piece_as_answers_show_it_can_be_asked_for(architecture):
    """Its score is that of the answer that showed it, and the sentence has it without its mark."""
    mlm = tiny(architecture)
    best = fill(mlm, "the fox <mask> sat", top_k=mlm.vocab_size).masks[0]
    attached = next(row for row in best if row.word.startswith("##"))
    raw = next(row for row in best if row.token != attached.token and len(row.word) > 2)
    raw_piece = mlm.tokenizer.convert_ids_to_tokens(raw.token)
    for row, target in ((attached, attached.word), (raw, raw_piece)):
        if mlm.token_of(target) is None:  # a word without a mark, which is read in its place
            continue
        (found,) = fill(mlm, "the fox <mask> sat", targets=[target]).masks[0]
        assert (found.token, found.scored) == (row.token, "one piece")
        assert found.score == pytest.approx(row.score)
        assert found.sequence == row.sequence
    assert mlm.token_of(attached.word) == attached.token


def test_a_mark_alone_and_control_pieces_are_no_pieces(general):
    for text in ("##", "ing", "[SEP]", "Ġthe", "##nosuchpiece", "[unused1]", ""):
        assert general.token_of(text) is None
    assert tiny("RoBERTa").token_of("Ġ") is None


@pytest.mark.parametrize("architecture", ["RoBERTa", "ModernBERT", "XLM-R", "BERT"])
@pytest.mark.parametrize("space", ["  ", "\n", "\u00a0", " \n\n "])
def test_any_white_space_before_a_mask_is_one_space_as_the_model_sees_it(architecture, space):
    mlm = tiny(architecture)
    for text in ("city of{}<mask> is", "<mask>{}<mask> is", "{}<mask> is"):
        prompt = prompt_of(text.format(space), mlm)
        plain = prompt_of(text.format(" ").strip(), mlm)
        assert prompt.ids == plain.ids
        for mask in range(len(prompt.spans)):
            assert target_pieces(mlm, prompt, mask, "France") == target_pieces(mlm, plain, mask, "France")


def test_the_pieces_of_targets_are_limited_because_a_character_can_be_several():
    mlm = tiny("RoBERTa")
    prompt = prompt_of("a <mask> b <mask>", mlm)
    ((rows, _),) = distributions(mlm, [prompt])
    targets, pieces = ["\U0001f600", "the"], 2 * len(mlm.encode(" \U0001f600").ids)
    assert pieces > 2
    scored, _ = score_targets(mlm, prompt, targets, rows, pieces)
    assert [len(row) for row in scored] == [2, 2]
    with pytest.raises(
        ParameterError, match=f"writes the targets with {pieces} pieces at all masks; the limit is"
    ):
        score_targets(mlm, prompt, targets, rows, pieces - 1)


def test_targets_of_many_pieces_go_through_the_model_in_chunks(monkeypatch):
    mlm, asked, stock = tiny("BERT"), [], MaskedLM.logits_at
    targets = ["bronchitispatient", "hepatitiskidney", "arthritiscoffee"]
    whole = fill(mlm, "a <mask> b", targets=targets)
    monkeypatch.setattr(targets_module, "ROWS_PER_CHUNK", 3)
    monkeypatch.setattr(
        MaskedLM, "logits_at", lambda self, rows, where: asked.append(len(rows)) or stock(self, rows, where)
    )
    cut = fill(mlm, "a <mask> b", targets=targets)
    assert len(asked) > 2
    assert max(asked) == 3
    assert [row.score for row in cut.masks[0]] == pytest.approx(
        [row.score for row in whole.masks[0]], rel=1e-3
    )


def test_half_of_a_surrogate_pair_in_a_target_is_an_error():
    with pytest.raises(ParameterError, match=r"Character 2 of the target 'a.*' is half of a surrogate pair"):
        read_targets(["city", "a\ud83d"], **LIMITS)
