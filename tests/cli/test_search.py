import json

import pytest

from mlm_demo.cli.main import main
from tests.support.tiny_models import save_tiny


@pytest.fixture(autouse=True)
def _on_the_processor(monkeypatch):
    monkeypatch.setenv("MLM_DEMO_DEVICE", "cpu")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return str(save_tiny(tmp_path_factory.mktemp("model") / "tiny"))


@pytest.fixture
def files(tmp_path):
    (tmp_path / "a.txt").write_text("The heart\n\nThe heart pumps blood.\nParis is a city.")
    (tmp_path / "b.txt").write_text("Lyon is a city of France.")
    return [str(tmp_path / name) for name in ("a.txt", "b.txt")]


def test_search_prints_the_nearest_sentences(files, model, capsys):
    line = ["search", *files, "missing.txt", "--query", " heart ", "--model", model]
    assert main([*line, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert set(found) == {"model", "query", "passages"}
    assert (found["model"]["name"], found["query"]) == (model, "heart")
    assert len(found["passages"]) == 3
    (heart,) = [passage for passage in found["passages"] if "heart" in passage["text"]]
    assert {**heart, "similarity": 0} == {
        "document": "a.txt",
        "title": "The heart",
        "start": 11,
        "end": 33,
        "text": "The heart pumps blood.",
        "similarity": 0,
    }
    assert main([*line, "--top-k", "2"]) == 0
    out, err = capsys.readouterr()
    shown = [f"{p['similarity']:5.2f}  {p['document']}: {p['text']}" for p in found["passages"][:2]]
    assert out.splitlines() == shown
    assert err == "note: There is no file 'missing.txt'; check its name.\n"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--query", " "], "The query is empty"),
        (["--query", "fox " * 300], "reads 62 at once; shorten it"),
        (["--query", "fox", "--top-k", "0"], "top_k is '0'"),
        (["--query", "fox", "--top-k", "many"], "top_k is 'many'"),
        (["--query", "fox", "--model", "/no/such"], "There is no folder '/no/such'"),
    ],
)
def test_a_mistake_is_one_line(files, model, capsys, words, message):
    words = words if "--model" in words else [*words, "--model", model]
    assert main(["search", *files, *words]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err
    assert err.count("\n") == 1
