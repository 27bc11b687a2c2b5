"""The endpoints as tools, called by the official client of the Model Context Protocol."""

import ast
import asyncio

import httpx
import pytest
from mcp import ClientSession
from mcp.client.streamable_http import streamablehttp_client

from mlm_demo.errors import SettingError
from mlm_demo.settings import Settings
from mlm_demo.web import app
from tests.support.paths import free_port


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    settings = Settings(device="cpu", port=free_port(), data=str(tmp_path_factory.mktemp("data")), mcp=True)
    demo = app.create_app(settings)
    yield app.launch(demo, settings)
    demo.close()


def with_session(address, ask):
    """Return what a coroutine returns that is given an open session."""

    async def work():
        async with (
            streamablehttp_client(f"{address}gradio_api/mcp/") as (reading, writing, _),
            ClientSession(reading, writing) as session,
        ):
            await session.initialize()
            return await ask(session)

    return asyncio.run(work())


def called(address, tool, **values):
    """Return whether a call failed, and what it answered."""
    answer = with_session(address, lambda session: session.call_tool(tool, values))
    return answer.isError, answer.content[0].text


def test_the_endpoints_are_tools_with_their_arguments(address):
    tools = {tool.name: tool for tool in with_session(address, lambda session: session.list_tools()).tools}
    assert {"fill_mask", "compare", "why", "contrast", "score", "extract"} <= tools.keys()
    assert "Rank words for each mask" in tools["fill_mask"].description
    assert list(tools["extract"].inputSchema["properties"]) == [
        "questions",
        "texts",
        "files",
        "model",
        "threshold",
    ]


def test_a_tool_answers_as_its_endpoint(address):
    failed, answer = called(address, "fill_mask", text="Paris is the <mask> of France.", top_k=1)
    assert not failed
    assert [row["word"] for row in ast.literal_eval(answer)["masks"][0]] == ["capital"]


def test_the_other_tools_answer_too(address):
    failed, answer = called(
        address, "compare", text="Paris is the <mask> of France.", models=["general", "biomedical"]
    )
    assert not failed
    assert [one["model"]["name"] for one in ast.literal_eval(answer)["answers"]] == ["general", "biomedical"]
    failed, answer = called(address, "score", text="The dog sleeps.")
    assert not failed
    assert ast.literal_eval(answer)["log_likelihood"] < 0
    paper = "Forty patients were given iron. The dose was 200 mg a day."
    failed, answer = called(address, "extract", questions=["What was the dose of iron?"], texts=[paper])
    assert not failed
    assert "200 mg" in ast.literal_eval(answer)["rows"][0]["sentence"]


def test_a_mistake_is_answered_with_its_sentence(address):
    failed, answer = called(address, "fill_mask", text="no mask")
    assert failed
    assert answer.startswith("The sentence holds no mask; put <mask> where a word is to be predicted")


def test_a_page_without_tools_has_none(tmp_path):
    settings = Settings(device="cpu", port=free_port(), data=str(tmp_path))
    demo = app.create_app(settings)
    address = app.launch(demo, settings)
    try:
        assert httpx.post(f"{address}gradio_api/mcp/", json={}).status_code == 404
    finally:
        demo.close()


def test_without_the_package_the_start_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr(app, "find_spec", lambda name: None)
    with pytest.raises(
        SettingError, match=r"the package mcp is not installed; install it: pip install mcp==1\.30\.0"
    ):
        app.launch(None, Settings(mcp=True, data=str(tmp_path)))


def test_a_public_page_refuses_tools():
    with pytest.raises(SettingError, match="MLM_DEMO_MCP"):
        Settings.from_environment({"MLM_DEMO_PUBLIC": "1", "MLM_DEMO_MCP": "1"})
