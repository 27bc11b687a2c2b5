"""A stand-in for the part of the Hub that runs Jobs, with the routes that huggingface_hub 2.4 uses.

It runs the command of each job as a process of this machine, where the mounted folder is the folder itself.
"""

import json
import os
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

TOKEN = "may-start-jobs"
HARDWARE = [
    {
        "name": "cpu-basic",
        "prettyName": "CPU Basic",
        "cpu": "2 vCPU",
        "ram": "16 GB",
        "unitCostMicroUSD": 167,
    },
    {
        "name": "t4-small",
        "prettyName": "Nvidia T4 - small",
        "cpu": "4 vCPU",
        "ram": "15 GB",
        "unitCostMicroUSD": 6667,
    },
]


class HubJobsStandIn:
    """jobs: as the Hub shows them, the newest first; starts: whether a job begins.

    refuses, refuses_questions: the status of its answer to each job, and to each question about jobs; 0 for neither.
    """

    def __init__(self):
        self.jobs: list[dict] = []
        self.processes: dict[str, subprocess.Popen] = {}
        self.submitted: list[dict] = []
        self.starts, self.refuses, self.refuses_questions = True, 0, 0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        for process in self.processes.values():
            process.kill()
        self._server.shutdown()
        self._server.server_close()

    def get(self, path: str, query: dict) -> tuple[int, object]:
        if path == "/api/whoami-v2":
            return 200, {"name": "clinic", "type": "user"}
        if path == "/api/jobs/hardware":
            more = {"ephemeralStorage": "20 GB", "accelerator": None, "unitLabel": "minute"}
            return 200, [{**one, **more, "unitCostUSD": one["unitCostMicroUSD"] / 1e6} for one in HARDWARE]
        if self.refuses_questions:
            return self.refuses_questions, {"error": "as it was told"}
        for job in self.jobs:
            self._look(job)
        wanted = dict(label.split("=", 1) for label in query.get("label", []))
        return 200, [job for job in self.jobs if wanted.items() <= job["labels"].items()]

    def post(self, path: str, body: dict) -> tuple[int, object]:
        if path.endswith("/cancel"):
            job = next(job for job in self.jobs if job["id"] == path.split("/")[4])
            if process := self.processes.pop(job["id"], None):
                process.kill()
            job["status"] = {"stage": "CANCELED", "message": None}
            return 200, job
        if self.refuses:
            return self.refuses, {"error": "as it was told"}
        self.submitted.append(body)
        job = {
            "id": f"{len(self.submitted):024}",
            "flavor": body["flavor"],
            "labels": body["labels"],
            "status": {"stage": "SCHEDULING", "message": None},
            "owner": {"id": "1", "name": path.split("/")[3], "type": "user"},
        }
        self.jobs.insert(0, job)
        if self.starts:
            self.begin(job, body)
        return 200, job

    def begin(self, job: dict, body: dict) -> None:
        """Give a job a machine."""
        job["status"] = {"stage": "RUNNING", "message": None}
        self.processes[job["id"]] = subprocess.Popen(
            body["command"], env={**os.environ, **body.get("environment", {})}, start_new_session=True
        )

    def _look(self, job: dict) -> None:
        process = self.processes.get(job["id"])
        if process and job["status"]["stage"] == "RUNNING" and (code := process.poll()) is not None:
            code = 128 - code if code < 0 else code
            message = f"Job failed with exit code: {code}" if code else None
            job["status"] = {"stage": "ERROR" if code else "COMPLETED", "message": message}


def _handler(hub: HubJobsStandIn) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_GET(self):
            address = urlsplit(self.path)
            self._answer(lambda: hub.get(address.path, parse_qs(address.query)))

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"] or 0))
            self._answer(lambda: hub.post(self.path, json.loads(body or b"{}")))

        def _answer(self, found):
            allowed = self.headers["Authorization"] == f"Bearer {TOKEN}"
            code, value = found() if allowed else (401, {"error": "Invalid username or password."})
            data = json.dumps(value).encode()
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    return Handler
