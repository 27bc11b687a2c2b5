import pytest

from mlm_demo.errors import ModelError
from mlm_demo.runs import reader
from mlm_demo.runs.child_process import launch as launch_process
from mlm_demo.runs.reader import StepCosts
from mlm_demo.runs.tasks.adapt import AdaptRequest
from mlm_demo.training.config import AdaptConfig
from mlm_demo.training.prepare_cache import SECONDS_STEPS_KEPT, StepCost
from tests.support.runs import corpus_text
from tests.support.tiny_models import save_tiny

STEP = StepCost(0.5, 1330.776)


@pytest.fixture
def measured():
    measured = StepCosts()
    measured.keep("a model and a size", STEP)
    return measured


def test_a_step_time_is_kept_for_an_hour(measured, monkeypatch):
    step, ago = measured.get("a model and a size")
    assert (step, ago < 5) == (STEP, True)
    assert measured.get("another size") is None
    now = reader.time.monotonic()
    monkeypatch.setattr(reader.time, "monotonic", lambda: now + SECONDS_STEPS_KEPT + 1)
    assert measured.get("a model and a size") is None


def test_a_step_time_that_was_not_measured_again_does_not_get_younger(measured, monkeypatch):
    now = reader.time.monotonic()
    monkeypatch.setattr(reader.time, "monotonic", lambda: now + SECONDS_STEPS_KEPT / 2)
    measured.keep("a model and a size", STEP)
    monkeypatch.setattr(reader.time, "monotonic", lambda: now + SECONDS_STEPS_KEPT + 1)
    assert measured.get("a model and a size") is None


def test_step_times_do_not_grow_without_end(measured):
    for number in range(3 * reader.STEPS_KEPT):
        measured.keep(f"owner/{number}", STEP)
    assert len(measured._measured) <= reader.STEPS_KEPT
    assert measured.get(f"owner/{number}")


def counted(service):
    """A list of the children that the reader starts."""
    launch, started = service.reader.launch, []
    service.reader.launch = lambda argv, **given: started.append(argv) or launch(argv, **given)
    return started


def test_a_machine_is_measured_once_for_a_model_and_a_size_of_step(service, draft, choices):
    stages = []
    first = service.report(draft(), choices(), stages.append)
    again = service.report(draft(corpus_text(texts=80)), choices(steps=9), stages.append)
    assert stages.count("measuring the step time") == 1
    assert again["blocks"] > first["blocks"]
    a_block = first["seconds_a_pass"] / first["blocks"]
    assert again["seconds_a_pass"] / again["blocks"] == pytest.approx(a_block)
    assert again["memory_megabytes"] == pytest.approx(first["memory_megabytes"])


def test_another_budget_needs_no_child(service, draft, choices):
    started, id = counted(service), draft()
    one = service.report(id, choices(6))
    other = service.report(id, choices(60))
    assert len(started) == 1
    assert one["advice"] != other["advice"]
    assert {**other, "advice": one["advice"]} == one


def test_another_batch_size_measures_a_step_without_reading_again(service, draft, tiny, fork_server):
    id = draft()
    one = service.report(id, AdaptRequest(AdaptConfig(max_steps=6, batch_size=4, block_size=32), tiny))
    service.reader.launch = fork_server.after(
        "from mlm_demo.training import dataset, prepare\nprepare.read_corpus = dataset.make_blocks = None"
    )
    stages = []
    config = AdaptConfig(max_steps=6, batch_size=8, block_size=32)
    other = service.report(id, AdaptRequest(config, tiny), stages.append)
    assert "measuring the step time" in stages
    assert {name: one[name] for name in ("words", "tokens", "blocks", "worst_split")} == {
        name: other[name] for name in ("words", "tokens", "blocks", "worst_split")
    }


READS = """
from mlm_demo.corpus import formats
from mlm_demo.training import prepare
def counted(name, function):
    def called(*given, **named):
        with open({path!r}, "a") as file:
            file.write(name + " ")
        return function(*given, **named)
    return called
prepare.read_corpus = counted("read", prepare.read_corpus)
from mlm_demo.training import dataset
dataset.make_blocks = counted("tokenize", dataset.make_blocks)
"""


def test_another_model_tokenizes_and_measures_but_does_not_read_again(
    service, draft, tiny, fork_server, tmp_path
):
    calls, other = tmp_path / "calls", str(save_tiny(tmp_path / "other", "RoBERTa"))
    service.reader.launch = fork_server.after(READS.format(path=str(calls)))
    id, config, reports = draft(), AdaptConfig(max_steps=6, batch_size=4, block_size=32), []
    for model in (tiny, other, tiny):
        stages = []
        reports.append(service.report(id, AdaptRequest(config, model), stages.append))
        assert "measuring the step time" in stages or model == tiny
    assert calls.read_text().split() == ["read", "tokenize", "tokenize", "tokenize"]
    of_corpus = ("words", "documents", "exact_duplicates", "passages", "training_documents")
    assert all(report[name] == reports[0][name] for report in reports for name in of_corpus)
    assert reports[1]["tokens"] != reports[0]["tokens"]
    service.report(id, AdaptRequest(config, other, column="text"))
    assert calls.read_text().split()[4:] == ["read", "tokenize"], "another column is another corpus"


def test_another_seed_reads_the_files_again(service, draft, choices):
    started, id = counted(service), draft()
    service.report(id, choices())
    service.report(id, choices(seed=1))
    assert len(started) == 2
    kept = sorted(path.name.split("-")[0] for path in service.staging.prepared(id).iterdir())
    assert kept == ["blocks", "corpus", "index.json"], "what was kept before is gone"


def test_the_reader_is_a_process_that_prints_its_progress(service, draft, choices):
    """With the launcher of the server, not the fork server of the tests."""
    service.reader.launch = launch_process
    stages = []
    assert service.report(draft(), choices(), stages.append)["files"] == 1
    assert "measuring the step time" in stages


def test_an_unknown_model_is_refused_without_a_child(service, draft):
    started = counted(service)
    with pytest.raises(ModelError, match="'no model' does not name a model"):
        service.report(draft(), AdaptRequest(AdaptConfig(max_steps=1), "no model"))
    assert started == []
