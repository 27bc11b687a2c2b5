import json
from dataclasses import fields
from inspect import signature
from types import SimpleNamespace

import httpx
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

from mlm_demo.corpus.papers import paper_of
from mlm_demo.errors import ParameterError, SettingError
from mlm_demo.settings import Settings
from mlm_demo.training.config import AdaptConfig
from mlm_demo.training.pretraining.config import PretrainConfig
from mlm_demo.web.api import Endpoints, check_amount
from mlm_demo.web.api_examples import EXAMPLES
from mlm_demo.web.app import create_app, launch
from tests.support.events import request
from tests.support.paths import free_port
from tests.support.runs import corpus_text, until


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    settings = Settings(device="cpu", port=free_port(), data=str(tmp_path_factory.mktemp("data")))
    demo = create_app(settings)
    yield Client(launch(demo, settings), verbose=False)
    demo.close()


def test_the_endpoints_are_exactly_these(client):
    named = client.view_api(return_format="dict")["named_endpoints"]
    assert set(named) == {
        *("/fill_mask", "/compare", "/why", "/contrast", "/score", "/extract"),
        *("/start_adaptation", "/start_pretraining", "/start_finetuning", "/run_status", "/stop_run"),
    }


def test_a_list_to_score_has_the_seconds_of_a_single_sentence():
    asked = {}
    engine = SimpleNamespace(
        settings=Settings(max_score_seconds=7), score_each=lambda *_, **options: asked.update(options) or [{}]
    )
    limits = SimpleNamespace(admit=lambda *_, **__: None)
    assert Endpoints(engine, None, limits).score(request(), ["One."]) == {"answers": [{}]}
    assert asked["max_seconds"] == 7


@pytest.mark.parametrize(
    ("endpoint", "config", "count"),
    [(Endpoints.start_adaptation, AdaptConfig, 11), (Endpoints.start_pretraining, PretrainConfig, 14)],
)
def test_a_run_has_the_defaults_of_its_configuration(endpoint, config, count):
    parameters = signature(endpoint).parameters
    options = [field for field in fields(config) if field.name in parameters]
    assert len(options) == count
    for option in options:
        assert parameters[option.name].default == (option.default or 0), option.name


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_call_that_the_api_view_shows_works_as_copied(client, name):
    shown = httpx.get(f"{client.src}gradio_api/info").json()["named_endpoints"][f"/{name}"]["parameters"]
    required = [each for each in shown if not each["parameter_has_default"]]
    assert {each["parameter_name"] for each in required} == set(EXAMPLES[name])
    shown_values = {
        each["parameter_name"]: each[
            "parameter_default" if each["parameter_has_default"] else "example_input"
        ]
        for each in shown
    }
    answer = client.predict(**shown_values, api_name=f"/{name}")
    assert answer
    assert "error" not in answer
    if "run" in answer:
        client.predict(answer["run"], answer["owner"], api_name="/stop_run")
    if name == "extract":
        assert len(answer["rows"]) == 20
        assert "sample papers" in answer["notes"][0]


def test_fill_mask(client):
    answer = client.predict("Paris is the <mask> of France.", api_name="/fill_mask")
    assert answer["masks"][0][0]["sequence"] == "Paris is the capital of France."
    assert len(answer["masks"][0]) == 5
    options = {"model": "biomedical", "top_k": 2, "targets": "dog,cat", "joint": True}
    named = client.predict(text="A <mask> <mask>", **options, api_name="/fill_mask")
    assert named["model"]["name"] == "biomedical"
    assert len(named["joint"]) == 2


def test_why_explains_the_mask_that_is_named(client):
    text = "The <mask> sat on the <mask>."
    found = client.predict(text, "general", 2, api_name="/why")
    assert [word["word"] for word in found["words"]] == ["The", "sat", "on", "the"]
    assert (found["mask"], found["text"], found["model"]["name"]) == (2, text, "general")
    best = client.predict(text, "general", targets=["mat", "floor"], api_name="/why")
    assert best["guess"] in ("mat", "floor")
    shares = client.predict(text, "general", measure="gradient", api_name="/why")
    assert (found["measure"], shares["measure"]) == ("hiding", "gradient")
    assert sum(word["share"] for word in shares["words"]) == pytest.approx(1)
    with pytest.raises(AppError, match="The measure is 'x'; choose one of hiding, gradient"):
        client.predict(text, measure="x", api_name="/why")
    for mask in (3, -1):
        with pytest.raises(AppError, match="the sentence has 2"):
            client.predict(text, mask=mask, api_name="/why")


def test_contrast_takes_a_second_sentence_or_a_second_model(client):
    first, second = "He opened the door with a <mask>.", "He cut the bread with a <mask>."
    found = client.predict(first, second, "general", api_name="/contrast")
    assert found["texts"] == [first, second]
    assert found["distance"] > 0.1
    found = client.predict(first, model="general", other_model="biomedical", api_name="/contrast")
    assert [model["name"] for model in found["models"]] == ["general", "biomedical"]
    with pytest.raises(AppError, match="one mask each"):
        client.predict("A <mask> <mask>.", api_name="/contrast")


@pytest.mark.parametrize("endpoint", ["/fill_mask", "/score"])
def test_a_list_of_sentences_is_answered_in_order_and_a_bad_one_has_its_error(client, endpoint):
    mask = "<mask>" if endpoint == "/fill_mask" else "heart"
    good = [f"The {mask} pumps blood.", f"The {mask} is here."]
    answers = client.predict([good[0], "  ", good[1]], api_name=endpoint)["answers"]
    assert [answer["text"] for answer in answers] == [good[0], "  ", good[1]]
    assert set(answers[1]) == {"text", "error"}
    alone = client.predict(good[0], api_name=endpoint)
    for name in {"masks", "words", "log_likelihood"} & alone.keys():
        assert json.dumps(answers[0][name])[:200] == json.dumps(alone[name])[:200]


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ([], "text has 0 sentences; send 1 to 100"),
        (["a <mask>"] * 101, "text has 101 sentences; send 1 to 100"),
        (
            ["<mask> " * 1000] * 10,
            "The sentences in text have 70,000 characters, more than 20,000; send fewer.",
        ),
        (["a <mask>", 1], "it must be a string or a list of strings"),
    ],
)
def test_a_list_that_cannot_be_asked_is_refused(client, texts, message):
    with pytest.raises(AppError, match=message):
        client.predict(texts, api_name="/fill_mask")


def test_compare(client):
    answers = client.predict("The <mask> sat.", ["general", "biomedical"], api_name="/compare")["answers"]
    assert [a["model"]["name"] for a in answers] == ["general", "biomedical"]


def test_score(client):
    assert client.predict("The patient sat.", api_name="/score")["tokens"] == 4


def test_extract_from_texts_and_files(client, tmp_path, taught_folder):
    (tmp_path / "a.txt").write_text("The heart\n\nThe heart pumps blood.")
    (tmp_path / "b.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    files = [handle_file(str(tmp_path / name)) for name in ("a.txt", "b.png")]
    options = {"texts": ["Lyon is a city."], "files": files, "model": taught_folder, "threshold": -99}
    found = client.predict(["Who?", "What does the heart do?"], **options, api_name="/extract")
    assert found["model"]["name"] == taught_folder
    assert found["threshold"] == -99
    assert {(row["document"], row["title"]) for row in found["rows"]} == {
        ("text 1", "text 1"),
        ("a.txt", "The heart"),
    }
    assert len(found["rows"]) == 4
    assert all(row["answer"] in row["sentence"] for row in found["rows"])
    assert len(found["notes"]) == 1
    assert "PNG" in found["notes"][0]
    again = client.predict(["Who?"], texts=["Lyon is a city."], model=taught_folder, api_name="/extract")
    assert again["threshold"] == 0


def test_no_draft_stays_after_an_extraction(client, tmp_path, taught_folder):
    (tmp_path / "b.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    with pytest.raises(AppError, match="PNG"):
        client.predict(
            ["Who?"], files=[handle_file(str(tmp_path / "b.png"))], model=taught_folder, api_name="/extract"
        )


@pytest.mark.parametrize(
    ("texts", "questions", "message"),
    [
        (["A."] * 3, ["Who?"], "There are 3 papers; the limit is 2"),
        (["A" * 60], ["Who?"] * 2, r"have 60 characters, asked 2 question\(s\); the limit is 100"),
        (["A."], ["Q" * 31], "A question has 31 characters; the limit is 30"),
    ],
)
def test_an_extraction_that_would_take_long_is_refused(texts, questions, message):
    settings = Settings(max_papers=2, max_paper_characters=100, max_characters=30)
    with pytest.raises(ParameterError, match=message):
        check_amount([paper_of(text, "a") for text in texts], questions, settings)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"questions": [], "texts": ["A."], "api_name": "/extract"}, "There is no question"),
        ({"questions": ["Who?"], "files": [], "api_name": "/extract"}, "There is no paper to read"),
        (
            {"questions": "Who?", "texts": ["A."], "api_name": "/extract"},
            "questions is 'Who[?]'; it must be a list",
        ),
        (
            {"questions": ["Who?"], "texts": [7], "api_name": "/extract"},
            "texts is '.7.'; it must be a list of strings",
        ),
        ({"questions": [7], "api_name": "/extract"}, "questions is '.7.'; it must be a list of strings"),
        (
            {"questions": ["Who?"], "texts": ["A."], "threshold": "low", "api_name": "/extract"},
            "threshold is 'low'; it must be a number",
        ),
        ({"text": "no mask", "api_name": "/fill_mask"}, "The sentence holds no mask; put <mask> where"),
        ({"text": "<mask>", "top_k": 0, "api_name": "/fill_mask"}, "top_k is '0'"),
        ({"text": "<mask>", "models": [], "api_name": "/compare"}, "There are 0 models; choose"),
        (
            {"text": "<mask>", "model": "no model", "api_name": "/fill_mask"},
            "'no model' does not name a model",
        ),
        ({"text": "a <mask>", "api_name": "/score"}, "The sentence holds a mask"),
        ({"text": None, "api_name": "/score"}, "text is missing; it must be a string."),
        ({"text": 7, "api_name": "/fill_mask"}, "text is '7'; it must be a string."),
        ({"text": "<mask>", "models": None, "api_name": "/compare"}, "models is missing; it must be a list"),
        (
            {"text": "<mask>", "top_k": "many", "api_name": "/fill_mask"},
            "top_k is 'many'; it must be a number",
        ),
    ],
)
def test_an_error_reaches_the_client_as_plain_text(client, taught_folder, arguments, message):
    if arguments["api_name"] == "/extract":
        arguments = {"model": taught_folder, **arguments}
    with pytest.raises(AppError, match=message):
        client.predict(**arguments)


def test_a_model_is_taught_a_task_and_used_over_http(client, tmp_path, tiny):
    rows = [f"Who has number {n}?,The cat sat. Number {n} belongs to Paris.,Paris" for n in range(24)]
    (tmp_path / "examples.csv").write_text("\n".join(["question,context,answer", *rows]))
    options = {"task": "answers", "model": tiny, "max_steps": 2, "batch_size": 4, "seeds": 2}
    files = [handle_file(str(tmp_path / "examples.csv"))]
    started = client.predict(files, **options, api_name="/start_finetuning")
    run, owner = started["run"], started["owner"]
    until(lambda: client.predict(run, api_name="/run_status")["state"] == "done", seconds=120)
    status = client.predict(run, owner, api_name="/run_status")
    assert [row["metric"] for row in status["figures"]] == ["f1", "em"]
    assert status["download"]
    found = client.predict(["Who?"], texts=["Lyon is a city."], model=run, api_name="/extract")
    assert found["model"]["name"] == run
    with pytest.raises(AppError, match="answers questions and fills no masks"):
        client.predict("Paris is <mask>.", model=run, api_name="/fill_mask")


def test_a_model_is_trained_from_scratch_and_used_over_http(client, tmp_path):
    (tmp_path / "bees.txt").write_text(corpus_text())
    options = {"max_steps": 2, "vocab_size": 300, "layers": 1, "hidden": 32, "block_size": 32}
    files = [handle_file(str(tmp_path / "bees.txt"))]
    started = client.predict(files, **options, tokenizer="byte-level", api_name="/start_pretraining")
    run, owner = started["run"], started["owner"]
    until(lambda: client.predict(run, api_name="/run_status")["state"] == "done", seconds=120)
    status = client.predict(run, owner, api_name="/run_status")
    assert status["figures"]["bits_per_word"]["model"]["value"] > 0
    assert status["download"]
    answer = client.predict("The <mask> pumps blood.", run, api_name="/fill_mask")
    assert (answer["model"]["name"], answer["model"]["vocabulary"]) == (run, 300)


def test_an_unknown_tokenizer_is_refused(client, tmp_path):
    (tmp_path / "bees.txt").write_text(corpus_text())
    files = [handle_file(str(tmp_path / "bees.txt"))]
    with pytest.raises(AppError, match="tokenizer is 'unigram'; choose wordpiece or byte-level"):
        client.predict(files, max_steps=1, tokenizer="unigram", api_name="/start_pretraining")


def test_an_unknown_task_is_refused(client, tmp_path, tiny):
    (tmp_path / "a.csv").write_text("question,context,answer\n")
    files = [handle_file(str(tmp_path / "a.csv"))]
    with pytest.raises(AppError, match="The task is 'guess'; choose evidence or answers"):
        client.predict(files, "guess", model=tiny, max_steps=1, api_name="/start_finetuning")


def small_run(client, tmp_path, tiny, steps, **more):
    (tmp_path / "bees.txt").write_text(corpus_text())
    options = {"model": tiny, "max_steps": steps, "batch_size": 4, "block_size": 32, **more}
    return client.predict(
        files=[handle_file(str(tmp_path / "bees.txt"))], **options, api_name="/start_adaptation"
    )


def uploaded(client):
    """Upload a file, the same each time, as a client does that keeps what the answer says."""
    files = {"files": ("bees.txt", corpus_text().encode())}
    path = httpx.post(f"{client.src}gradio_api/upload", files=files).json()[0]
    return {"path": path, "meta": {"_type": "gradio.FileData"}}


def test_an_upload_can_be_asked_again(client, taught_folder):
    file = uploaded(client)
    for question in ("Who?", "What?"):
        found = client.predict([question], files=[file], model=taught_folder, api_name="/extract")
        assert found["rows"][0]["document"] == "bees.txt"


def test_equal_files_of_two_people_are_two_uploads(client, tiny):
    """Gradio makes the path from the content: the first of a class who started took the file from the others."""
    files, runs = [uploaded(client) for _ in range(2)], []
    for steps, file in enumerate(files, 1):
        started = client.predict([file], tiny, max_steps=steps, api_name="/start_adaptation")
        runs.append(started["run"])
    until(lambda: all(client.predict(run, api_name="/run_status")["state"] == "done" for run in runs), 120)


def test_a_secret_that_could_be_guessed_is_refused(client, tmp_path, tiny):
    with pytest.raises(AppError, match="has 21 characters and could be guessed; use at least 22"):
        small_run(client, tmp_path, tiny, 1, owner="x" * 21)


def test_a_run_is_started_polled_and_stopped(client, tmp_path, tiny):
    started = small_run(client, tmp_path, tiny, 5_000, owner="of 22 characters, mine")
    assert started["owner"] == "of 22 characters, mine"
    id, owner = started["run"], started["owner"]

    def status():
        return client.predict(run=id, api_name="/run_status")

    until(lambda: (status()["step"] or 0) >= 2, message=status, pause=0.2)
    with pytest.raises(AppError, match="was started in another browser"):
        client.predict(run=id, owner="somebody", api_name="/stop_run")
    client.predict(run=id, owner=owner, api_name="/stop_run")
    until(lambda: status()["state"] == "stopped", message=status, pause=0.2)
    assert status()["figures"]["general"]["after"]["loss"]["value"] > 0
    answer = client.predict("The <mask> sat.", model=id, api_name="/fill_mask")
    assert answer["model"]["domain"] == "adapted"


def test_a_path_that_was_not_uploaded_is_refused(client, tmp_path, tiny):
    (tmp_path / "secret.txt").write_text(corpus_text())
    for given in (str(tmp_path / "secret.txt"), {"path": str(tmp_path / "secret.txt")}):
        with pytest.raises(AppError, match="is not an uploaded file"):
            client.predict([given], model=tiny, max_steps=1, api_name="/start_adaptation")
    assert (tmp_path / "secret.txt").is_file()


def test_a_run_outlives_a_killed_server_and_a_new_one_finds_it(servers, tmp_path, tiny):
    server = servers(tmp_path / "data")
    client = server.client()
    started = small_run(client, tmp_path, tiny, 60)
    id = started["run"]
    until(lambda: (client.predict(run=id, api_name="/run_status")["step"] or 0) >= 2)
    server.kill()
    seen = (tmp_path / "data" / "runs" / id / "log.jsonl").stat().st_size
    until(lambda: (tmp_path / "data" / "runs" / id / "log.jsonl").stat().st_size > seen)
    client = servers(tmp_path / "data").client()
    until(lambda: client.predict(run=id, api_name="/run_status")["state"] == "done", pause=0.2)
    assert client.predict(run=id, api_name="/run_status")["step"] == 60


def test_a_taken_port_is_refused(client):
    port = int(client.src.rstrip("/").rsplit(":", 1)[1])
    with pytest.raises(SettingError, match=f"Port {port} of 127.0.0.1 is not available .* set MLM_DEMO_PORT"):
        launch(create_app(Settings()), Settings(port=port))
