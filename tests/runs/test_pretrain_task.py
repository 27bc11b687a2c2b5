from dataclasses import replace

import pytest

from mlm_demo.errors import TrainingError
from mlm_demo.models.catalogue import ADAPTED
from mlm_demo.runs.adapted_models import adapted_model, catalogue_of
from mlm_demo.runs.tasks.pretrain import Pretraining, PretrainRequest
from mlm_demo.runs.worker import work
from mlm_demo.settings import Settings
from mlm_demo.training.pretraining.config import BYTE_LEVEL, PretrainConfig
from tests.support.pretraining import TEXTS, small_config
from tests.support.runs import waiting_service


@pytest.fixture
def service(tmp_path):
    return waiting_service(tmp_path / "data")


@pytest.fixture
def run(service, tmp_path):
    (tmp_path / "stories.txt").write_text("\n\n".join(TEXTS))
    draft = service.staging.add([tmp_path / "stories.txt"])
    return service.start(draft, PretrainRequest(small_config(max_steps=2)), "me")


def test_a_run_makes_a_model_that_fills_masks(service, run):
    assert run.name == "from scratch on stories"
    about = run.request.about
    assert (about["model"], about["base"]) == ("from scratch", "")
    assert about["budget"] == "WordPiece, 1 layer of 32, 2 steps"
    work(run, service.settings)
    assert run.state == "done", run.message
    model = adapted_model(run)
    assert (model.kind, model.name, model.archive) == (ADAPTED, run.id, "from-scratch-on-stories")
    assert catalogue_of(service.settings).find(run.id) == model
    status = service.status(run)
    assert status["figures"]["bits_per_byte"]["model"]["value"] > 0
    assert status["report"]["verdict"] == "small for a model from scratch"
    assert any("The vocabulary has" in note for note in status["report"]["notes"])


def test_what_a_run_left_that_was_killed_after_its_result_is_cleaned_up(service, run):
    work(run, service.settings)
    result = (run.output / "result.json").read_bytes()
    (run.output / "checkpoints").mkdir()
    (run.folder / "ended.json").unlink()
    work(run, service.settings)
    assert run.state == "done"
    assert not (run.output / "checkpoints").exists()
    assert (run.output / "result.json").read_bytes() == result


def test_epochs_are_held_against_the_limit_on_steps(service, run, tmp_path):
    request = PretrainRequest(small_config(max_steps=None, epochs=1_000))
    run = service.start(service.staging.add([tmp_path / "stories.txt"]), request, "me")
    with pytest.raises(
        TrainingError, match=r"The number of steps is [\d,]+; the limit is 10\. Choose less\."
    ):
        work(run, replace(service.settings, max_run_steps=10))
    assert run.state == "failed"
    assert not run.output.exists()


def test_a_request_is_kept_as_json_and_as_a_command():
    request = PretrainRequest(PretrainConfig(minutes=5, tokenizer=BYTE_LEVEL, hidden=128), "text")
    assert PretrainRequest.from_json(request.to_json()) == request
    assert Pretraining().to_argv(request.to_json()) == [
        *("--column", "text", "--minutes", "5", "--tokenizer", "byte-level", "--hidden", "128"),
    ]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"minutes": 40}, "The training time in minutes is 40; the limit is 10"),
        ({"max_steps": 5_000}, "The number of steps is 5,000; the limit is 1,000"),
        (
            {"minutes": 1, "layers": 12, "hidden": 768},
            "The number of parameters is .*; the limit is 10,000,000",
        ),
        ({"minutes": 1, "batch_size": 512}, "Batch size times block size is 65,536; the limit is 8,192"),
    ],
)
def test_strangers_cannot_ask_for_a_large_run(options, message):
    settings = Settings.from_environment({"MLM_DEMO_PUBLIC": "1"})
    with pytest.raises(TrainingError, match=message):
        Pretraining().check(PretrainRequest(PretrainConfig(**options)), settings)


@pytest.mark.parametrize("layers", [2, 4])
def test_strangers_can_ask_for_the_sizes_of_the_page(layers):
    settings = Settings.from_environment({"MLM_DEMO_PUBLIC": "1"})
    Pretraining().check(PretrainRequest(PretrainConfig(minutes=10, layers=layers)), settings)
