import json
import shlex

import pytest

from mlm_demo.cli.main import main
from mlm_demo.web.fill.links import Question
from mlm_demo.web.fill.snippets import pipeline_code, shell_line

QUESTIONS = [
    Question("Paris is the <mask> of France.", "general", (), 4, precision="exact"),
    Question('It\'s a "quoted" `<mask>` $HOME \\ day.', "biomedical", (), 3, precision="exact"),
    Question("-dash <mask>", "general", (), 2, precision="exact"),
    Question("The <mask> sat.", "general", (), 5, "dog, cat"),
]


@pytest.fixture
def answer_of(engine):
    return lambda question: engine.fill_mask(
        question.text,
        question.model,
        top_k=question.top_k,
        targets=question.targets,
        precision=question.precision,
    )


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_pipeline_lines_give_the_same_answer(question, answer_of):
    answer, printed = answer_of(question), []
    exec(compile(pipeline_code(question, answer), "shown", "exec"), {"print": printed.append})  # noqa: S102
    ours, theirs = answer["masks"][0], printed[0]
    assert [row["token"] for row in theirs] == [row["token"] for row in ours]
    assert [row["score"] for row in theirs] == pytest.approx([row["score"] for row in ours], abs=1e-5)


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_shell_line_gives_the_same_answer(question, capsys, monkeypatch, answer_of):
    monkeypatch.setenv("MLM_DEMO_DEVICE", "cpu")
    words = shlex.split(shell_line(question))
    assert words[:3] == ["python", "-m", "mlm_demo"]
    split = words.index("--")
    assert main([*words[3:split], "--json", *words[split:]]) == 0
    ours = json.loads(json.dumps(answer_of(question)))
    assert json.loads(capsys.readouterr().out)["masks"] == ours["masks"]


def test_an_answer_that_is_not_exact_says_so_beside_the_pipeline(answer_of):
    question = Question("A <mask>.", "general", precision="int8")
    assert "# The page computed in int8" in pipeline_code(question, answer_of(question))
    assert "--precision int8" in shell_line(question)


def test_a_line_for_each_model_compared():
    """At full precision, as the page compares them."""
    lines = shell_line(Question("a <mask>", "general", ("biomedical",))).splitlines()
    assert [line.count("mlm_demo fill") for line in lines] == [1, 1]
    assert all("--precision exact" in line for line in lines)
    assert "--precision" not in shell_line(Question("a <mask>", "general"))


def test_a_model_of_the_hub_names_its_revision():
    model = {"source": "a/b", "revision": "abc", "kind": "hub", "precision": "exact"}
    code = pipeline_code(
        Question("a <mask>", "a/b"), {"model": model, "model_text": "a <mask>", "masks": [[]]}
    )
    assert "model='a/b', revision='abc'" in code
