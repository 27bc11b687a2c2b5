import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from mlm_demo.errors import UnreachableError
from mlm_demo.runs.launchers import ray_cluster
from mlm_demo.runs.launchers.ray_cluster import Node, RayCluster, ray_token


@pytest.mark.parametrize(
    ("resources", "gpus", "places"),
    [
        ({"mlm_demo": 2.0, "GPU": 4.0}, 1, 2),
        ({"mlm_demo": 4.0, "GPU": 1.0}, 1, 1),
        ({"mlm_demo": 4.0}, 1, 0),
        ({"mlm_demo": 4.0}, 0, 4),
        ({"GPU": 8.0}, 0, 0),
        ({"mlm_demo": 0.5}, 0, 0),
    ],
)
def test_the_places_of_a_node(resources, gpus, places):
    assert Node("a", "10.0.0.1", resources).places(gpus) == places


def test_the_token_is_that_of_rays_own_variables(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert ray_token({}) == ""
    (tmp_path / ".ray").mkdir()
    (tmp_path / ".ray" / "auth_token").write_text("usual\n")
    (tmp_path / "own").write_text(" own\n")
    assert ray_token({}) == "usual"
    assert ray_token({"RAY_AUTH_TOKEN_PATH": str(tmp_path / "own")}) == "own"
    assert ray_token({"RAY_AUTH_TOKEN": "given", "RAY_AUTH_TOKEN_PATH": str(tmp_path / "own")}) == "given"
    assert ray_token({"RAY_AUTH_TOKEN_PATH": str(tmp_path / "none")}) == ""


def test_a_cluster_that_did_not_answer_is_left_alone_for_seconds(ray, monkeypatch):
    cluster = RayCluster("http://127.0.0.1:9", "token")
    with pytest.raises(UnreachableError, match="does not answer"):
        cluster.nodes()
    cluster.address = ray.address
    with pytest.raises(UnreachableError, match="does not answer"):
        cluster.nodes()
    monkeypatch.setattr(ray_cluster, "SECONDS_BEFORE_NEXT_TRY", 0)
    cluster._silent = (0.0, "")
    assert len(cluster.nodes()) == 2


def test_the_token_follows_no_redirection_and_a_page_that_is_no_dashboard_is_named():
    seen = []

    class Elsewhere(BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_GET(self):
            seen.append(self.path)
            self.send_response(302 if self.path == "/api/version" else 200)
            self.send_header("Location", "/stolen")
            self.send_header("Content-Length", "6")
            self.end_headers()
            self.wfile.write(b"<html>")

    server = HTTPServer(("127.0.0.1", 0), Elsewhere)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    cluster = RayCluster(f"127.0.0.1:{server.server_port}", "token")
    with pytest.raises(UnreachableError, match="does not answer as Ray's dashboard does"):
        cluster.version()
    assert seen == ["/api/version"]
    cluster._silent = (0.0, "")
    with pytest.raises(UnreachableError, match="does not answer"):
        cluster.job("one")
    server.shutdown()
    server.server_close()


def test_another_server_at_the_address_is_named(ray, monkeypatch):
    """It answers 404 or other JSON."""
    cluster = RayCluster(ray.address, "token")
    for answer in (None, {}, {"data": None}):
        monkeypatch.setattr(cluster, "_ask", lambda path, answer=answer: answer)
        for asked in (cluster.version, cluster.nodes):
            with pytest.raises(
                UnreachableError, match="does not answer as Ray's dashboard does; set RAY_ADDRESS"
            ):
                asked()
