from dataclasses import replace

import pytest

from mlm_demo.errors import TrainingError
from mlm_demo.models.tasks import ANSWERS
from mlm_demo.runs.tasks.finetune import FinetuneRequest
from mlm_demo.runs.worker import work
from mlm_demo.training.checkpoints import SEEDS
from mlm_demo.training.downstream.config import FinetuneConfig
from tests.support.runs import waiting_service
from tests.support.task_models import save_task

ROWS = [f"Who has number {n}?,The cat sat. Number {n} belongs to Paris.,Paris" for n in range(24)]
CONFIG = FinetuneConfig(max_steps=1, batch_size=4, seeds=1)


@pytest.fixture
def service(tmp_path):
    return waiting_service(tmp_path / "data")


@pytest.fixture
def run(service, tmp_path):
    (tmp_path / "examples.csv").write_text("\n".join(["question,context,answer", *ROWS]))
    draft = service.staging.add([tmp_path / "examples.csv"])
    base = str(save_task(tmp_path / "taught", ANSWERS))
    return service.start(draft, FinetuneRequest(CONFIG, ANSWERS, base), "me")


def test_a_run_goes_on_from_a_model_that_was_taught(service, run):
    work(run, service.settings)
    assert run.state == "done"
    assert any("the model before" in row["rules"] for row in service.status(run)["figures"])


def test_what_a_run_left_that_was_killed_after_its_result_is_cleaned_up(service, run):
    work(run, service.settings)
    result = (run.output / "result.json").read_bytes()
    (run.output / SEEDS).mkdir()
    (run.folder / "ended.json").unlink()
    work(run, service.settings)
    assert run.state == "done"
    assert not (run.output / SEEDS).exists()
    assert (run.output / "result.json").read_bytes() == result


def test_epochs_of_all_seeds_are_held_against_the_limit_on_steps(service, tmp_path):
    (tmp_path / "examples.csv").write_text("\n".join(["question,context,answer", *ROWS]))
    base = str(save_task(tmp_path / "taught", ANSWERS))
    config = replace(CONFIG, max_steps=None, epochs=2, seeds=3)
    run = service.start(
        service.staging.add([tmp_path / "examples.csv"]), FinetuneRequest(config, ANSWERS, base), "me"
    )
    with pytest.raises(TrainingError, match="The number of steps of all seeds is 30; the limit is 29"):
        work(run, replace(service.settings, max_run_steps=29))
    assert (run.state, run.output.exists()) == ("failed", False)
