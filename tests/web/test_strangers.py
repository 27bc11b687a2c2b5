"""Whatever the page offers, tried by somebody to whom nothing belongs; what there is to try, it tells itself."""

import hashlib
import itertools
import json
import secrets
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from mlm_demo.runs.run import owner_hash
from mlm_demo.runs.tasks.adapt import AdaptRequest
from mlm_demo.settings import Settings
from mlm_demo.training.config import AdaptConfig
from mlm_demo.web.app import create_app, launch
from mlm_demo.web.server.downloads import download_address
from tests.support.paths import free_port
from tests.support.runs import corpus_text, until

STRANGER = "the secret of somebody else"
# Handed to every parameter of a path, with a file of each kind of the data folder in the place of FILE.
WAYS_IN = (
    "{file}",
    "..{file}",
    "../../../../../../../..{file}",
    "%2e%2e%2f%2e%2e%2f%2e%2e%2f%2e%2e{file}",
    "file://{file}",
)


@pytest.fixture(scope="module")
def page(tmp_path_factory, tiny):
    """The page over a data folder in which somebody has a run that is done, one that was stopped, and a draft."""
    data = tmp_path_factory.mktemp("data")
    settings = Settings(device="cpu", port=free_port(), data=str(data))
    demo = create_app(settings)
    demo.service.queue.environment["OMP_NUM_THREADS"] = "1"
    (data / "bees.txt").write_text(corpus_text())
    draft = demo.service.staging.add([data / "bees.txt"])
    config = AdaptConfig(max_steps=2, batch_size=4, block_size=32)
    run = demo.service.start(draft, AdaptRequest(config, tiny), "me")
    address = launch(demo, settings)
    until(lambda: run.state == "done", 180, lambda: (run.state, run.message))
    about = {"model": "general", "base": "general", "budget": "1 step"}
    stopped = demo.service.runs.create(lambda run: [], title="stopped", owner="me", about=about)
    stopped.finish("stopped")
    demo.service.staging.add([data / "bees.txt"])
    yield demo, address
    demo.close()


@pytest.fixture
def service(page):
    return page[0].service


@pytest.fixture
def finished(service):
    return next(run for run in service.runs.all() if run.state == "done")


@pytest.fixture
def stopped(service):
    return next(run for run in service.runs.all() if run.state == "stopped")


def tree(folder):
    """Every file of a folder with a digest of what is in it; the queue's lock aside."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and path.name not in (".lock", "version")
    }


def call(client, event, data):
    """Everything that an event answers, past the queue or through it, whichever it takes."""
    session = secrets.token_hex(8)
    body = {"data": data, "fn_index": event["id"], "session_hash": session}
    direct = client.post("/gradio_api/run/predict", json=body)
    said = direct.text
    if event["queue"] is not False:
        assert direct.status_code == 404, "what is to wait in the queue cannot be had past it"
        said += client.post("/gradio_api/queue/join", json=body).raise_for_status().text
        with client.stream("GET", f"/gradio_api/queue/data?session_hash={session}") as stream:
            for line in stream.iter_lines():
                said += line
                if "process_completed" in line or "close_stream" in line:
                    break
    return said


def arguments(event, components, known):
    """Values for an event's inputs: what a stranger knows in each text, and what the page has there otherwise."""
    values = []
    for number in event["inputs"]:
        component = components[number]
        value = component["props"].get("value")
        if component["type"] == "browserstate":
            value = STRANGER
        elif component["type"] == "textbox":
            value = known
        elif component["type"] == "checkbox":
            value = True
        values.append(value)
    return values


def events_of(client):
    config = client.get("/config").json()
    components = {component["id"]: component for component in config["components"]}
    return [event for event in config["dependencies"] if event["backend_fn"]], components


def answers_to_a_stranger(page, known):
    """What each event says to somebody who knows an id, by the name of its function."""
    demo, address = page
    said = defaultdict(str)
    with httpx.Client(base_url=address, timeout=120) as client:
        events, components = events_of(client)
        assert len(events) > 25, "the page has that many"
        names = [getattr(demo.fns[event["id"]].fn, "__name__", "") for event in events]
        with ThreadPoolExecutor(4) as threads:
            answers = threads.map(
                lambda event: call(client, event, arguments(event, components, known)), events
            )
            for name, answer in zip(names, answers, strict=True):
                said[name] += answer
    for answer in said.values():
        assert owner_hash("me") not in answer
        assert "proof=" not in answer, "a download is for its owner"
        assert corpus_text()[:300] not in answer
    return said


def test_no_event_gives_or_changes_what_is_anothers(page, service):
    before = tree(service.runs.folder)
    said = "".join(answers_to_a_stranger(page, "A" * 32).values())
    assert tree(service.runs.folder) == before
    assert not any(run.id in said for run in service.runs.all()), "an id is not to be had"


def test_whoever_has_the_link_sees_the_run_and_changes_nothing(page, finished, stopped, service):
    before = tree(service.runs.folder)
    for run in (finished, stopped):
        said = answers_to_a_stranger(page, run.id)
        assert said["acted"].count("was started in another browser") >= 2, "Stop and Resume"
        assert "was started in another browser" in said["remove"]
        assert "was started in another browser" in said["push_it"]
        seen = "".join(answer for name, answer in said.items() if name not in ("show", "score"))
        assert ("perplexity" in seen) == (run is finished), "whoever has the link sees the run"
    assert tree(service.runs.folder) == before, "nothing was stopped, resumed, deleted or written"


def test_the_named_endpoints_refuse_a_stranger(page, finished):
    _, address = page
    before = tree(finished.folder)
    with httpx.Client(base_url=address, timeout=120) as client:
        named = client.get("/gradio_api/info").json()["named_endpoints"]
        for name, endpoint in named.items():
            values = {"run": finished.id, "owner": STRANGER, "files": [], "models": ["general"]}
            data = [
                values.get(p["parameter_name"], p.get("parameter_default", "a <mask>"))
                for p in endpoint["parameters"]
            ]
            id = client.post(f"/gradio_api/call{name}", json={"data": data}).json()["event_id"]
            said = client.get(f"/gradio_api/call{name}/{id}").text
            assert owner_hash("me") not in said
            assert "proof=" not in said
    assert tree(finished.folder) == before


def test_no_route_serves_a_file_of_the_data_folder(page, finished, service):
    demo, address = page
    folder = service.settings.data_folder
    kept = [path for path in folder.rglob("*") if path.is_file() and path.stat().st_size > 20]
    assert {"run.json", "log.jsonl", "result.json", "model.safetensors", "browser.key"} <= {
        p.name for p in kept
    }
    secrets_in = {path: path.read_bytes()[:200] for path in kept}
    paths = {route.path for route in demo.app.routes if "{" in getattr(route, "path", "")}
    for router in demo.app.routes:
        included = getattr(router, "original_router", None) or getattr(router, "router", None)
        paths |= {
            route.path for route in getattr(included, "routes", ()) if "{" in getattr(route, "path", "")
        }
    assert any("file" in path for path in paths), "Gradio's file routes are among them"
    paths |= {"/gradio_api/file={path}", "/gradio_api/file/{path}", "/file={path}", "/file/{path}", "/{path}"}
    files = [folder / "browser.key", finished.folder / "run.json", finished.output / "model.safetensors"]
    files += [finished.output / "result.json", next((folder / "drafts").rglob("*.txt"))]
    tried = 0
    with httpx.Client(base_url=address, timeout=60) as client:
        for path, file, way, method in itertools.product(sorted(paths), files, WAYS_IN, ("GET", "POST")):
            filled = fill(path, way.format(file=file))
            answer = client.request(method, filled, json={} if method == "POST" else None)
            tried += 1
            assert not any(content in answer.content for content in secrets_in.values()), filled
    assert tried > 500


def fill(path, value):
    """A route's path with a value in the place of each parameter."""
    while "{" in path:
        start, end = path.index("{"), path.index("}")
        path = path[:start] + value + path[end + 1 :]
    return path if path.startswith("/") else f"/{path}"


def test_an_uploaded_file_is_read_and_never_served(page):
    _, address = page
    with httpx.Client(base_url=address, timeout=120) as client:
        events, components = events_of(client)
        text = corpus_text(seed=7).encode()
        (path,) = client.post("/gradio_api/upload", files={"files": ("secret.txt", text)}).json()
        for way in (
            "/gradio_api/file={}",
            "/gradio_api/file/{}",
            "/gradio_api/file=/tmp/..{}",
            "/gradio_api/file=/{}",
        ):
            assert client.get(way.format(path)).status_code in (403, 404), way
        event = next(event for event in events if "upload" in {name for _, name in event["targets"]})
        data = arguments(event, components, "")
        data[0] = [{"path": path, "orig_name": "secret.txt", "meta": {"_type": "gradio.FileData"}}]
        data[2] = "general"
        said = call_queued(client, event, data)
        assert "Documents" in said, said[:500]
        answer = client.get(f"/gradio_api/file={path}")
        assert text[:200] not in answer.content


def call_queued(client, event, data):
    session = secrets.token_hex(8)
    body = {"data": data, "fn_index": event["id"], "session_hash": session}
    client.post("/gradio_api/queue/join", json=body).raise_for_status()
    with client.stream("GET", f"/gradio_api/queue/data?session_hash={session}") as stream:
        for line in stream.iter_lines():
            if "process_completed" in line:
                return json.dumps(json.loads(line.removeprefix("data:")))
    return ""


@pytest.mark.parametrize(
    "change",
    [
        lambda address: address.replace("proof=", "proof=0"),
        lambda address: address.split("&proof")[0],
        lambda address: address.split("?")[0],
        lambda address: address.replace("until=", "until=9"),
    ],
)
def test_a_download_is_only_to_be_had_by_the_address_made_for_the_owner(page, finished, service, change):
    _, address = page
    good = download_address(finished, service.settings)
    assert httpx.get(f"{address}{good}", timeout=60).status_code == 200
    refused = httpx.get(f"{address}{change(good)}")
    assert refused.status_code == 403
    assert refused.json()["detail"].startswith("This is no address of a download")
