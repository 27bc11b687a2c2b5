"""A public page offers nothing that it would refuse."""

import pytest

from mlm_demo.settings import Settings
from mlm_demo.web.app import create_app


@pytest.fixture(scope="module")
def components(tmp_path_factory):
    data = str(tmp_path_factory.mktemp("data"))
    settings = Settings.from_environment({"MLM_DEMO_PUBLIC": "1", "MLM_DEMO_DATA": data})
    found = create_app(settings).get_config_file()["components"]
    return {one["props"].get("elem_id"): one["props"] for one in found}


def test_no_training_time_above_the_limit_is_offered(components):
    assert [minutes for _, minutes in components["minutes"]["choices"]] == [1, 5]


def test_no_field_asks_for_a_folder(components):
    for name in ("model", "score-models"):
        assert "folder" not in components[name]["info"]
