import gradio as gr
import httpx
import pytest
from fastapi.middleware import Middleware

from mlm_demo.web.server.heartbeats import ShortHeartbeats

PAGE, CLIENT = "k3j9x0a1b2", "6f1e4b0a-5a0e-4a4f-9f57-3a3d6a1f2b11"


@pytest.fixture
def served():
    """Serve a page with a State; return a client of it and the sessions of its application."""
    with gr.Blocks(analytics_enabled=False) as page:
        text, before = gr.Textbox(), gr.State("")
        text.submit(lambda typed, before: (before, typed), [text, before], [text, before], api_name="swap")
    app, address, _ = page.launch(
        prevent_thread_lock=True,
        quiet=True,
        ssr_mode=False,
        app_kwargs={"middleware": [Middleware(ShortHeartbeats)]},
    )
    yield httpx.Client(base_url=address, timeout=20), app.state_holder.session_data
    page.close()


@pytest.mark.parametrize("prefix", ["/gradio_api", ""])
def test_a_page_says_that_it_is_open_and_that_it_is_closed_in_short_requests(served, prefix):
    client, sessions = served
    heartbeat = f"{prefix}/heartbeat/{PAGE}"
    assert client.get(heartbeat).text == "data: ALIVE\n\n", "before its first event"
    body = {"data": ["typed", ""], "session_hash": PAGE, "fn_index": 0}
    client.post("/gradio_api/run/predict", json=body).raise_for_status()
    states = []
    for ask in (client.get, client.post, client.get):
        assert ask(heartbeat).status_code == 200
        states.append(sessions[PAGE].is_closed)
    assert states == [False, True, False]
    assert list(sessions) == [PAGE], "a page that asked nothing has no session"


def test_the_connection_of_another_client_stays_open(served):
    client, _ = served
    with client.stream("GET", f"/gradio_api/heartbeat/{CLIENT}", timeout=0.5) as stream:
        lines = stream.iter_lines()
        assert next(lines) == "data: ALIVE"
        with pytest.raises(httpx.ReadTimeout):
            list(lines)
    assert client.put(f"/gradio_api/heartbeat/{PAGE}").status_code == 405
    assert client.get("/gradio_api/heartbeat").status_code == 404
