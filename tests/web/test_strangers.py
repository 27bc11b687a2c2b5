"""Everything the page offers, tried by a stranger who owns nothing; the page's own configuration lists it all."""

import hashlib
import itertools
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from mlm_demo.runs.run import owner_hash
from mlm_demo.runs.tasks.adapt import AdaptRequest
from mlm_demo.settings import Settings
from mlm_demo.training.config import AdaptConfig
from mlm_demo.web.app import create_app, launch
from mlm_demo.web.identity import browser_secret, server_secret
from mlm_demo.web.server.downloads import download_address
from tests.support.http_events import STRANGER, arguments, call, events_of
from tests.support.nightly import nightly, some
from tests.support.paths import free_port
from tests.support.runs import corpus_text, until

# Tried in every path parameter, with a file of each kind from the data folder.
PATHS_IN = (
    "{file}",
    "..{file}",
    "../../../../../../../..{file}",
    "%2e%2e%2f%2e%2e%2f%2e%2e%2f%2e%2e{file}",
    "file://{file}",
)


@pytest.fixture(scope="module")
def page(tmp_path_factory, tiny):
    """A page over a data folder with somebody's finished run, stopped run and draft."""
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
    """Return a digest of every file in a folder, except the queue's lock."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and path.name not in (".lock", "version")
    }


def answers_to_a_stranger(page, known):
    """Return each event's answer to somebody who knows an id, by the name of its handler."""
    demo, address = page
    answers = defaultdict(str)
    with httpx.Client(base_url=address, timeout=120) as client:
        events, components = events_of(client)
        assert len(events) > 25, "the page has that many"
        names = [getattr(demo.fns[event["id"]].fn, "__name__", "") for event in events]
        with ThreadPoolExecutor(4) as threads:
            found = threads.map(
                lambda event: call(client, event, arguments(event, components, known)), events
            )
            for name, answer in zip(names, found, strict=True):
                answers[name] += answer
    for answer in answers.values():
        assert owner_hash("me") not in answer
        assert "proof=" not in answer, "a download is for its owner"
        assert corpus_text()[:300] not in answer
    return answers


@nightly
def test_no_event_shows_or_changes_somebody_elses_run(page, service):
    before = tree(service.runs.folder)
    answers = "".join(answers_to_a_stranger(page, "A" * 32).values())
    assert tree(service.runs.folder) == before
    assert not any(run.id in answers for run in service.runs.all()), "no id leaks"


def test_anyone_with_the_link_sees_the_run_and_changes_nothing(page, finished, stopped, service):
    before = tree(service.runs.folder)
    for run in some([finished, stopped], 1):
        answers = answers_to_a_stranger(page, run.id)
        for handler in ("stop", "resume", "delete", "push"):
            assert "was started in another browser" in answers[handler], handler
        scored = (
            "score_sentence",
            "first_answer",
            "score",
            "answer_cards",
        )  # which have a perplexity of their own
        seen = "".join(answer for name, answer in answers.items() if name not in scored)
        assert ("perplexity" in seen) == (run is finished), "anyone with the link sees the run"
        others = [other.id for other in service.runs.all() if other.id != run.id]
        assert others
        assert not any(id in "".join(answers.values()) for id in others), "no other id leaks"
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
            answers = client.get(f"/gradio_api/call{name}/{id}").text
            assert owner_hash("me") not in answers
            assert "proof=" not in answers
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
        for path, file, way, method in itertools.product(sorted(paths), files, PATHS_IN, ("GET", "POST")):
            filled = fill(path, way.format(file=file))
            answer = client.request(method, filled, json={} if method == "POST" else None)
            tried += 1
            assert not any(content in answer.content for content in secrets_in.values()), filled
    assert tried > 500


def test_what_every_page_holds_has_no_key_of_the_server(page, service):
    _, address = page
    config = httpx.get(address, timeout=60, follow_redirects=True).text
    assert server_secret(service.settings) not in config
    assert browser_secret(service.settings) in config


def fill(path, value):
    """Return a route's path with a value in place of each parameter."""
    while "{" in path:
        start, end = path.index("{"), path.index("}")
        path = path[:start] + value + path[end + 1 :]
    return path if path.startswith("/") else f"/{path}"


@pytest.mark.parametrize(("box", "shown"), [("files", "Documents"), ("extract-files", "1 paper")])
def test_an_uploaded_file_is_read_and_never_served(page, box, shown):
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
        event = next(
            event
            for event in events
            if event["inputs"] and components[event["inputs"][0]]["props"].get("elem_id") == box
        )
        data = arguments(event, components, "")
        inputs = [components[id]["props"].get("elem_id") for id in event["inputs"]]
        uploaded = {"path": path, "orig_name": "secret.txt", "meta": {"_type": "gradio.FileData"}}
        data[0] = [uploaded]
        if "base" in inputs:
            data[inputs.index("base")] = "general"
        answer = call(client, event, data)
        assert "process_completed" in answer
        assert shown in answer, answer[:500]
        answer = client.get(f"/gradio_api/file={path}")
        assert text[:200] not in answer.content


@pytest.mark.parametrize(
    "change",
    [
        lambda address: address.replace("proof=", "proof=0"),
        lambda address: address.split("&proof")[0],
        lambda address: address.split("?")[0],
        lambda address: address.replace("until=", "until=9"),
    ],
)
def test_a_download_needs_the_address_made_for_the_owner(page, finished, service, change):
    _, address = page
    good = download_address(finished, service.settings)
    assert httpx.get(f"{address}{good}", timeout=60).status_code == 200
    refused = httpx.get(f"{address}{change(good)}")
    assert refused.status_code == 403
    assert refused.json()["detail"].startswith("This is not a valid download address")
