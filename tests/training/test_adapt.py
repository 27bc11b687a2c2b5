import json
import os

import pytest
from transformers import AutoModelForMaskedLM, pipeline

from mlm_demo.models.loader import load_folder
from mlm_demo.models.masked_lm import MaskedLM
from mlm_demo.training import train, trainer
from mlm_demo.training.adapt import adapt
from mlm_demo.training.checkpoints import last_checkpoint, step_of
from mlm_demo.training.cloze import Question, answer_questions
from mlm_demo.training.evaluation import MaskedEvalSet, sum_by_document
from mlm_demo.training.interpolation import SHARES
from mlm_demo.training.judge import halves
from mlm_demo.training.result import RESULT
from tests.support.nightly import some
from tests.support.tiny_models import build
from tests.support.training import CORPUS, LEARNING, LossesByWeights

pytestmark = pytest.mark.usefixtures("judged_on_little")


def fresh():
    return MaskedLM(*build("BERT"), name="tiny/bert")


@pytest.fixture(scope="module")
def run(tmp_path_factory, judged_on_little):
    output, lines = tmp_path_factory.mktemp("runs") / "a", []
    result = adapt(fresh(), CORPUS, LEARNING, output, on_progress=lines.append)
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
    judging = halves(CORPUS.held_out)[1]
    again = sum_by_document(saved, MaskedEvalSet.of(saved, judging, block_size=32, redraw=True))
    loss = result.figures.domain.after.loss.value
    assert again.loss.sum() / again.count.sum() == pytest.approx(loss, rel=1e-4)


def test_the_result_has_a_point_for_each_share_and_keeps_one(run):
    _, result, _ = run
    assert [point.share for point in result.points] == list(SHARES)
    kept = next(point for point in result.points if point.share == result.share)
    assert (result.figures, result.exam) == (kept.figures, kept.exam)
    base, half, adapted = (result.points[i].figures.domain.after.loss.value for i in (0, 2, 4))
    assert base == result.figures.domain.before.loss.value
    assert adapted < base
    assert half < base


def test_the_last_answers_shown_are_of_the_model_that_was_kept(run):
    output, _, lines = run
    shown = [line["followed"] for line in lines if "followed" in line][-1]
    saved = load_folder(output, "saved", device="cpu")
    questions = [Question(a["sentence"], a["start"], a["start"] + len(a["term"])) for a in shown]
    assert [answer.to_json() for answer in answer_questions(saved, questions)] == shown


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
    assert lines[0] == {"phase": "before", "stage": "evaluating the base model"}
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
    monkeypatch.setattr(trainer, "sum_by_document", LossesByWeights(3))
    monkeypatch.setattr(train, "fit_output_bias", lambda *_: None)
    result = adapt(fresh(), CORPUS, LEARNING, tmp_path / "a")
    assert result.training.best_step == 0
    assert (result.share, result.learned) == (0, "nothing")
    assert result.figures.domain.after == result.figures.domain.before
    saved, base = load_folder(tmp_path / "a", "saved", device="cpu"), fresh()
    for name, tensor in base.model.state_dict().items():
        assert tensor.equal(saved.model.state_dict()[name]), name
    assert "| weights kept | the base model |" in (tmp_path / "a" / "README.md").read_text()


def test_stopped_and_resumed_gives_the_result_of_an_uninterrupted_run(run, tmp_path):
    _, whole, _ = run
    steps = []
    stopped = adapt(
        fresh(), CORPUS, LEARNING, tmp_path / "b", should_stop=lambda: steps.append(1) or len(steps) == 5
    )
    assert stopped.training.stopped
    assert stopped.training.ended == "stopped"
    assert (tmp_path / "b" / "checkpoints").is_dir()
    resumed = adapt(fresh(), CORPUS, LEARNING, tmp_path / "b", resume=True)
    assert resumed.figures.domain.after == whole.figures.domain.after
    assert not (tmp_path / "b" / "checkpoints").exists()


@pytest.mark.parametrize("name", some(["optimizer.pt", "model.safetensors", "scheduler.pt"], 1))
def test_a_damaged_newest_checkpoint_gives_the_result_of_an_uninterrupted_run(run, tmp_path, name):
    _, whole, _ = run
    steps, lines = [], []
    adapt(fresh(), CORPUS, LEARNING, tmp_path, should_stop=lambda: steps.append(1) or len(steps) == 9)
    newest = last_checkpoint(tmp_path)
    os.truncate(newest / name, 1_000 if name != "scheduler.pt" else 100)
    earlier = step_of(last_checkpoint(tmp_path))
    assert earlier < step_of(newest) == 9
    resumed = adapt(fresh(), CORPUS, LEARNING, tmp_path, resume=True, on_progress=lines.append)
    assert resumed.figures.domain.after == whole.figures.domain.after
    note = f"{name} of step 9 is damaged; the run continues from step {earlier}, the last whole checkpoint."
    assert lines[0] == {"note": note}
