import re
from dataclasses import fields
from pathlib import Path

import pytest
from places import ROOT

from mlm_demo.errors import SettingError
from mlm_demo.settings import Settings


def test_an_empty_environment_gives_the_defaults():
    assert Settings.from_environment({}) == Settings()


def test_every_setting_can_be_set():
    environ = {
        "MLM_DEMO_HOST": "0.0.0.0",
        "MLM_DEMO_PORT": "80",
        "MLM_DEMO_SHARE": "1",
        "MLM_DEMO_DEVICE": "cpu",
        "MLM_DEMO_MODELS_IN_MEMORY": "1",
        "MLM_DEMO_ALLOW_PICKLE": "yes",
        "MLM_DEMO_HUB_TIMEOUT": "5",
        "MLM_DEMO_DATA": "/srv/mlm_demo",
        "MLM_DEMO_KEEP_DAYS": "1",
        "MLM_DEMO_MAX_UPLOAD_MEGABYTES": "5",
        "MLM_DEMO_MAX_WAITING": "3",
        "MLM_DEMO_MAX_RUNS_A_PERSON": "1",
        "MLM_DEMO_MAX_CHARACTERS": "100",
        "MLM_DEMO_MAX_MASKS": "2",
        "MLM_DEMO_MAX_TARGETS": "3",
        "MLM_DEMO_MAX_SCORE_TOKENS": "4",
    }
    settings = Settings.from_environment(environ)
    for field in fields(Settings):
        assert getattr(settings, field.name) != field.default, field.name


def test_the_readme_lists_every_setting_with_its_default():
    readme = (ROOT / "README.md").read_text()
    for field in fields(Settings):
        default = {False: "0", True: "1"}.get(field.default, field.default)
        default = f"{default:g}" if isinstance(default, float) else default
        assert re.search(rf"\| `MLM_DEMO_{field.name.upper()}` \| `{default}` \|", readme), field.name


def test_gradios_own_variables_count_where_ours_are_not_set():
    environ = {"GRADIO_SERVER_NAME": "0.0.0.0", "GRADIO_SERVER_PORT": "8000"}
    assert (Settings.from_environment(environ).host, Settings.from_environment(environ).port) == (
        "0.0.0.0",
        8000,
    )
    assert Settings.from_environment({**environ, "MLM_DEMO_PORT": "9000"}).port == 9000


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("MLM_DEMO_PORT", "http", "MLM_DEMO_PORT is 'http'; set it to a whole number from 1 to 65535."),
        ("MLM_DEMO_PORT", "70000", "MLM_DEMO_PORT is '70000'"),
        ("MLM_DEMO_PORT", "-1", "MLM_DEMO_PORT is '-1'"),
        ("MLM_DEMO_SHARE", "maybe", "MLM_DEMO_SHARE is 'maybe'; set it to 1 or 0."),
        ("MLM_DEMO_DEVICE", "tpu", "MLM_DEMO_DEVICE is 'tpu'; set it to auto, cpu, cuda or mps."),
        ("MLM_DEMO_MAX_MASKS", "0", "MLM_DEMO_MAX_MASKS is '0'"),
    ],
)
def test_a_bad_value_is_named(name, value, message):
    with pytest.raises(SettingError, match=re.escape(message)):
        Settings.from_environment({name: value})


def test_runs_are_in_the_data_folder_wherever_it_is_started(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert Settings().runs == ROOT / "data" / "runs"
    assert Settings.from_environment({"MLM_DEMO_DATA": "/srv/x"}).runs == Path("/srv/x/runs")
