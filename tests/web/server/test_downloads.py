import io
import json
import os
import re
import time
import zipfile
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from transformers import pipeline

from mlm_demo.runs.run import Run
from mlm_demo.web.server.downloads import SECONDS_VALID, add_downloads, download_address


@pytest.fixture
def client(service):
    app = FastAPI()
    add_downloads(app, service)
    return TestClient(app)


def test_the_zip_loads_with_plain_transformers(client, finished, service, tmp_path):
    answer = client.get(f"/{download_address(finished, service.settings)}")
    assert answer.status_code == 200
    assert 'filename="tiny-on-bees.zip"' in answer.headers["content-disposition"]
    zipfile.ZipFile(io.BytesIO(answer.content)).extractall(tmp_path / "home")
    fill = pipeline("fill-mask", model=str(tmp_path / "home" / "tiny-on-bees"))
    assert len(fill(f"The {fill.tokenizer.mask_token} sat.", top_k=3)) == 3


@pytest.mark.parametrize(
    "title", ['a"\r\nSet-Cookie: x=1.txt', "é;filename=b", "../../etc/passwd", "名前", "\u202egpj.exe"]
)
def test_a_hostile_title_adds_no_header(client, finished, service, title):
    asked = json.loads((finished.folder / "run.json").read_text())
    (finished.folder / "run.json").write_text(json.dumps({**asked, "title": title}))
    headers = client.get(f"/{download_address(finished, service.settings)}").headers
    assert re.fullmatch(r'attachment; filename="[A-Za-z0-9-]+\.zip"', headers["content-disposition"])
    assert "set-cookie" not in headers


def test_an_id_without_a_model_is_not_found(client, service, draft, choices):
    waiting = service.runs.create(lambda run: [], title="waits")
    for id in ("AAAAAAAAAAAAAAAAAAAAAA", "..", waiting.id):
        address = download_address(Run(Path(id)), service.settings)
        assert client.get(f"/{address}").status_code == 404
    assert client.get(f"/models/{waiting.id}.zip").status_code == 403


def test_an_address_expires(client, finished, service, monkeypatch):
    address = download_address(finished, service.settings)
    now = time.time()
    monkeypatch.setattr("time.time", lambda: now + SECONDS_VALID + 2)
    refused = client.get(f"/{address}")
    assert refused.status_code == 403
    assert "has expired" in refused.json()["detail"]


def test_the_zip_is_swept(client, finished, service):
    client.get(f"/{download_address(finished, service.settings)}")
    assert finished.archive.is_file()
    service.sweep()
    assert finished.archive.is_file()
    os.utime(finished.archive, (1, 1))
    service.sweep()
    assert not finished.archive.exists()
    assert finished.state == "done"
