import json

import pytest

from mlm_demo.cli.main import main
from mlm_demo.inference.engine import Engine
from mlm_demo.settings import Settings

FRANCE = "Paris is the <mask> of <mask>."


def printed(capsys, *argv):
    assert main(list(argv)) == 0
    return capsys.readouterr().out


def without_seconds(found):
    return {name: value for name, value in found.items() if name != "seconds"}


def test_why_prints_the_guess_and_each_word(capsys):
    found = json.loads(printed(capsys, "why", FRANCE, "--model", "general", "--mask", "2", "--json"))
    expected = Engine(Settings()).why(FRANCE, "general", mask=2)
    assert without_seconds(found) == without_seconds(json.loads(json.dumps(expected)))
    lines = printed(capsys, "why", FRANCE, "--model", "general", "--mask", "2").splitlines()
    assert lines[0].startswith(f"{expected['guess']}  0.")
    assert [line.split()[0] for line in lines[1:]] == ["without", "Paris", "is", "the", "of"]
    shown = printed(capsys, "why", FRANCE, "--model", "general", "--targets", "capital,city").splitlines()
    assert shown[0].startswith("capital")


def test_why_prints_the_share_of_each_word(capsys):
    asked = ("why", FRANCE, "--model", "general", "--gradient")
    found = json.loads(printed(capsys, *asked, "--json"))
    expected = Engine(Settings()).why(FRANCE, "general", measure="gradient")
    assert without_seconds(found) == without_seconds(json.loads(json.dumps(expected)))
    lines = printed(capsys, *asked).splitlines()
    assert lines[0].startswith(f"{expected['guess']}  0.")
    assert lines[1] == "word   share of the gradient"
    assert [line.split() for line in lines[2:]] == [
        [word["word"], f"{word['share']:.1%}"] for word in expected["words"]
    ]


def test_contrast_prints_what_the_tab_downloads(capsys):
    texts = "He opened the door with a <mask>.", "He cut the bread with a <mask>."
    found = json.loads(printed(capsys, "contrast", *texts, "--model", "general", "--json"))
    expected = Engine(Settings()).contrast(texts, ("general", "general"))
    assert without_seconds(found) == without_seconds(json.loads(json.dumps(expected)))
    lines = printed(capsys, "contrast", *texts, "--model", "general").splitlines()
    assert "bits apart" in lines[0]
    assert lines[2].split()[0] == found["words"][0]["word"]
    assert len(lines) == 12


def test_one_sentence_before_two_models(capsys):
    models = ["--model", "general", "--model", "biomedical"]
    found = json.loads(printed(capsys, "contrast", "Growth of the <mask> was slow.", *models, "--json"))
    assert [model["name"] for model in found["models"]] == ["general", "biomedical"]
    assert found["texts"][0] == found["texts"][1]


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["why", "No mask."], "holds no mask"),
        (["why", FRANCE, "--mask", "3"], "the sentence has 2"),
        (["why", FRANCE, "--mask", "x"], "The mask is 'x'"),
        (["contrast", FRANCE, "A <mask>."], "two sentences are compared at one mask each"),
        (["contrast", "A <mask>.", *["--model", "general"] * 3], "There are 3 models"),
    ],
)
def test_a_mistake_is_one_sentence(argv, message, capsys):
    assert main(argv) == 1
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
