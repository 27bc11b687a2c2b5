import csv
import io
import json
from dataclasses import replace

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from mlm_demo.runs.answered_file import FILL, PAIRS, SCORE
from mlm_demo.runs.tasks.batch import BatchRequest
from mlm_demo.runs.worker import work
from mlm_demo.web.server.downloads import add_downloads, table_address
from tests.support.runs import waiting_service


@pytest.fixture
def service(tmp_path):
    return waiting_service(tmp_path / "data")


@pytest.fixture
def get(service):
    """A function that downloads a run's table."""
    app = FastAPI()
    add_downloads(app, service)
    client = TestClient(app)
    return lambda run, ending: client.get(f"/{table_address(run, ending, service.settings)}")


def done(service, tiny, tmp_path, verb, name, text, **options):
    (tmp_path / name).write_text(text)
    draft = service.staging.add([tmp_path / name])
    run = service.start(draft, BatchRequest(verb, tiny, options=options, rows=2), "me")
    work(run, service.settings)
    return run


def test_sentences_as_csv_and_json_lines(service, tiny, tmp_path, get):
    run = done(service, tiny, tmp_path, FILL, "my =file.txt", "The <mask> sat.\n=1+1\n", top_k=1)
    answer = get(run, "csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="my-file.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [(row["where"], row["rank"]) for row in rows] == [
        ("my =file.txt, line 1", "1"), ("my =file.txt, line 2", ""),
    ]  # fmt: skip
    assert rows[1]["text"] == "'=1+1"
    lines = [json.loads(line) for line in get(run, "jsonl").text.splitlines()]
    assert lines[0]["masks"][0][0]["word"] == rows[0]["word"]
    assert "holds no mask" in lines[1]["error"]
    assert get(run, "json").status_code == 404


def test_the_other_columns_of_a_table_come_back(service, tiny, tmp_path, get):
    text = "item,sentence,score\n7,The cat sat on it.,a\n8,A dog ran to it.,b\n"
    run = done(service, tiny, tmp_path, SCORE, "a.csv", text, method="original")
    rows = list(csv.DictReader(io.StringIO(get(run, "csv").text)))
    assert [(row["item"], row["score"]) for row in rows] == [("7", "a"), ("8", "b")]
    assert all(float(row["bits_per_word"]) for row in rows)


def test_pairs_as_csv_and_json(service, tiny, tmp_path, get):
    text = "good,bad\nThe cat sat.,Cat the sat.\nThe dog sat.,A <mask>.\n"
    run = done(service, tiny, tmp_path, PAIRS, "a.csv", text, method="within_word")
    rows = list(csv.DictReader(io.StringIO(get(run, "csv").text)))
    assert [row["good"] for row in rows] == ["The cat sat.", "The dog sat."]
    (model,) = get(run, "json").json()["models"]
    assert model["together"]["pairs"] == 1
    assert get(run, "jsonl").status_code == 404


def test_only_an_address_made_here_is_answered(service, tiny, tmp_path, get):
    run = done(service, tiny, tmp_path, SCORE, "a.txt", "The cat sat.\n", method="original")
    address = table_address(run, "csv", service.settings)
    app = FastAPI()
    add_downloads(app, service)
    client = TestClient(app)
    assert client.get(f"/{address}").status_code == 200
    assert client.get(f"/{address.replace('.csv', '.jsonl')}").status_code == 403
    assert client.get(f"/{address.replace('tables', 'models').replace('.csv', '.zip')}").status_code == 403
    run.delete()
    assert client.get(f"/{address}").status_code == 404
    other = replace(service.settings, data=str(tmp_path / "other"))
    assert client.get(f"/{table_address(run, 'csv', other)}").status_code == 403
