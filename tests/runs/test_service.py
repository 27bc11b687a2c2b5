import os
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest

from mlm_demo.errors import CorpusError, ModelError, RunError, TrainingError
from mlm_demo.runs.adapted_models import adapted_model
from mlm_demo.runs.service import Deleted, RunService, result_of
from mlm_demo.runs.tasks.adapt import AdaptRequest
from mlm_demo.settings import Settings
from mlm_demo.system import locks
from mlm_demo.training.config import AdaptConfig
from tests.support.packed_files import pdf
from tests.support.runs import corpus_text


def test_choices_become_the_words_of_the_command_line():
    config = AdaptConfig(minutes=5, whole_word=True, learning_rate=5e-5)
    words = AdaptRequest(config, "biomedical", "abstract").to_argv()
    assert words == [
        *("--model", "biomedical", "--column", "abstract", "--minutes", "5"),
        *("--whole-word", "--learning-rate", "5e-05"),
    ]
    assert AdaptRequest(config).budget == "5 minutes"
    assert AdaptRequest(AdaptConfig(max_steps=1)).budget == "1 step"


def test_the_files_are_reported_before_a_run(service, draft, choices):
    stages = []
    found = service.report(draft(), choices(), stages.append)
    assert (found["files"], found["verdict"]) == (1, "too small")
    assert found["words"] > 1_000
    assert "measuring the step time" in stages


def test_a_reading_that_takes_too_long_is_ended(service, choices, tmp_path, monkeypatch):
    monkeypatch.setattr("mlm_demo.runs.reader.READING_SECONDS", 0.5)
    (tmp_path / "slow.pdf").write_bytes(pdf([""] * 1_500_000))
    draft = service.staging.add([tmp_path / "slow.pdf"])
    with pytest.raises(CorpusError, match="reading took more than"):
        service.report(draft, choices())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "'bees.txt' is empty"),
        ("Too little.", "The corpus holds 2 words of text"),
        ("\0\1\2\3" * 300, "'bees.txt'"),
    ],
)
def test_files_that_cannot_be_read_are_refused_with_a_message(service, draft, choices, text, message):
    with pytest.raises(CorpusError, match=message) as caught:
        service.report(draft(text), choices())
    assert "\n" not in str(caught.value)


def test_a_run_goes_from_files_to_a_model(service, finished):
    status = service.status(finished)
    assert (status["state"], status["step"], status["of"]) == ("done", 4, 4)
    assert status["figures"]["domain"]["after"]["loss"]["value"] > 0
    assert status["report"]["files"] == 1
    assert finished.name == "tiny on bees"
    assert [path.name for path in finished.files] == ["bees.txt"]
    assert result_of(finished).config["max_steps"] == 4


def test_the_same_run_twice_is_refused_and_the_draft_stays(service, draft, choices):
    service.start(draft(), choices(5_000), "me")
    again = draft()
    with pytest.raises(RunError, match="The same run is already running"):
        service.start(again, choices(5_000), "me")
    assert service.staging.files(again)
    assert service.start(again, choices(5_001), "me").state == "waiting"
    with pytest.raises(RunError, match="You have 2 active runs"):
        service.start(draft("x"), choices(5_000), "me")
    assert service.start(draft(), choices(5_000), "somebody else").state == "waiting"


def test_of_many_starts_at_the_same_moment_only_the_allowed_number_succeeds(service, draft, choices):
    service.queue.starts = False
    drafts, together = [draft() for _ in range(6)], Barrier(6)

    def start(number):
        together.wait()
        try:
            return service.start(drafts[number], choices(100 + number), "me").state
        except RunError as error:
            return str(error)[:23]

    with ThreadPoolExecutor(6) as threads:
        found = Counter(threads.map(start, range(6)))
    assert found == {"waiting": 2, "You have 2 active runs,": 4}


def test_files_that_are_gone_or_never_existed_are_refused(service, choices):
    for id in ("", "../runs", "AAAAAAAAAAAA"):
        with pytest.raises(CorpusError, match="The files are no longer here; add them again"):
            service.start(id, choices(), "me")


def test_an_unknown_base_model_is_refused_and_the_files_stay(service, draft):
    id = draft()
    with pytest.raises(ModelError, match="'no model' does not name a model"):
        service.start(id, AdaptRequest(AdaptConfig(max_steps=1), "no model"), "me")
    assert service.staging.files(id)


def test_a_run_is_its_owners(service, finished):
    assert service.require_owner(finished.id, "me").id == finished.id
    for stranger in ("", "you"):
        with pytest.raises(RunError, match="was started in another browser"):
            service.require_owner(finished.id, stranger)


def test_a_model_is_reweighed_by_its_owner(service, finished):
    before, weights = adapted_model(finished), (finished.output / "model.safetensors").read_bytes()
    share = result_of(finished).share
    service.reweigh(finished.id, "me", share)
    assert adapted_model(finished) == before, "it has that share already"
    other = 0.25 if share == 1 else 1.0
    service.reweigh(finished.id, "me", other)
    assert result_of(finished).share == other
    assert adapted_model(finished).version != before.version
    assert (finished.output / "model.safetensors").read_bytes() != weights
    with pytest.raises(RunError, match="was started in another browser"):
        service.reweigh(finished.id, "you", 0.5)
    with pytest.raises(TrainingError, match=r"is 0\.3; choose one of 0, 0\.25"):
        service.reweigh(finished.id, "me", 0.3)
    assert result_of(finished).share == other


def test_a_run_at_its_base_has_no_model_of_its_own(service, finished):
    service.reweigh(finished.id, "me", 0.0)
    assert adapted_model(finished) is None
    with pytest.raises(ModelError, match="kept its base model; move the slider on the run's page"):
        service.catalogue.find(finished.id)
    service.reweigh(finished.id, "me", 0.5)
    assert service.catalogue.find(finished.id) == adapted_model(finished)


def test_a_run_without_a_model_cannot_be_reweighed(service, draft, choices):
    service.queue.starts = False
    run = service.start(draft(), choices(5_000), "me")
    with pytest.raises(RunError, match="is waiting; its model can be changed when it has ended"):
        service.reweigh(run.id, "me", 0.5)
    run.finish("failed")
    with pytest.raises(RunError, match="has no model to change"):
        service.reweigh(run.id, "me", 0.5)


def test_old_runs_are_swept_and_active_ones_stay(service, draft, finished):
    old, fresh = draft("old"), draft("fresh")
    long_ago = time.time() - 40 * 86_400
    os.utime(service.staging.folder / old, (long_ago, long_ago))
    service.sweep()
    assert [path.name for path in service.staging.folder.iterdir()] == [fresh]
    assert service.runs.has(finished.id)
    for path in finished.folder.glob("*.json*"):
        os.utime(path, (long_ago, long_ago))
    service.sweep()
    assert not service.runs.has(finished.id)


def test_the_queue_starts_runs_by_itself(service, draft, choices):
    first = service.start(draft(), choices(3), "me")
    second = service.start(draft(corpus_text(seed=1)), choices(3), "me")
    assert service.status(second)["place"] == 1
    service.run_queue(lambda: second.state in ("waiting", "running"))
    assert (first.state, second.state) == ("done", "done")


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (AdaptConfig(minutes=11), "The training time in minutes is 11; the limit is 10. Choose less"),
        (AdaptConfig(max_steps=2000), "The number of steps is 2,000; the limit is 1,000"),
        (AdaptConfig(minutes=1, batch_size=128), "Batch size times block size is 16,384; the limit is 8,192"),
    ],
)
def test_a_run_over_the_limits_of_a_public_page_is_refused(tmp_path, draft, config, message):
    strict = Settings.from_environment({"MLM_DEMO_PUBLIC": "1", "MLM_DEMO_DATA": str(tmp_path / "data")})
    with pytest.raises(TrainingError, match=message):
        RunService(strict).start(draft(), AdaptRequest(config), "me")
    assert RunService(strict).runs.all() == []


def test_a_public_page_starts_from_no_folder(tmp_path, draft, tiny):
    strict = Settings.from_environment({"MLM_DEMO_PUBLIC": "1", "MLM_DEMO_DATA": str(tmp_path / "data")})
    with pytest.raises(ModelError, match="does not name a model"):
        RunService(strict).start(draft(), AdaptRequest(AdaptConfig(minutes=1), tiny), "me")


def ended(service, age, size, state="done"):
    run = service.runs.create(lambda run: [], title="old")
    run.output.mkdir()
    (run.output / "weights").write_bytes(bytes(size))
    if state != "waiting":
        run.finish(state)
    for path in run.folder.glob("*.json"):
        os.utime(path, (time.time() - age,) * 2)
    return run


def test_the_oldest_finished_runs_leave_when_the_disk_is_short(service):
    service.settings = replace(service.settings, max_disk_gigabytes=0.01)
    waiting = ended(service, 900, 4_000_000, "waiting")
    old, middle, new = (ended(service, age, 4_000_000) for age in (300, 200, 100))
    service.make_room()
    assert {run.id for run in service.runs.all()} == {waiting.id, new.id}
    assert not old.folder.exists()
    assert not middle.folder.exists()


def test_where_those_under_way_take_all_there_is_no_new_one(service, draft, choices):
    service.settings = replace(service.settings, max_disk_gigabytes=0.001)
    service.queue.starts = False
    waiting = ended(service, 0, 4_000_000, "waiting")
    small = ended(service, 900, 1_000)
    files = draft()
    with pytest.raises(RunError, match=r"The active runs use 0\.0 GB, which exceeds the disk limit"):
        service.start(files, choices(), "me")
    assert waiting.state == "waiting"
    assert service.staging.files(files), "what was uploaded is still there"
    service.sweep()
    assert waiting.state == "waiting"
    assert small.folder.exists(), "its room would not be enough"


def test_a_run_whose_model_a_waiting_one_needs_is_kept(service, draft, choices, finished):
    service.queue.starts = False
    waiting = service.start(draft(), replace(choices(), model=finished.id), "me")
    for path in finished.folder.glob("*.json*"):
        os.utime(path, (time.time() - 90 * 86_400,) * 2)
    service.settings = replace(service.settings, max_disk_gigabytes=1e-9)
    service.sweep()
    assert finished.folder.exists()
    waiting.finish("stopped")
    service.sweep()
    assert not finished.folder.exists()


@pytest.mark.parametrize("state", ["stopped", "failed", "interrupted"])
def test_the_base_of_a_run_that_can_be_resumed_is_kept_as_long_as_that_run(service, state):
    base = ended(service, 90 * 86_400, 4_000_000)
    resumable = service.runs.create(lambda run: [], title="more", request={"model": base.id})
    resumable.finish(state)
    service.sweep()
    assert base.folder.exists(), "Resume would fail without it"
    service.settings = replace(service.settings, max_disk_gigabytes=0.003)
    service.make_room()
    assert service.runs.all() == [], "that run, though it is the younger one, and then its base"


def test_a_waiting_run_keeps_a_stopped_one_and_the_base_of_that(service):
    service.queue.starts = False
    base = ended(service, 300, 4_000_000)
    stopped = service.runs.create(lambda run: [], title="more", request={"model": base.id})
    stopped.finish("stopped")
    service.runs.create(lambda run: [], title="most", request={"model": stopped.id})
    service.settings = replace(service.settings, max_disk_gigabytes=0.003)
    with pytest.raises(RunError, match="The active runs use"):
        service.make_room()
    assert len(service.runs.all()) == 3


def test_the_base_of_a_run_that_is_done_expires(service):
    base = ended(service, 90 * 86_400, 1_000)
    service.runs.create(lambda run: [], title="more", request={"model": base.id}).finish("done")
    service.sweep()
    assert not base.folder.exists()


def test_uploaded_files_become_papers_in_a_child_and_nothing_stays(service, tmp_path):
    (tmp_path / "a.txt").write_text("The heart\n\nThe heart pumps blood.")
    stages = []
    papers, notes = service.papers([tmp_path / "a.txt"], stages.append)
    assert papers == [["a.txt", "The heart", "The heart\n\nThe heart pumps blood.", [[11, 33]]]]
    assert notes == []
    assert stages == ["Reading a.txt"]
    (tmp_path / "b.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    with pytest.raises(CorpusError, match="PNG"):
        service.papers([tmp_path / "b.png"])
    assert not list(service.staging.folder.iterdir())


def test_the_files_of_a_run_become_papers_for_its_owner_until_they_are_deleted(service, finished):
    papers, _ = service.papers_of(finished.id, "me")
    assert {name for name, *_ in papers} == {"bees.txt"}
    assert papers[0][2] in finished.files[0].read_text()
    with pytest.raises(RunError, match="was started in another browser"):
        service.papers_of(finished.id, "another")
    with pytest.raises(RunError, match="was started in another browser"):
        service.delete_files(finished.id, "another")
    assert service.delete_files(finished.id, "me") == ["bees.txt"]
    assert service.delete_files(finished.id, "me") == []
    with pytest.raises(CorpusError, match="The files of this run are no longer here"):
        service.papers_of(finished.id, "me")


def test_files_that_a_resume_needs_are_not_deleted_alone(service, draft, choices):
    run = service.start(draft(), choices(), "me")
    run.finish("stopped")
    with pytest.raises(RunError, match="is stopped; its files are needed to resume it"):
        service.delete_files(run.id, "me")
    assert run.files


def test_papers_of_a_table_are_read_from_the_column_of_the_run(service, tmp_path):
    table = tmp_path / "t.csv"
    table.write_text(
        "note,text\n" + "\n".join(f"The nurse has note {n}.,The heart beats {n} times." for n in range(9))
    )
    papers, _ = service.papers([table], column="note")
    assert papers[0][2] == "The nurse has note 0."


def test_runs_of_one_file_have_names_of_their_own(service, draft, choices):
    service.queue.starts = False
    first, second = (service.start(draft(), choices(steps), "me") for steps in (4, 5))
    stranger = service.start(draft(), choices(4), "you")
    assert (first.name, second.name, stranger.name) == ("tiny on bees", "tiny on bees 2", "tiny on bees")


def test_a_run_keeps_its_name_where_only_the_name_changes(service, finished):
    touched = finished.touched
    assert service.rename(finished.id, "me", " Bees ") == "Bees"
    assert (finished.name, service.status(finished)["name"]) == ("Bees", "Bees")
    assert service.catalogue.find(finished.id).title == "Bees"
    assert finished.touched == touched, "a new name does not keep a run for longer"
    assert service.rename(finished.id, "me", "Bees") == "Bees", "its own name is not taken"
    with pytest.raises(RunError, match="was started in another browser"):
        service.rename(finished.id, "you", "Mine")


def test_all_of_a_persons_data_is_deleted_and_nobody_elses(service, draft, choices, tmp_path, finished):
    service.queue.starts = False
    uploaded = tmp_path / "uploaded.txt"
    uploaded.write_text(corpus_text())
    service.staging.add([uploaded], take=True, owner="me")
    waiting, going = (service.start(draft(), choices(steps), "me") for steps in (4, 5))
    other = service.start(draft(), choices(4), "you")
    lock = locks.take(going.lock)
    going.mark_started(os.getpid())
    assert service.delete_all("me") == Deleted(runs=2, going=1, drafts=1)
    assert not service.runs.has(waiting.id)
    assert not service.runs.has(finished.id)
    assert not uploaded.exists()
    assert going.state == "stopping"
    going.finish("stopped")
    os.close(lock)
    service.queue.tick()
    assert [run.id for run in service.runs.all()] == [other.id]
    assert service.delete_all("") == service.delete_all("me") == Deleted(0, 0, 0)


def test_a_started_run_has_the_only_copy_of_its_files(service, choices, tmp_path):
    service.queue.starts = False
    uploaded = tmp_path / "bees.txt"
    uploaded.write_text(corpus_text())
    run = service.start(service.staging.add([uploaded], take=True), choices(4), "me")
    assert not uploaded.exists()
    assert [path.name for path in run.input.glob("0/*")] == ["bees.txt"]
