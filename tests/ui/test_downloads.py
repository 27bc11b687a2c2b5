import io
import zipfile

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from transformers import pipeline

from mlm_demo.ui.downloads import add_downloads


@pytest.fixture
def client(adaptations):
    app = FastAPI()
    add_downloads(app, adaptations)
    return TestClient(app)


def test_the_zip_loads_with_plain_transformers(client, finished, tmp_path):
    answer = client.get(f"/models/{finished.id}.zip")
    assert answer.status_code == 200
    assert 'filename="tiny-adapted-to-bees-txt.zip"' in answer.headers["content-disposition"]
    zipfile.ZipFile(io.BytesIO(answer.content)).extractall(tmp_path / "home")
    fill = pipeline("fill-mask", model=str(tmp_path / "home" / "tiny-adapted-to-bees-txt"))
    assert len(fill(f"The {fill.tokenizer.mask_token} sat.", top_k=3)) == 3


def test_an_id_that_is_none_finds_nothing(client, adaptations, draft, choices):
    waiting = adaptations.runs.create(lambda run: [], title="waits")
    for id in ("AAAAAAAAAAAAAAAAAAAAAA", "..", "%2e%2e%2f", waiting.id):
        assert client.get(f"/models/{id}.zip").status_code == 404
