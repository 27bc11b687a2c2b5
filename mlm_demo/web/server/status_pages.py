"""Status pages behind the owner's password: `/status` for people, `/metrics` for Prometheus."""

import time
from collections import Counter
from collections.abc import Callable, Iterable
from hmac import compare_digest
from pathlib import Path
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException
from fastapi.responses import HTMLResponse, Response
from fastapi.security import HTTPBasic, HTTPBasicCredentials
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from mlm_demo.inference.engine import Engine
from mlm_demo.runs.run import ACTIVE, ENDED
from mlm_demo.runs.service import RunService
from mlm_demo.system.files import free_bytes
from mlm_demo.web.html import facts_table

STATES = (*sorted(ACTIVE), *sorted(ENDED))
SECONDS_BETWEEN_LOADS = 10
REALM = "mlm_demo"
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="refresh" content="{seconds}"><title>mlm_demo: status</title>
<style>
:root {{ color-scheme: light dark }}
body {{ font: 1rem/1.5 ui-sans-serif, system-ui, sans-serif; margin: 2rem auto; max-width: 44rem; padding: 0 1rem }}
h2 {{ font-size: 1.1rem; margin: 1.6rem 0 .3rem }} table {{ border-collapse: collapse; width: 100% }}
th, td {{ text-align: left; padding: .2rem .6rem .2rem 0; border-bottom: 1px solid #8884; font-weight: 400 }}
td {{ text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }}
</style><h1>Status</h1><p>At {at} UTC. This page reloads every {seconds} seconds.</p>{tables}"""


class StatusCollector(Collector):
    """Gauges of the current state: runs, queue, memory, disk, models."""

    def __init__(self, service: RunService, engine: Engine, count_waiting: Callable[[], int]):
        self.service, self.engine, self.count_waiting = service, engine, count_waiting

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Yield the gauges, as prometheus_client asks for them."""
        found = self.service.runs.all()
        states = Counter(run.state for run in found)
        runs = GaugeMetricFamily("mlm_demo_runs", "Adaptation runs by state.", labels=["state"])
        for state in STATES:
            runs.add_metric([state], states[state])
        yield runs
        training = [run for run in found if run.state in ("running", "stopping")]
        folder = self.service.settings.data_folder
        gauges = {
            "mlm_demo_queued_events": ("Events waiting in Gradio's queue.", self.count_waiting()),
            "mlm_demo_memory_bytes": ("Resident memory of the server.", resident_bytes("self")),
            "mlm_demo_worker_memory_bytes": (
                "Resident memory of the training processes.",
                sum(resident_bytes(run.worker["pid"]) for run in training if run.worker),
            ),
            "mlm_demo_runs_bytes": ("Disk space used by all runs.", sum(self.service.runs.sizes().values())),
            "mlm_demo_disk_free_bytes": ("Free disk space for the data folder.", free_bytes(folder)),
            "mlm_demo_models_in_memory": ("Models in memory.", self.engine.count_in_memory()),
        }
        for name, (description, value) in gauges.items():
            yield GaugeMetricFamily(name, description, value=value)


def add_status_pages(app: FastAPI, collector: StatusCollector) -> None:
    """Serve both pages to anyone who gives the owner's password; to no one if the settings have none."""
    registry = CollectorRegistry()
    registry.register(collector)
    owner_only = [Depends(_password_check(collector.service.settings.owner_password))]

    @app.get("/metrics", dependencies=owner_only)
    def metrics() -> Response:
        return Response(generate_latest(REGISTRY) + generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    @app.get("/status", dependencies=owner_only)
    def status() -> HTMLResponse:
        return HTMLResponse(_page(registry))


def resident_bytes(pid: int | str) -> int:
    """Return a process's resident memory, 0 if it is gone or the system does not report it (proc(5))."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS"))
    except (OSError, StopIteration):
        return 0


def _password_check(password: str) -> Callable:
    """Return a dependency that raises 401 for a wrong password, whatever the user name beside it."""

    def refuse() -> None:
        kind = "a password of ASCII characters" if password else "a password"
        raise HTTPException(404, f"Set MLM_DEMO_OWNER_PASSWORD to {kind} to enable this page.")

    def check(credentials: Annotated[HTTPBasicCredentials, Depends(HTTPBasic(realm=REALM))]) -> None:
        if not compare_digest(credentials.password.encode(), password.encode()):
            challenge = {"WWW-Authenticate": f'Basic realm="{REALM}"'}
            raise HTTPException(401, "This page asks for the owner's password.", challenge)

    # HTTPBasic decodes ASCII only, so no other password could ever match.
    return check if password and password.isascii() else refuse


def _page(registry: CollectorRegistry) -> str:
    rows = {
        "Runs and machine": [_gauge(sample) for sample in _samples(registry)],
        "Events, with their mean time": [
            (_label(sample), f"{sample.value:,.0f} × {_mean(sample)}")
            for sample in _samples(REGISTRY, "mlm_demo_event_seconds_count")
        ],
        "Refusals": _counts("mlm_demo_refusals_total"),
        "Responses": _counts("mlm_demo_responses_total"),
    }
    tables = "".join(
        f"<h2>{title}</h2>{facts_table(facts) or '<p>None yet.</p>'}" for title, facts in rows.items()
    )
    at = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime())
    return PAGE.format(seconds=SECONDS_BETWEEN_LOADS, at=at, tables=tables)


def _samples(registry: CollectorRegistry, name: str = "") -> list:
    found = [sample for family in registry.collect() for sample in family.samples]
    return [sample for sample in found if not name or sample.name == name]


def _counts(name: str) -> list[tuple[str, str]]:
    return [(_label(sample), f"{sample.value:,.0f}") for sample in _samples(REGISTRY, name)]


def _label(sample) -> str:
    return " · ".join(sample.labels.values())


def _gauge(sample) -> tuple[str, str]:
    name = sample.name.removeprefix("mlm_demo_").replace("_", " ")
    if name.endswith(" bytes"):
        return name.removesuffix(" bytes"), f"{sample.value / 1e6:,.0f} MB"
    return f"{name} {_label(sample)}".strip(), f"{sample.value:,.0f}"


def _mean(sample) -> str:
    total = REGISTRY.get_sample_value("mlm_demo_event_seconds_sum", sample.labels) or 0.0
    return f"{1000 * total / max(1.0, sample.value):,.0f} ms"
