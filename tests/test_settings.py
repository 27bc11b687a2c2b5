import re
from dataclasses import fields, replace
from pathlib import Path

import pytest

from mlm_demo.errors import SettingError
from mlm_demo.settings import Settings
from tests.support.paths import ROOT


def test_an_empty_environment_gives_the_defaults():
    assert Settings.from_environment({}) == Settings()


def test_every_setting_can_be_set():
    texts = {
        "host": "0.0.0.0",
        "data": "/srv/x",
        "device": "cpu",
        "engine": "http://models:8000",
        "launcher": "ray",
        "ray_address": "http://head:8265",
        "slurm_partition": "gpu",
        "hf_flavor": "t4-small",
        "hf_bucket": "clinic/runs",
        "hf_image": "hf.co/spaces/clinic/page",
        "owner_password": "word",
        "hub_owners": "anna",
    }
    for field in fields(Settings):
        if field.type is str:
            value = texts[field.name]
        elif field.type is bool:
            value = "1"
        else:
            value = str(
                field.metadata["maximum" if field.default != field.metadata["maximum"] else "minimum"]
            )
        settings = Settings.from_environment({f"MLM_DEMO_{field.name.upper()}": value})
        assert getattr(settings, field.name) != field.default, field.name
        assert type(getattr(settings, field.name)) is field.type, field.name


def test_a_public_page_has_stricter_defaults():
    public = Settings.from_environment({"MLM_DEMO_PUBLIC": "1", "MLM_DEMO_MAX_CHARACTERS": "9000"})
    assert public.max_characters == 9000
    for field in fields(Settings):
        public_default = field.metadata.get("public")
        if public_default is not None and field.name != "max_characters":
            assert getattr(public, field.name) == public_default != field.default, field.name


def test_a_space_is_public_and_behind_one_proxy_by_default():
    space = Settings.from_environment({"SPACE_ID": "anna/mlm"})
    assert (space.public, space.proxies) == (True, 1)
    own = {"SPACE_ID": "anna/mlm", "MLM_DEMO_PUBLIC": "0", "MLM_DEMO_PROXIES": "2"}
    assert (Settings.from_environment(own).public, Settings.from_environment(own).proxies) == (False, 2)


def test_a_public_page_must_not_allow_pickles():
    with pytest.raises(SettingError, match=r"MLM_DEMO_ALLOW_PICKLE is '1' .* unset one of them"):
        Settings.from_environment({"MLM_DEMO_PUBLIC": "1", "MLM_DEMO_ALLOW_PICKLE": "1"})


@pytest.mark.parametrize("environ", [{}, {"MLM_DEMO_PUBLIC": "1"}, {"MLM_DEMO_MAX_MASKS": "3"}])
def test_a_child_process_has_the_same_settings_but_not_the_password(environ):
    settings = Settings.from_environment({**environ, "MLM_DEMO_OWNER_PASSWORD": "word"})
    child = settings.to_environment()
    assert "word" not in child.values()
    wanted = replace(settings, owner_password="", data=str(settings.data_folder))
    assert Settings.from_environment(child) == wanted


def test_gradios_variables_apply_where_ours_are_not_set():
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
        (
            "MLM_DEMO_DATA",
            "~no such user/data",
            "MLM_DEMO_DATA is '~no such user/data', and this machine knows no",
        ),
    ],
)
def test_a_bad_value_is_an_error(name, value, message):
    with pytest.raises(SettingError, match=re.escape(message)):
        Settings.from_environment({name: value})


def test_a_relative_data_folder_starts_at_the_project(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert Settings().runs == ROOT / "data" / "runs"
    assert Settings.from_environment({"MLM_DEMO_DATA": "/srv/x"}).runs == Path("/srv/x/runs")
