"""A stand-in for a Ray cluster's dashboard, for states that a real one takes long to reach.

`tests/cluster` asks a real one.
"""

import json
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

TOKEN = "token"


class RayStandIn:
    """jobs: by name, as the dashboard shows them; nodes: the same; runs_jobs: whether it runs the commands."""

    def __init__(self):
        self.jobs: dict[str, dict] = {}
        self.nodes = [node("one"), node("two")]
        self.version, self.needs_token, self.runs_jobs = "2.60.0", True, False
        self.submitted: list[dict] = []
        self.stopped: list[str] = []
        self.refuses = ""  # the text of its answer to each job
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def end(self, name: str, status: str, exit_code: int | None = None, message: str = "") -> None:
        """End a job as Ray does."""
        self.jobs[name] |= {"status": status, "driver_exit_code": exit_code, "message": message}

    def begin(self, name: str) -> None:
        """Let a job run on a node."""
        self.jobs[name] |= {"status": "RUNNING", "driver_agent_http_address": "http://10.0.0.7:52365"}

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def get(self, path: str) -> tuple[int, object]:
        if path == "/api/version":
            return 200, {"ray_version": self.version}
        if path.startswith("/api/v0/nodes"):
            return 200, {"data": {"result": {"result": self.nodes}}}
        if path == "/api/jobs/":
            return 200, list(self.jobs.values())
        name = path.split("/")[3]
        if name not in self.jobs:
            return 404, f"Job {name} does not exist"
        return 200, {"logs": "what Ray kept"} if path.endswith("/logs") else self.jobs[name]

    def post(self, path: str, body: dict) -> tuple[int, object]:
        if path.endswith("/stop"):
            self.stopped.append(path.split("/")[3])
            return 200, {"stopped": True}
        name = body["submission_id"]
        if self.refuses:
            return 500, self.refuses
        if name in self.jobs:
            return 500, f"RuntimeError: Request failed with status code 400: Job {name} already exists.\n."
        self.submitted.append(body)
        self.jobs[name] = {"submission_id": name, "status": "PENDING", "driver_node_id": "one"}
        if self.runs_jobs:
            environment = {"PATH": "/usr/bin:/bin", **body["runtime_env"]["env_vars"]}
            ended = subprocess.run(
                ["sh", "-c", body["entrypoint"]], env=environment, capture_output=True, text=True, check=False
            )
            self.end(name, "FAILED" if ended.returncode else "SUCCEEDED", ended.returncode, ended.stderr)
        return 200, {"submission_id": name}


def node(id: str, **resources: float) -> dict:
    """A node as the dashboard shows it."""
    resources = resources or {"GPU": 1.0, "mlm_demo": 1.0}
    return {"node_id": id, "node_ip": f"10.0.0.{len(id)}", "state": "ALIVE", "resources_total": resources}


def _handler(cluster: RayStandIn) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_GET(self):
            self._answer(lambda: cluster.get(self.path))

        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self._answer(lambda: cluster.post(self.path, body))

        def _answer(self, found):
            code, value = found() if self._is_allowed() else (403, "Forbidden")
            data = value.encode() if isinstance(value, str) else json.dumps(value).encode()
            self.send_response(code)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def _is_allowed(self):
            return not cluster.needs_token or self.headers["Authorization"] == f"Bearer {TOKEN}"

    return Handler


@pytest.fixture
def ray():
    """A stand-in for a cluster with two nodes, each with a GPU and one place."""
    cluster = RayStandIn()
    yield cluster
    cluster.close()
