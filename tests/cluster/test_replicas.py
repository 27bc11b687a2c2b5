"""Two pages on one data folder behind a proxy, each in namespaces of its own, as in two containers.

Each has its own process table, so neither sees the other's processes, and all of a container dies with it.
"""

import os
import shutil
import signal
import subprocess
import sys
import urllib.request
from contextlib import suppress
from pathlib import Path

import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError

from mlm_demo.runs.store import RunStore
from tests.support.faults import ALONE, start_over_http
from tests.support.nightly import NIGHTLY
from tests.support.paths import ROOT, free_port
from tests.support.runs import until

CONTAINER = ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "--ipc", "--uts")
PROXY = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{}}
http {{
  access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxied; client_max_body_size 200m;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  upstream pages {{ ip_hash; {servers} }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://pages; proxy_buffering off; proxy_http_version 1.1; proxy_read_timeout 600s;
      proxy_set_header Host $http_host; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    }}
  }}
}}
"""

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.skipif(not NIGHTLY, reason="it starts two pages and a proxy: make nightly"),
    pytest.mark.skipif(
        not (shutil.which("unshare") and shutil.which("nginx")) or os.geteuid() != 0,
        reason="it takes root, unshare and nginx",
    ),
]


class Container:
    """A page in its own namespaces."""

    def __init__(self, data: Path, log: Path):
        self.data, self.log, self.port = data, log, free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.start()

    def start(self) -> None:
        own = {"MLM_DEMO_DATA": str(self.data), "MLM_DEMO_PORT": str(self.port), "MLM_DEMO_PROXIES": "1"}
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [*CONTAINER, sys.executable, "app.py"],
                cwd=ROOT,
                env={**os.environ, **own, **ALONE},
                stdout=log,
                stderr=log,
            )
        until(lambda: self.address in self.log.read_text(), 120, message=self.log.read_text, pause=0.5)

    def kill(self) -> None:
        """Kill it with all processes in it."""
        self.process.kill()
        self.process.wait()


@pytest.fixture
def containers(tmp_path):
    made = [Container(tmp_path / "data", tmp_path / f"page-{number}.log") for number in range(2)]
    yield made
    for container in made:
        container.kill()


@pytest.fixture
def proxy(containers, tmp_path):
    """A proxy that sends an address to the same page each time, as long as that page answers."""
    folder, port = tmp_path / "proxy", free_port()
    folder.mkdir()
    servers = " ".join(f"server 127.0.0.1:{container.port} max_fails=1;" for container in containers)
    (folder / "nginx.conf").write_text(PROXY.format(folder=folder, servers=servers, port=port))
    nginx = subprocess.Popen(["nginx", "-c", str(folder / "nginx.conf"), "-p", str(folder)])
    yield f"http://127.0.0.1:{port}"
    nginx.send_signal(signal.SIGQUIT)
    with suppress(subprocess.TimeoutExpired):
        nginx.wait(10)
    nginx.kill()


def test_runs_limits_secrets_and_downloads_are_shared(containers, proxy, tmp_path, tiny):
    one = containers[0]
    runs = RunStore(tmp_path / "data" / "runs")
    clients = [Client(container.address, verbose=False) for container in containers]
    long = start_over_http(clients[0], tmp_path, tiny, 50_000)
    run = runs.find(long["run"])
    until(lambda: clients[1].predict(run=run.id, api_name="/run_status")["step"], 120, pause=0.5)
    assert run.state == "running", "the other page counts its worker, which it cannot see"
    short = start_over_http(clients[1], tmp_path, tiny, 4, seed=1)
    assert clients[0].predict(run=short["run"], api_name="/run_status")["place"] == 1, "one queue"

    stopped = clients[1].predict(run=run.id, owner=long["owner"], api_name="/stop_run")
    assert stopped["state"] in ("stopping", "stopped")
    until(lambda: run.state == "stopped", 120, lambda: (run.state, run.message))
    until(lambda: runs.find(short["run"]).state == "done", 120, lambda: runs.find(short["run"]).state)
    with pytest.raises(AppError):
        clients[0].predict(run=run.id, owner="somebody else", api_name="/stop_run")

    # A link that one page signed, opened at the other, and again after the one was started anew.
    status = clients[0].predict(run=short["run"], owner=short["owner"], api_name="/run_status")
    one.kill()
    one.start()
    for container in containers:
        with urllib.request.urlopen(f"{container.address}/{status['download']}") as answer:
            assert answer.read(2) == b"PK"

    # Through the proxy, whose page for this address is killed in the middle of a run.
    through = Client(proxy, verbose=False)
    third = start_over_http(through, tmp_path, tiny, 50_000, seed=2)
    run = runs.find(third["run"])
    until(lambda: through.predict(run=run.id, api_name="/run_status")["step"], 120, pause=0.5)
    serving = next(container for container in containers if _has_worker(container, run.id))
    serving.kill()
    until(lambda: run.state == "interrupted", 60, lambda: run.state)
    again = Client(proxy, verbose=False)
    answer = again.predict("Paris is the <mask> of France.", api_name="/fill_mask")
    assert answer["masks"][0][0]["word"] == "capital"
    reached = max(line["step"] for line in run.lines() if "loss" in line)
    run.requeue()  # what Resume does
    until(
        lambda: max(line.get("step", 0) for line in run.lines()) > reached,
        120,
        lambda: (run.state, run.message),
    )
    again.predict(run=run.id, owner=third["owner"], api_name="/stop_run")
    until(lambda: run.state == "stopped", 120, lambda: (run.state, run.message))


def _has_worker(container: Container, id: str) -> bool:
    """Whether the worker of a run is a process of a container: its ancestors lead there."""
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if id.encode() in (folder / "cmdline").read_bytes():
                pid = int(folder.name)
                while pid > 1:
                    if pid == container.process.pid:
                        return True
                    pid = int((Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[1])
    return False
