import json

import pytest
import torch
from transformers import AutoModelForMaskedLM, AutoTokenizer, BertForMaskedLM, RobertaForMaskedLM, pipeline

from mlm_demo.models.catalogue import ModelRef
from mlm_demo.models.native_bert.loader import load_native
from mlm_demo.training.pretraining.config import BYTE_LEVEL, WORDPIECE
from mlm_demo.training.pretraining.result import read_pretrain_result
from mlm_demo.training.result import RESULT
from tests.support.nightly import some
from tests.support.pretraining import run, small_config
from tests.support.tiny_models import assert_same_weights

KINDS = {WORDPIECE: BertForMaskedLM, BYTE_LEVEL: RobertaForMaskedLM}
LEARNING = {"max_steps": 200, "hidden": 64, "layers": 2, "learning_rate": 2e-3, "vocab_size": 400}


@pytest.fixture(scope="module", params=list(KINDS))
def done(request, tmp_path_factory):
    """A run that learns, with the log lines."""
    output, lines = tmp_path_factory.mktemp("runs") / "a", []
    config = small_config(tokenizer=request.param, **LEARNING)
    mlm, result = run(output, config, on_progress=lines.append)
    return output, mlm, result, lines


def test_it_learns_more_than_word_frequencies(done):
    _, _, result, _ = done
    held_out = result.figures.held_out
    assert result.learned in ("a little", "clearly")
    assert held_out.after.loss.value < held_out.before.loss.value - 0.2
    assert held_out.after.accuracy.value > held_out.before.accuracy.value
    for rate in (result.figures.bits_per_byte, result.figures.bits_per_word):
        assert rate.model.value < rate.frequencies
        assert rate.model.low <= rate.model.value <= rate.model.high


def test_the_folder_is_an_ordinary_one_with_the_trained_model(done):
    output, mlm, result, _ = done
    model, tokenizer = AutoModelForMaskedLM.from_pretrained(output), AutoTokenizer.from_pretrained(output)
    assert type(model) is KINDS[result.config["tokenizer"]]
    assert_same_weights(dict(model.state_dict()), dict(mlm.model.state_dict()))
    assert tokenizer.get_vocab() == mlm.tokenizer.get_vocab()
    files = {path.name for path in output.iterdir()}
    expected = {"config.json", "model.safetensors", "tokenizer.json", "README.md", "curve.svg", RESULT}
    assert expected <= files
    assert "checkpoints" not in files


def test_transformers_fills_what_the_model_fills(done):
    output, mlm, _, _ = done
    text = f"In the morning Clara went to the {mlm.mask_token} again."
    best = pipeline("fill-mask", model=str(output))(text)[0]
    ids = mlm.with_special_tokens(mlm.encode(text).ids)
    probabilities = mlm.logits_at([ids], [[ids.index(mlm.mask_id)]])[0].softmax(-1)
    assert (int(probabilities.argmax()), float(probabilities.max())) == (
        best["token"],
        pytest.approx(best["score"], abs=1e-5),
    )


def test_a_bert_is_loaded_without_transformers_too(done):
    output, mlm, result, _ = done
    found = load_native(ModelRef("x", "adapted", "x", path=output), "cpu")
    if result.config["tokenizer"] == BYTE_LEVEL:
        assert found is None
        return
    ids = mlm.with_special_tokens(mlm.encode("Anna went to the garden.").ids)
    args = ([ids], [range(len(ids))])
    torch.testing.assert_close(found.logits_at(*args), mlm.logits_at(*args), atol=1e-4, rtol=0)


def test_the_result_is_read_as_it_was_written(done):
    output, _, result, lines = done
    assert json.loads((output / RESULT).read_text()) == json.loads(json.dumps(result.to_json()))
    assert read_pretrain_result(output) == result.from_json(json.loads((output / RESULT).read_text()))
    assert result.model["vocabulary"] <= 400
    assert [line["phase"] for line in lines if "phase" in line] == ["before", "train", "after"]


def test_training_starts_at_word_frequencies(done):
    _, _, result, _ = done
    losses = [line["eval_loss"] for line in result.curve if "eval_loss" in line]
    assert losses[1] < losses[0] - 0.5
    assert losses[-1] < losses[1] - 0.5
    assert result.training.moved_bias


def test_the_card_says_how_it_was_made_and_its_example_runs(done):
    output, mlm, _, _ = done
    card = (output / "README.md").read_text()
    for fact in (
        "0" * 64,
        "200 of 16 blocks of 32 tokens",
        "Bits per byte",
        f"{mlm.parameters:,} parameters",
    ):
        assert fact in card
    code = card.split("```python\n")[1].split("```")[0].replace("PATH_OR_ID_OF_THIS_MODEL", str(output))
    printed = []
    exec(compile(code, "card", "exec"), {"print": printed.append})  # noqa: S102
    assert len(printed[0]) == 5


@pytest.mark.parametrize("kind", some(list(KINDS), 1))
def test_stopped_and_resumed_gives_the_weights_of_an_uninterrupted_run(kind, tmp_path):
    config, steps = small_config(tokenizer=kind), []
    whole, expected = run(tmp_path / "a", config)
    _, stopped = run(tmp_path / "b", config, should_stop=lambda: steps.append(1) or len(steps) == 5)
    assert stopped.training.stopped
    assert "resume it for more" in " ".join(stopped.outcome())
    resumed, result = run(tmp_path / "b", config, resume=True)
    assert_same_weights(dict(whole.model.state_dict()), dict(resumed.model.state_dict()))
    assert result.figures == expected.figures
    assert not (tmp_path / "b" / "checkpoints").exists()
