"""What is uploaded goes, whatever became of the upload, of what took it, and of the server."""

import os
import socket
import tempfile
import time
from types import SimpleNamespace

import httpx
import pytest

from mlm_demo.runs.store import RunStore
from mlm_demo.web.server.uploads import SECONDS_KEPT, keep_sweeping, place, sweep
from tests.support.faults import start_over_http
from tests.support.runs import kill_workers, until


def made(path, seconds):
    """A file of so many seconds ago, as its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("bees")
    for one in (path, path.parent):
        os.utime(one, (time.time() - seconds,) * 2)
    return path


def test_an_upload_stays_for_an_hour_and_so_do_the_parts_of_one_that_is_not_complete(tmp_path):
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


def test_where_nothing_was_uploaded_nothing_is_swept(tmp_path):
    sweep(tmp_path / "uploads")


def test_an_upload_goes_that_is_kept_by_another(tmp_path, monkeypatch):
    """What cannot be deleted keeps nothing else from it."""
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


def test_uploads_have_a_folder_of_the_data_folder(environment, tmp_path):
    assert place(tmp_path / "data" / "uploads") == tmp_path / "data" / "uploads"
    assert os.environ["GRADIO_TEMP_DIR"] == str(tmp_path / "data" / "uploads")


def test_in_a_folder_of_the_owners_choice_nothing_else_is_deleted(environment, tmp_path):
    environment.setenv("GRADIO_TEMP_DIR", str(tmp_path / "own"))
    thesis = made(tmp_path / "own" / "thesis.txt", SECONDS_KEPT + 9)
    sweep(place(tmp_path / "data" / "uploads"))
    assert os.environ["GRADIO_TEMP_DIR"] == str(tmp_path / "own" / "mlm_demo")
    assert thesis.exists()


def test_where_the_data_folder_cannot_be_written_they_are_elsewhere_and_swept(environment, tmp_path):
    (tmp_path / "data").write_text("no folder")
    environment.setenv("TMPDIR", str(tmp_path))
    environment.setattr(tempfile, "tempdir", None)
    folder = place(tmp_path / "data" / "uploads")
    assert folder.is_dir()
    assert folder.parent == tmp_path
    assert os.environ["GRADIO_TEMP_DIR"] == str(folder)


def test_what_gradio_remembers_of_them_is_forgotten(tmp_path, monkeypatch):
    page, turns = SimpleNamespace(temp_file_sets=[{"a"}, {"b"}]), iter([True, False])
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    keep_sweeping(tmp_path, page, lambda: next(turns))
    assert page.temp_file_sets == [set(), set()]


def break_off(address):
    """Send the beginning of a file, and hang up."""
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


def test_uploads_taken_left_and_broken_off_are_gone_an_hour_after_though_the_server_was_killed(
    servers, tmp_path, tiny
):
    data = tmp_path / "data"
    server = servers(data)
    client = server.client()
    start_over_http(client, tmp_path, tiny, 1)  # taken
    httpx.post(
        f"{server.address}/gradio_api/upload", files={"files": ("left.txt", b"bees")}
    ).raise_for_status()
    before = set((data / "uploads").iterdir())
    break_off(server.address)
    until(lambda: any(path.stat().st_size for path in set((data / "uploads").iterdir()) - before))
    server.kill()
    kill_workers(RunStore(data / "runs"))
    there = sorted((data / "uploads").glob("**/*"))
    assert {"left.txt", "corpus-0.txt"} <= {path.name for path in there}
    for path in there:
        os.utime(path, (time.time() - SECONDS_KEPT - 9,) * 2)
    servers(data)
    until(lambda: not list((data / "uploads").iterdir()))
