import io
import zipfile

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from transformers import pipeline

from mlm_demo.settings import Settings
from mlm_demo.ui.downloads import add_downloads, browser_secret


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


def test_the_browsers_key_outlives_a_restart(tmp_path):
    settings = Settings(data=str(tmp_path / "data"))
    key = browser_secret(settings)
    assert len(key) >= 24
    assert browser_secret(settings) == key
    assert (tmp_path / "data" / "browser.key").stat().st_mode & 0o077 == 0


def test_a_folder_that_cannot_be_written_does_not_keep_the_page_from_starting(tmp_path):
    (tmp_path / "file").touch()
    assert len(browser_secret(Settings(data=str(tmp_path / "file" / "data")))) >= 24
