"""The gradient's shares equal those of plain transformers, and both measures of 'Why?' those of captum."""

from concurrent.futures import ThreadPoolExecutor
from math import log

import pytest
import torch

from mlm_demo.errors import ModelError, ParameterError, PromptError
from mlm_demo.inference.gradients import embedding_gradient, gradient_shares
from mlm_demo.models.masked_lm import MaskedLM
from tests.support.every_kind import build_kind
from tests.support.prompts import prompt_of
from tests.support.tiny_models import ARCHITECTURES, tiny

FRANCE = "Paris is the <mask> of France."
TWO = "Paris is the <mask> of France, and <mask> is a city of France."
BOTH = [*ARCHITECTURES, "general", "biomedical"]


def shares(mlm, text=FRANCE, **options):
    return gradient_shares(mlm, text, **{"max_characters": 20_000, "max_masks": 16, **options})


def word_shares(mlm, text=FRANCE, **options):
    return {word.word: word.share for word in shares(mlm, text, **options).words}


@pytest.fixture
def mlm(request):
    """A tiny model, or a built-in one as transformers loads it, in float64: rounding in float32 adds up to 2e-5."""
    if request.param in ARCHITECTURES:
        yield tiny(request.param)
    else:
        mlm = request.getfixturevalue(request.param)
        mlm.model.double()
        yield mlm
        mlm.model.float()


def row_of(mlm, text):
    """The ids of a text with special tokens, and the first mask among them."""
    row = mlm.with_special_tokens(prompt_of(text, mlm).ids)
    return row, row.index(mlm.mask_id)


def first_word(mlm, scores):
    return max((token for token in range(mlm.vocab_size) if mlm.is_word(token)), key=scores.__getitem__)


def ours(mlm, row, position):
    token, _, gradient = embedding_gradient(mlm, row, position, lambda scores: first_word(mlm, scores))
    return token, gradient


def assert_same(found, expected):
    assert ((found - expected).norm() / expected.norm()).item() < 3e-5


@pytest.mark.parametrize("mlm", BOTH, indirect=True)
def test_a_gradient_is_that_of_plain_transformers(mlm):
    row, position = row_of(mlm, TWO)
    row = row[: -len(mlm.suffix)]  # MPNet takes the tiny tokenizer's </s> for padding, but not among vectors
    token, gradient = ours(mlm, row, position)
    vectors = mlm.model.get_input_embeddings()(torch.tensor([row])).detach().requires_grad_()
    scores = mlm.model(inputs_embeds=vectors).logits[0, position].log_softmax(-1)
    (expected,) = torch.autograd.grad(scores[token], vectors)
    assert token == first_word(mlm, scores)
    assert_same(gradient, expected[0])


@pytest.mark.parametrize("mlm", ARCHITECTURES, indirect=True)
def test_a_share_is_the_length_of_the_gradient_of_its_tokens(mlm):
    text = "Hepatitis, <mask> jumping"
    _, gradient = ours(mlm, *row_of(mlm, text))
    lengths = gradient.norm(dim=-1)[len(mlm.prefix) :].tolist()
    offsets = mlm.encode(text.replace("<mask>", mlm.mask_token)).offsets
    comma, last = len("Hepatitis"), len(text.replace("<mask>", mlm.mask_token)) - len("jumping")
    first = sum(length for length, (_, end) in zip(lengths, offsets, strict=False) if end <= comma)
    second = sum(length for length, (_, end) in zip(lengths, offsets, strict=False) if end > last)
    expected = [first / (first + second), second / (first + second)]
    assert list(word_shares(mlm, text).values()) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("mlm", ARCHITECTURES, indirect=True)
def test_the_guess_is_the_first_of_the_chart_and_the_shares_sum_to_one(mlm):
    found = shares(mlm, TWO, mask=2)
    row, _ = row_of(mlm, TWO)
    at = len(row) - 1 - row[::-1].index(mlm.mask_id)
    (scores,) = mlm.logits_at([row], [[at]]).softmax(-1)
    assert found.score == pytest.approx(scores[first_word(mlm, scores)].item(), rel=1e-4)
    assert (found.mask, found.measure) == (2, "gradient")
    assert [TWO[word.start : word.end] for word in found.words] == [word.word for word in found.words]
    assert sum(word.share for word in found.words) == pytest.approx(1)
    assert all(word.share > 0 for word in found.words)


def test_the_page_and_the_shell_see_the_same(engine, general):
    found = engine.why(FRANCE, "general", measure="gradient", precision="int8")
    assert (found["guess"], found["measure"], found["model"]["precision"]) == ("capital", "gradient", "exact")
    assert {word["word"]: word["share"] for word in found["words"]} == pytest.approx(
        word_shares(general), rel=1e-4
    )
    assert set(found["words"][0]) == {"word", "start", "end", "share"}
    hidden = engine.why(FRANCE, "general")
    assert hidden["measure"] == "hiding"
    assert set(hidden) == set(found)
    best = engine.why(FRANCE, "general", measure="gradient", targets="heart, city, hepatosplenomegaly")
    assert best["guess"] == "city"


def test_mistakes_are_said_in_a_sentence(engine):
    with pytest.raises(ParameterError, match="The measure is 'both'; choose one of hiding, gradient"):
        engine.why(FRANCE, "general", measure="both")
    for text, error in (
        ("No mask.", PromptError),
        ("<mask>", PromptError),
        ("w " * 65 + "<mask>", PromptError),
    ):
        with pytest.raises(error):
            engine.why(text, "general", measure="gradient")
    with pytest.raises(ParameterError, match="the sentence has 1; count from 1"):
        engine.why(FRANCE, "general", mask=2, measure="gradient")


@pytest.mark.parametrize("architecture", ["BERT", "RoBERTa"])
def test_blanks_of_any_length_and_removed_characters_move_no_word(architecture):
    mlm = tiny(architecture)
    expected = word_shares(mlm, "Paris is the <mask> of France and <mask> city")
    odd = "Paris\x07 is the ___ of France and [ MASK ] city"
    found = shares(mlm, odd)
    assert {word.word: word.share for word in found.words} == pytest.approx(expected)
    assert [odd[word.start : word.end] for word in found.words] == list(expected)


def test_a_word_that_the_model_does_not_read_has_no_share():
    mlm = tiny("BERT")
    text = "Paris " * 30 + "is the <mask> of France " + "hot " * 30
    found = shares(mlm, text).words
    assert found[0].share == found[-1].share == 0
    near = {word.word: word.share for word in found[28:36]}
    assert near["the"] > 0
    assert near["of"] > 0


def test_questions_at_the_same_time_do_not_disturb_each_other():
    mlm = tiny("BERT")
    alone = [word_shares(mlm, text) for text in (FRANCE, "The heart <mask> blood")]
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda text: word_shares(mlm, text), [FRANCE, "The heart <mask> blood"] * 8))
    assert found == alone * 8


@pytest.mark.parametrize("kind", ["ibert", "bart"])
def test_a_model_without_a_gradient_says_so(kind):
    """Embeddings in integers, and embeddings that two stacks read by modules of their own."""
    mlm = MaskedLM(*build_kind(kind), name=kind)
    with pytest.raises(ModelError, match=rf"{kind} \(.+\) gives no gradient .+; measure by hiding"):
        shares(mlm)
    assert not mlm.model.get_input_embeddings()._forward_hooks


def guess_of(mlm, token, position):
    """A function of ids, (rows, length), to the log-probability of a token at a position."""
    return lambda ids: mlm.model(input_ids=ids).logits[:, position].log_softmax(-1)[:, token]


@pytest.mark.parametrize("mlm", BOTH, indirect=True)
def test_a_gradient_is_that_of_captum(mlm):
    attr = pytest.importorskip("captum.attr")
    row, position = row_of(mlm, TWO)
    token, gradient = ours(mlm, row, position)
    layer = mlm.model.get_input_embeddings()
    plain = attr.LayerGradientXActivation(guess_of(mlm, token, position), layer, multiply_by_inputs=False)
    assert_same(gradient, plain.attribute(torch.tensor([row]))[0].detach())


@pytest.mark.parametrize("mlm", ["general", "biomedical"], indirect=True)
@pytest.mark.parametrize(
    "text", [FRANCE, "The heart pumps <mask> to the lung.", "The <mask> sat on the floor"]
)
def test_hiding_is_the_ablation_of_captum(mlm, text, engine):
    """The words are single pieces, so each is one feature, and its baseline is the mask token."""
    attr = pytest.importorskip("captum.attr")
    row, position = row_of(mlm, text)
    token = first_word(mlm, mlm.logits_at([row], [[position]])[0])
    ablation = attr.FeatureAblation(guess_of(mlm, token, position))
    with torch.inference_mode():
        changes = ablation.attribute(torch.tensor([row]), baselines=mlm.mask_id)[0]
    offsets = mlm.encode(text.replace("<mask>", mlm.mask_token)).offsets
    found = engine.why(text, mlm.name, precision="exact")
    longer = len(mlm.mask_token) - len("<mask>")
    for word in found["words"]:
        start = word["start"] + longer * (word["start"] > text.index("<mask>"))
        number = [start for start, _ in offsets].index(start)
        assert word["change"] == pytest.approx(changes[number + len(mlm.prefix)].item(), abs=1e-4)
        assert word["change"] == pytest.approx(log(found["score"] / word["score"]), abs=1e-6)
