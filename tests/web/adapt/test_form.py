import pytest

from mlm_demo.errors import CorpusError, TrainingError
from mlm_demo.runs.service import SAMPLE, RunService
from mlm_demo.settings import Settings
from mlm_demo.web.adapt.form import chosen, read

FORM = {
    "model": "general", "minutes": 1, "steps": 0, "rate": 2e-4, "hidden": 15, "whole": False, "batch": 16,
    "block": 128, "replay": False, "column": "", "seed": 0,
}  # fmt: skip


def test_the_form_as_it_stands_is_the_commands_default():
    assert chosen(**FORM).to_argv() == ["--model", "general", "--minutes", "1"]


def test_steps_stand_in_for_a_time():
    words = chosen(**{**FORM, "steps": 30.0, "replay": True, "column": " text "}).to_argv()
    assert words == ["--model", "general", "--column", "text", "--max-steps", "30", "--replay", "0.1"]


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("steps", -1, "max_steps is -1; it must be above 0"),
        ("steps", 2.5, "max_steps is 2.5; it must be a whole number"),
        ("rate", -1, "learning_rate is -1.0"),
        ("hidden", 0, "mlm_probability is 0"),
        ("hidden", 95, "mlm_probability is 0.95; it must be above 0 and at most 0.9"),
        ("batch", 0, "batch_size is 0"),
        ("block", 1e9, "block_size is 1000000000"),
    ],
)
def test_a_value_that_cannot_be_used_is_told(name, value, message):
    with pytest.raises(TrainingError, match=message):
        chosen(**{**FORM, name: value})


@pytest.fixture
def told_of(monkeypatch):
    """A service whose report is the names of a draft's files, without the reading that test_adaptations.py tests."""

    def report(self, draft, choices, on_progress):
        names = [path.name for path in self.staging.files(draft)]
        if "bad.txt" in names:
            raise CorpusError("'bad.txt' is bad")
        return {"names": names}

    monkeypatch.setattr(RunService, "report", report)


def test_files_are_added_to_those_before_and_a_bad_one_leaves_them(tmp_path, told_of):
    service, choices = RunService(Settings(device="cpu", data=str(tmp_path / "data"))), chosen(**FORM)

    def add(name, before):
        (tmp_path / name).write_text(name)
        return read(service, [str(tmp_path / name)], before, choices, True, lambda what: None)

    one, found = add("one.txt", "")
    two, found = add("two.txt", one)
    assert found == {"names": ["one.txt", "two.txt"]}
    with pytest.raises(CorpusError, match="is bad"):
        add("bad.txt", two)
    assert [path.name for path in service.staging.files(two)] == ["one.txt", "two.txt"]
    assert [folder.name for folder in service.staging.folder.iterdir()] == [two], "nothing else is kept"
    again, found = read(service, [], two, choices, False, lambda what: None)
    assert (again, found["names"]) == (two, ["one.txt", "two.txt"])


def test_the_sample_corpus_stays_where_it_is_and_is_not_mixed_with_a_persons_own(tmp_path, told_of):
    service, choices = RunService(Settings(device="cpu", data=str(tmp_path / "data"))), chosen(**FORM)
    draft, found = read(service, [str(SAMPLE)], "", choices, False, lambda what: None)
    assert found == {"names": [SAMPLE.name]}
    assert SAMPLE.is_file()
    (tmp_path / "own.txt").write_text("own")
    _, found = read(service, [str(tmp_path / "own.txt")], draft, choices, True, lambda what: None)
    assert found == {"names": ["own.txt"]}
