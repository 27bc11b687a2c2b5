import ast
import shlex
from dataclasses import replace

import pytest

from mlm_demo.cli.main import command_line
from mlm_demo.web.score.links import Asked
from mlm_demo.web.score.snippets import USUAL_ADDRESS, address_seen, curl_lines, python_code, shell_lines
from tests.support.events import request

ASKED = Asked('-It\'s a "$HOME" `x`\n\\ é', "", ("general", "biomedical"), "original")


@pytest.mark.parametrize("asked", [ASKED, replace(ASKED, second='The "second"\none')])
def test_the_python_lines_score_the_sentences_as_typed(asked):
    tree = ast.parse(python_code(asked, USUAL_ADDRESS))
    texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    assert set(asked.texts) | set(asked.models) | {asked.method} <= set(texts)
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    (predict,) = [node for node in calls if getattr(node.func, "attr", "") == "predict"]
    assert {keyword.arg for keyword in predict.keywords} == {"model", "method", "api_name"}


@pytest.mark.parametrize("asked", [ASKED, replace(ASKED, second="the second")])
def test_the_shell_lines_are_read_as_the_same_question(asked):
    found = [command_line().parse_args(words[3:]) for words in _lines(shell_lines(asked))]
    assert [(one.model, one.text) for one in found] == [
        (model, text) for model in asked.models for text in asked.texts
    ]
    assert {one.method for one in found} == {asked.method}


def test_curl_sends_the_sentence_as_typed():
    words = shlex.split(curl_lines(ASKED, USUAL_ADDRESS).replace("\\\n", " "))
    data = words[words.index("-d") + 1]
    assert data == '{"data": ["-It\'s a \\"$HOME\\" `x`\\n\\\\ é", "general", "original"]}'


@pytest.mark.parametrize(
    ("visitor", "address"),
    [
        (None, USUAL_ADDRESS),
        (request(host="1.2.3.4"), USUAL_ADDRESS),
        (request(**{"host": "10.0.0.5:7860"}), USUAL_ADDRESS),
    ],
)
def test_without_a_host_header_the_usual_address_is_shown(visitor, address):
    assert address_seen(visitor) == address


def test_the_address_is_the_one_that_the_visitor_used():
    visitor = request()
    visitor.headers["host"] = "lab.example:8000"
    assert address_seen(visitor) == "http://lab.example:8000/"
    visitor.headers["x-forwarded-proto"] = "https"
    assert address_seen(visitor) == "https://lab.example:8000/"


@pytest.mark.parametrize("root", ["/mlm", "/mlm/", "http://lab.example/mlm"])
def test_the_address_has_the_path_where_a_proxy_puts_the_page(monkeypatch, root):
    monkeypatch.setenv("GRADIO_ROOT_PATH", root)
    visitor = request()
    visitor.headers["host"] = "lab.example"
    assert address_seen(visitor) == "http://lab.example/mlm/"


def _lines(lines):
    """The command lines as lists of words; a quoted word may hold a line break."""
    words, found = shlex.split(lines), []
    for word in words:
        if word == "python":
            found.append([])
        found[-1].append(word)
    return found
