"""The page as a public one is built: nothing is offered that would be refused."""

import pytest

from mlm_demo.settings import Settings
from mlm_demo.web.app import create_app


@pytest.fixture(scope="module")
def components(tmp_path_factory):
    data = str(tmp_path_factory.mktemp("data"))
    settings = Settings.from_environment({"MLM_DEMO_PUBLIC": "1", "MLM_DEMO_DATA": data})
    found = create_app(settings).get_config_file()["components"]
    return {one["props"].get("elem_id"): one["props"] for one in found}


def test_no_time_is_offered_that_is_longer_than_a_run_may_be(components):
    assert [minutes for _, minutes in components["minutes"]["choices"]] == [1, 5]


def test_no_folder_is_asked_for(components):
    for name in ("model", "score-models"):
        assert "folder" not in components[name]["info"]
