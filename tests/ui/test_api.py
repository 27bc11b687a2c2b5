import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError
from places import free_port

from mlm_demo.errors import SettingError
from mlm_demo.settings import Settings
from mlm_demo.ui import create_app, launch


@pytest.fixture(scope="module")
def client():
    demo = create_app(Settings(device="cpu"))
    yield Client(launch(demo, Settings(port=free_port())), verbose=False)
    demo.close()


def test_the_endpoints_are_these_and_no_other(client):
    named = client.view_api(return_format="dict")["named_endpoints"]
    assert set(named) == {"/fill_mask", "/compare", "/score"}


def test_fill_mask(client):
    answer = client.predict("Paris is the <mask> of France.", api_name="/fill_mask")
    assert answer["masks"][0][0]["sequence"] == "Paris is the capital of France."
    assert len(answer["masks"][0]) == 5
    options = {"model": "biomedical", "top_k": 2, "targets": "dog,cat", "joint": True}
    named = client.predict(text="A <mask> <mask>", **options, api_name="/fill_mask")
    assert named["model"]["name"] == "biomedical"
    assert len(named["joint"]) == 2


def test_compare(client):
    answers = client.predict("The <mask> sat.", ["general", "biomedical"], api_name="/compare")["answers"]
    assert [a["model"]["name"] for a in answers] == ["general", "biomedical"]


def test_score(client):
    assert client.predict("The patient sat.", api_name="/score")["tokens"] == 4


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"text": "no mask", "api_name": "/fill_mask"}, "The sentence holds no mask; put <mask> where"),
        ({"text": "<mask>", "top_k": 0, "api_name": "/fill_mask"}, "top_k is '0'"),
        ({"text": "<mask>", "models": [], "api_name": "/compare"}, "There are 0 models to ask"),
        ({"text": "<mask>", "model": "no model", "api_name": "/fill_mask"}, "'no model' names no model"),
        ({"text": "a <mask>", "api_name": "/score"}, "The sentence holds a mask"),
    ],
)
def test_an_error_reaches_the_client_as_its_sentence(client, arguments, message):
    with pytest.raises(AppError, match=message):
        client.predict(**arguments)


def test_a_taken_port_is_told(client):
    port = int(client.src.rstrip("/").rsplit(":", 1)[1])
    with pytest.raises(SettingError, match=f"Port {port} of 127.0.0.1 cannot be had .* set MLM_DEMO_PORT"):
        launch(create_app(Settings()), Settings(port=port))
