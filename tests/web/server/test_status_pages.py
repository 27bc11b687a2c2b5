import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families

from mlm_demo.errors import LimitError
from mlm_demo.inference.engine import Engine
from mlm_demo.runs.service import RunService
from mlm_demo.settings import Settings
from mlm_demo.web.server.metrics import count_refusal
from mlm_demo.web.server.status_pages import StatusCollector, add_status_pages, resident_bytes
from tests.support.metrics import value_of

PASSWORD = "correct horse"


def client(tmp_path, **settings):
    settings = Settings(device="cpu", data=str(tmp_path), **settings)
    app = FastAPI()
    add_status_pages(app, StatusCollector(RunService(settings), Engine(settings), lambda: 3))
    return TestClient(app)


@pytest.fixture
def served(tmp_path):
    return client(tmp_path, owner_password=PASSWORD)


@pytest.mark.parametrize("path", ["/status", "/metrics"])
def test_only_the_owner_sees_the_pages(served, tmp_path, path):
    assert served.get(path, auth=("anybody", PASSWORD)).status_code == 200
    assert served.get(path).status_code == 401
    assert served.get(path).headers["www-authenticate"].startswith("Basic")
    for header in ("Basic", "Basic !", "Bearer x", f"Bearer {PASSWORD}", "Basic YTpi", "Basic Og=="):
        assert served.get(path, headers={"authorization": header}).status_code == 401, header
    assert served.get(path, auth=("anybody", PASSWORD + "x")).status_code == 401
    without = client(tmp_path)
    assert without.get(path, auth=("anybody", "")).status_code == 404, "no password is no way in"
    assert without.get(path).status_code == 404
    assert without.get(path, headers={"authorization": "Basic !"}).status_code == 404


def test_a_password_that_no_browser_could_send_is_refused_with_the_fix(tmp_path):
    answer = client(tmp_path, owner_password="pässword").get("/status", auth=("", "pässword".encode()))
    assert answer.status_code == 404
    assert answer.json()["detail"].startswith("Set MLM_DEMO_OWNER_PASSWORD to a password of ASCII")


def test_prometheus_reads_the_gauges(served, tmp_path):
    runs = RunService(Settings(data=str(tmp_path))).runs
    runs.create(lambda run: [], title="a secret title")
    (tmp_path / "runs" / "more").mkdir()
    before = value_of("mlm_demo_refusals_total", error="LimitError")
    count_refusal(LimitError("a sentence that quotes somebody"))
    text = served.get("/metrics", auth=("", PASSWORD)).text
    found = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert found["mlm_demo_runs", "waiting"] == 1
    assert found["mlm_demo_runs", "done"] == 0
    assert found["mlm_demo_queued_events",] == 3
    assert found["mlm_demo_memory_bytes",] > 1e7
    assert found["mlm_demo_runs_bytes",] > 0
    assert found["mlm_demo_disk_free_bytes",] > 0
    assert found["mlm_demo_refusals_total", "LimitError"] == before + 1
    assert "secret" not in text
    assert "quotes" not in text


def test_the_status_page_shows_the_same(served):
    count_refusal(LimitError("a sentence"))
    page = served.get("/status", auth=("", PASSWORD)).text
    assert '<th scope="row">runs waiting</th><td dir="auto">0</td>' in page
    assert '<th scope="row">LimitError</th>' in page
    assert '<th scope="row">memory</th>' in page


def test_a_dead_process_has_no_memory():
    assert resident_bytes(2**22 + 1) == 0
