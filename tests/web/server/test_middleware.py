import asyncio
import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from mlm_demo.settings import Settings
from mlm_demo.web.server.middleware import HTTP_PER_QUESTION, MAX_JSON_BYTES, RequestLimits

UPLOADS = Path("uploads")


async def page(scope, receive, send):
    """A stand-in for Gradio's application, with a header that must be replaced."""
    headers = [(b"content-type", b"text/html"), (b"Referrer-Policy", b"unsafe-url")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"page"})


def limited(on_space=False, **settings):
    return RequestLimits(page, Settings(**settings), on_space, UPLOADS)


def ask(app, path="/", method="GET", host="192.0.2.1", **headers):
    """Return the status, headers and body of the response to a request."""
    sent = []
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "root_path": "",
        "client": (host, 1),
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
    }

    async def send(message):
        sent.append(message)

    asyncio.run(app(scope, None, send))
    return sent[0]["status"], {k.decode().lower(): v.decode() for k, v in sent[0]["headers"]}, sent[1]["body"]


def test_an_allowed_request_passes_and_gets_security_headers():
    status, headers, body = ask(limited())
    assert (status, body) == (200, b"page")
    assert headers["referrer-policy"] == "same-origin"
    assert headers["x-content-type-options"] == "nosniff"
    assert "frame-ancestors 'self';" in headers["content-security-policy"] + ";"
    assert "https://" not in headers["content-security-policy"], "nothing of another host is loaded"


def test_a_space_may_frame_the_page():
    _, headers, _ = ask(limited(on_space=True))
    policy = headers["content-security-policy"]
    assert "frame-ancestors 'self' https://huggingface.co https://*.hf.space" in policy
    assert "x-frame-options" not in headers


def test_a_flooding_address_must_wait_and_others_need_not():
    app = limited(requests_a_minute_address=2)
    assert [ask(app)[0] for _ in range(2 * HTTP_PER_QUESTION)] == [200] * 2 * HTTP_PER_QUESTION
    status, headers, body = ask(app)
    assert status == 429
    assert headers["retry-after"] == "3"
    assert json.loads(body)["detail"].endswith("wait 3 seconds.")
    assert "referrer-policy" in headers
    assert ask(app, "/assets/index.js")[0] == 200, "files of the page cost nothing"
    assert ask(app, "/assets/index.js", "POST")[0] == 429
    assert ask(app, host="192.0.2.2")[0] == 200


def test_a_forged_forwarded_address_does_not_evade_the_limit():
    app = limited(requests_a_minute_address=1)
    found = [ask(app, x_forwarded_for=f"198.51.100.{number}")[0] for number in range(HTTP_PER_QUESTION + 1)]
    assert found[-1] == 429


def test_a_second_forged_forwarded_header_does_not_either():
    seen = []

    async def app(scope, receive, send):
        seen.append([value for name, value in scope["headers"] if name.lower() == b"x-forwarded-for"])
        await page(scope, receive, send)

    app = RequestLimits(app, Settings(proxies=1, requests_a_minute_address=1), False, UPLOADS)
    headers = [(b"X-Forwarded-For", b"198.51.100.7"), (b"x-forwarded-for", b"203.0.113.9")]
    statuses = []
    for number in range(HTTP_PER_QUESTION + 1):
        written = [(b"X-Forwarded-For", f"198.51.100.{number}".encode()), headers[1]]
        scope = {"type": "http", "method": "GET", "path": "/", "root_path": "", "headers": written}

        async def send(message):
            statuses.append(message.get("status"))

        asyncio.run(app(scope, None, send))
    assert seen[0] == [b"198.51.100.0, 203.0.113.9"], "one list, the proxy's own entry last"
    assert statuses[-2] == 429


@pytest.mark.parametrize(
    ("path", "length", "status"),
    [
        ("/gradio_api/run/predict", MAX_JSON_BYTES, 200),
        ("/gradio_api/run/predict", MAX_JSON_BYTES + 1, 413),
        ("/gradio_api/upload", MAX_JSON_BYTES + 1, 200),
        ("/gradio_api/upload", 5_000_000, 200),
        ("/gradio_api/upload", 6_100_000, 413),
        ("/gradio_api/upload", "many", 411),
        ("/gradio_api/queue/join", "", 411),
    ],
)
def test_a_request_above_its_size_limit_is_refused(path, length, status):
    headers = {"content_length": str(length)} if length != "" else {}
    found, _, body = ask(limited(max_upload_megabytes=5), path, "POST", **headers)
    assert found == status
    if status != 200:
        assert json.loads(body)["error"].count(".") >= 1


def test_many_files_from_one_address_must_wait():
    app = limited(max_upload_megabytes=5)
    found = [ask(app, "/gradio_api/upload", "POST", content_length="5000000")[0] for _ in range(6)]
    assert found == [200] * 5 + [429]


def test_a_full_disk_takes_no_files(monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=10_000_000))
    status, _, body = ask(limited(), "/gradio_api/upload", "POST", content_length="1000")
    assert status == 507
    assert b"The disk is full" in body
    assert ask(limited(), "/gradio_api/queue/join", "POST", content_length="1000")[0] == 200


def test_other_asgi_scopes_pass_unchanged():
    seen = []

    async def app(scope, receive, send):
        seen.append(scope["type"])

    asyncio.run(RequestLimits(app, Settings(), False, UPLOADS)({"type": "lifespan"}, None, None))
    assert seen == ["lifespan"]


def test_no_file_is_taken_if_the_folder_is_not_writable(tmp_path, monkeypatch):
    monkeypatch.setattr("mlm_demo.web.server.middleware.os.access", lambda path, mode: False)
    app = RequestLimits(page, Settings(), False, tmp_path)
    status, _, body = ask(app, "/gradio_api/upload", "POST", content_length="9")
    assert status == 507
    assert "is not writable" in json.loads(body)["error"]
