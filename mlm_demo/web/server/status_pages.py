"""For whoever runs the page: `/status` to look at, `/metrics` for Prometheus; both behind the owner's password."""

import time
from base64 import b64decode
from collections import Counter
from collections.abc import Callable, Iterable
from hmac import compare_digest
from html import escape
from pathlib import Path

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import HTMLResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from mlm_demo.inference.engine import Engine
from mlm_demo.runs.run import AT_REST, GOING
from mlm_demo.runs.service import RunService
from mlm_demo.system.files import free_bytes

STATES = (*sorted(GOING), *sorted(AT_REST))
SECONDS_BETWEEN_LOADS = 10
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="refresh" content="{seconds}"><title>mlm_demo: status</title>
<style>
:root {{ color-scheme: light dark }}
body {{ font: 1rem/1.5 ui-sans-serif, system-ui, sans-serif; margin: 2rem auto; max-width: 44rem; padding: 0 1rem }}
h2 {{ font-size: 1.1rem; margin: 1.6rem 0 .3rem }} table {{ border-collapse: collapse; width: 100% }}
th, td {{ text-align: left; padding: .2rem .6rem .2rem 0; border-bottom: 1px solid #8884; font-weight: 400 }}
td {{ text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }}
</style><h1>Status</h1><p>As of {at} UTC; loads anew every {seconds} seconds.</p>{tables}"""


class StatusCollector(Collector):
    """How things stand at the moment somebody asks: runs, memory, disk, models."""

    def __init__(self, service: RunService, engine: Engine, waiting: Callable[[], int]):
        self.service, self.engine, self.waiting = service, engine, waiting

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """The gauges, as prometheus_client asks for them."""
        found = self.service.runs.all()
        states = Counter(run.state for run in found)
        runs = GaugeMetricFamily("mlm_demo_runs", "Adaptations by their state.", labels=["state"])
        for state in STATES:
            runs.add_metric([state], states[state])
        yield runs
        folder = self.service.settings.data_folder
        gauges = {
            "mlm_demo_queued_events": ("Events that wait in Gradio's queue.", self.waiting()),
            "mlm_demo_memory_bytes": ("Resident memory of the server.", resident_bytes("self")),
            "mlm_demo_worker_memory_bytes": (
                "Resident memory of the processes that train.",
                sum(
                    resident_bytes(run.worker["pid"]) for run in found if run.state in ("running", "stopping")
                ),
            ),
            "mlm_demo_runs_bytes": ("Disk that all runs take.", sum(self.service.runs.sizes().values())),
            "mlm_demo_disk_free_bytes": (
                "Room left where the data folder is.",
                free_bytes(folder),
            ),
            "mlm_demo_models_in_memory": ("Models that are loaded.", self.engine.count_in_memory()),
        }
        for name, (what, value) in gauges.items():
            yield GaugeMetricFamily(name, what, value=value)


def add_owner_pages(app: FastAPI, standing: StatusCollector) -> None:
    """Serve the two pages, to whoever gives the password of the settings; without one in them, to nobody."""
    password = standing.service.settings.owner_password
    own = CollectorRegistry()
    own.register(standing)

    def check(request: Request) -> None:
        if not password:
            raise HTTPException(404, "Set MLM_DEMO_OWNER_PASSWORD to have this page.")
        if not compare_digest(_password(request.headers.get("authorization", "")), password.encode()):
            raise HTTPException(
                401, "The owner's password is asked for.", {"www-authenticate": 'Basic realm="mlm_demo"'}
            )

    @app.get("/metrics")
    def metrics(request: Request) -> Response:
        check(request)
        return Response(generate_latest(REGISTRY) + generate_latest(own), media_type=CONTENT_TYPE_LATEST)

    @app.get("/status")
    def status(request: Request) -> HTMLResponse:
        check(request)
        return HTMLResponse(_page(own))


def resident_bytes(pid: int | str) -> int:
    """The memory a process has in use, 0 if it is gone or the system does not tell (proc(5))."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS"))
    except (OSError, StopIteration):
        return 0


def _password(header: str) -> bytes:
    """The password of HTTP's basic scheme (RFC 7617), whatever the name beside it; empty where there is none."""
    scheme, _, value = header.partition(" ")
    try:
        return b64decode(value, validate=True).partition(b":")[2] if scheme.lower() == "basic" else b""
    except ValueError:
        return b""


def _page(own: CollectorRegistry) -> str:
    rows = {
        "Runs and machine": [_row(sample, *_labels(sample)) for sample in _samples(own)],
        "Events, with their mean time": [
            (*_labels(sample), f"{sample.value:,.0f} × {_mean(sample)}")
            for sample in _samples(REGISTRY, "mlm_demo_event_seconds_count")
        ],
        "Refusals": [
            (*_labels(sample), f"{sample.value:,.0f}")
            for sample in _samples(REGISTRY, "mlm_demo_refusals_total")
        ],
        "Responses": [
            (*_labels(sample), f"{sample.value:,.0f}")
            for sample in _samples(REGISTRY, "mlm_demo_responses_total")
        ],
    }
    tables = "".join(f"<h2>{title}</h2>{_table(cells)}" for title, cells in rows.items())
    at = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime())
    return PAGE.format(seconds=SECONDS_BETWEEN_LOADS, at=at, tables=tables)


def _samples(registry: CollectorRegistry, name: str = "") -> list:
    found = [sample for family in registry.collect() for sample in family.samples]
    return [sample for sample in found if not name or sample.name == name]


def _labels(sample) -> list[str]:
    return [" · ".join(sample.labels.values())]


def _row(sample, label: str) -> tuple[str, str]:
    name = sample.name.removeprefix("mlm_demo_").replace("_", " ")
    if name.endswith(" bytes"):
        return name.removesuffix(" bytes"), f"{sample.value / 1e6:,.0f} MB"
    return f"{name} {label}".strip(), f"{sample.value:,.0f}"


def _mean(sample) -> str:
    total = REGISTRY.get_sample_value("mlm_demo_event_seconds_sum", sample.labels) or 0.0
    return f"{1000 * total / max(1.0, sample.value):,.0f} ms"


def _table(rows: list[tuple]) -> str:
    cells = "".join(f"<tr><th>{escape(str(name))}</th><td>{escape(value)}</td></tr>" for name, value in rows)
    return f"<table>{cells}</table>" if cells else "<p>None yet.</p>"
