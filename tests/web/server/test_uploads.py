"""Uploads are deleted in time, whatever happened to the upload, to its event and to the server."""

import os
import socket
import tempfile
import time
from types import SimpleNamespace

import httpx
import pytest

from mlm_demo.runs.store import RunStore
from mlm_demo.web.server.uploads import SECONDS_KEPT, choose_folder, delete_uploads, keep_sweeping, sweep
from tests.support.faults import start_over_http
from tests.support.runs import kill_workers, until


def made(path, seconds):
    """Make a file, and its folder, of this age."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("bees")
    for one in (path, path.parent):
        os.utime(one, (time.time() - seconds,) * 2)
    return path


def test_uploads_and_parts_of_incomplete_uploads_stay_for_an_hour(tmp_path):
    folder = tmp_path / "uploads"
    old, new = (
        made(folder / "a" / "old.txt", SECONDS_KEPT + 9),
        made(folder / "b" / "new.txt", SECONDS_KEPT - 9),
    )
    again = made(folder / "c" / "again.txt", SECONDS_KEPT + 9)
    made(folder / "c" / "other.txt", 9)
    left, written = made(folder / "tmp1", SECONDS_KEPT + 9), made(folder / "tmp2", SECONDS_KEPT - 9)
    sweep(folder)
    assert [path.exists() for path in (old, new, again, left, written)] == [False, True, True, False, True]
    assert not old.parent.exists()


def test_sweeping_without_an_upload_folder_does_nothing(tmp_path):
    sweep(tmp_path / "uploads")


def test_a_file_that_cannot_be_deleted_protects_no_other(tmp_path, monkeypatch):
    folder = tmp_path / "uploads"
    paths = [made(folder / f"tmp{number}", SECONDS_KEPT + 9) for number in range(3)]
    stock = type(paths[0]).unlink

    def unlink(path, *options):
        if path == paths[1]:
            raise PermissionError
        stock(path, *options)

    monkeypatch.setattr(type(paths[0]), "unlink", unlink)
    sweep(folder)
    assert list(folder.iterdir()) == [paths[1]]


@pytest.fixture
def environment(monkeypatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", "")
    return monkeypatch


def test_uploads_go_to_the_data_folder(environment, tmp_path):
    assert choose_folder(tmp_path / "data" / "uploads") == tmp_path / "data" / "uploads"
    assert os.environ["GRADIO_TEMP_DIR"] == str(tmp_path / "data" / "uploads")


def test_nothing_else_is_deleted_in_a_folder_that_the_owner_chose(environment, tmp_path):
    environment.setenv("GRADIO_TEMP_DIR", str(tmp_path / "own"))
    thesis = made(tmp_path / "own" / "thesis.txt", SECONDS_KEPT + 9)
    sweep(choose_folder(tmp_path / "data" / "uploads"))
    assert os.environ["GRADIO_TEMP_DIR"] == str(tmp_path / "own" / "mlm_demo")
    assert thesis.exists()


def test_uploads_go_elsewhere_if_the_data_folder_is_not_writable(environment, tmp_path):
    (tmp_path / "data").write_text("no folder")
    environment.setenv("TMPDIR", str(tmp_path))
    environment.setattr(tempfile, "tempdir", None)
    folder = choose_folder(tmp_path / "data" / "uploads")
    assert folder.is_dir()
    assert folder.parent == tmp_path
    assert os.environ["GRADIO_TEMP_DIR"] == str(folder)


def test_gradios_own_lists_of_uploads_are_cleared(tmp_path, monkeypatch):
    page, turns = SimpleNamespace(temp_file_sets=[{"a"}, {"b"}]), iter([True, False])
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    keep_sweeping(tmp_path, page, lambda: next(turns))
    assert page.temp_file_sets == [set(), set()]


def break_off(address):
    """Send the beginning of a file and close the connection."""
    host, port = address.removeprefix("http://").split(":")
    head = (
        '--x\r\nContent-Disposition: form-data; name="files"; filename="half.txt"\r\n'
        "Content-Type: text/plain\r\n\r\n"
    )
    with socket.create_connection((host, int(port))) as line:
        line.sendall(
            f"POST /gradio_api/upload HTTP/1.1\r\nHost: {host}\r\nContent-Length: 100000\r\n"
            f"Content-Type: multipart/form-data; boundary=x\r\n\r\n{head}{'bees ' * 9000}".encode()
        )
        time.sleep(0.5)


def upload(address):
    """Upload a file, the same each time, and return its path."""
    answer = httpx.post(f"{address}/gradio_api/upload", files={"files": ("left.txt", b"bees")})
    return answer.raise_for_status().json()[0]


def test_used_unused_and_interrupted_uploads_are_deleted_after_a_kill(servers, tmp_path, tiny):
    data = tmp_path / "data"
    server = servers(data)
    client = server.client()
    start_over_http(client, tmp_path, tiny, 1)  # taken
    one, other = upload(server.address), upload(server.address)
    assert one != other, "who reads or deletes one must not take the other"
    before = set((data / "uploads").iterdir())
    break_off(server.address)
    until(lambda: any(path.stat().st_size for path in set((data / "uploads").iterdir()) - before))
    server.kill()
    kill_workers(RunStore(data / "runs"))
    there = sorted((data / "uploads").glob("**/*"))
    assert "left.txt" in {path.name for path in there}
    for path in there:
        os.utime(path, (time.time() - SECONDS_KEPT - 9,) * 2)
    servers(data)
    until(lambda: not list((data / "uploads").iterdir()))


def test_uploads_that_were_read_are_deleted_and_nothing_else(tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    upload, other = tmp_path / "uploads" / "a" / "paper.txt", tmp_path / "own.txt"
    upload.parent.mkdir(parents=True)
    upload.touch()
    other.touch()
    delete_uploads([str(upload), str(other), str(tmp_path / "uploads" / ".." / "own.txt")])
    assert not upload.exists()
    assert other.exists()
    delete_uploads([str(upload)])
