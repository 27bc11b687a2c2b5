import json
from itertools import count

import numpy as np
import pytest
from transformers import AutoModelForMaskedLM, pipeline

from mlm_demo.corpus.corpus import Corpus, Counts
from mlm_demo.models.loader import load_folder
from mlm_demo.models.masked_lm import MaskedLM
from mlm_demo.training import trainer
from mlm_demo.training.adapt import adapt
from mlm_demo.training.config import AdaptConfig
from mlm_demo.training.evaluation import DocumentSums, MaskedEvalSet, sum_by_document
from mlm_demo.training.result import RESULT
from tests.support.tiny_models import SENTENCES, build

TEXTS = [f"{s} {t}" for s in SENTENCES for t in SENTENCES]
CORPUS = Corpus(TEXTS[6:], TEXTS[:6], Counts(files=1, documents=36, words=600), "0" * 64)
CONFIG = AdaptConfig(max_steps=12, batch_size=8, block_size=32, learning_rate=3e-3)


def fresh():
    return MaskedLM(*build("BERT"), name="tiny/bert")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    output, lines = tmp_path_factory.mktemp("runs") / "a", []
    result = adapt(fresh(), CORPUS, CONFIG, output, on_progress=lines.append)
    return output, result, lines


def test_the_result_is_an_ordinary_folder(run):
    output, result, _ = run
    model = AutoModelForMaskedLM.from_pretrained(output)
    assert model.num_parameters() > 0
    files = {path.name for path in output.iterdir()}
    assert {"config.json", "model.safetensors", "tokenizer.json", "README.md", "curve.svg", RESULT} <= files
    assert "checkpoints" not in files
    assert json.loads((output / RESULT).read_text()) == json.loads(json.dumps(result.to_json()))


def test_the_saved_model_is_the_evaluated_one(run):
    output, result, _ = run
    saved = load_folder(output, "saved", device="cpu")
    again = sum_by_document(saved, MaskedEvalSet.of(saved, CORPUS.held_out, block_size=32))
    loss = result.figures.domain.after.loss.value
    assert again.loss.sum() / again.count.sum() == pytest.approx(loss, rel=1e-4)


def test_dropout_is_switched_off_for_training_only(run):
    output, _, _ = run
    assert json.loads((output / "config.json").read_text())["hidden_dropout_prob"] == 0.1


def test_the_result_compares_before_and_after(run):
    _, result, lines = run
    domain = result.figures.domain
    assert domain.after.loss.value < domain.before.loss.value
    change = domain.after.loss.value - domain.before.loss.value
    assert domain.change.loss.value == pytest.approx(change, abs=1e-6)
    assert domain.before.masked_tokens == domain.after.masked_tokens
    assert lines[0] == {"stage": "evaluating the base model"}
    assert result.curve
    training = result.training
    assert (training.steps, training.stopped, training.ended) == (12, False, "budget")
    assert 0 < training.best_step <= 12


def test_the_card_says_how_it_was_made_and_its_example_runs(run, capsys):
    output, result, _ = run
    card = (output / "README.md").read_text()
    for fact in (
        "tiny/bert",
        "0" * 64,
        "12 of 8 blocks of 32 tokens",
        "| seed | 0 |",
        result.versions["torch"],
    ):
        assert fact in card
    code = card.split("```python\n")[1].split("```")[0].replace("PATH_OR_ID_OF_THIS_MODEL", str(output))
    printed = []
    exec(compile(code, "card", "exec"), {"print": printed.append})  # noqa: S102
    assert len(printed[0]) == 5
    assert pipeline("fill-mask", model=str(output))("a [MASK]")


def test_a_run_that_improves_nothing_leaves_the_base_and_says_so(tmp_path, monkeypatch):
    losses = count(3)
    worse = lambda *_: DocumentSums(np.array([float(next(losses))]), np.zeros(1), np.ones(1))  # noqa: E731
    monkeypatch.setattr(trainer, "sum_by_document", worse)
    result = adapt(fresh(), CORPUS, CONFIG, tmp_path / "a")
    assert result.training.best_step == 0
    assert result.figures.domain.after == result.figures.domain.before
    saved, base = load_folder(tmp_path / "a", "saved", device="cpu"), fresh()
    for name, tensor in base.model.state_dict().items():
        assert tensor.equal(saved.model.state_dict()[name]), name
    assert "the base model's" in (tmp_path / "a" / "README.md").read_text()


def test_stopped_and_resumed_gives_the_result_of_an_uninterrupted_run(run, tmp_path):
    _, whole, _ = run
    steps = []
    stopped = adapt(
        fresh(), CORPUS, CONFIG, tmp_path / "b", should_stop=lambda: steps.append(1) or len(steps) == 5
    )
    assert stopped.training.stopped
    assert stopped.training.ended == "stopped"
    assert (tmp_path / "b" / "checkpoints").is_dir()
    resumed = adapt(fresh(), CORPUS, CONFIG, tmp_path / "b", resume=True)
    assert resumed.figures.domain.after == whole.figures.domain.after
    assert not (tmp_path / "b" / "checkpoints").exists()
