"""A Ray cluster as its dashboard's HTTP interface shows it: nodes and jobs.

Plain HTTP, so the machine that serves the page need not have Ray installed, and every request has a time limit. As in
Ray 2.60: `/api/version`, `/api/v0/nodes` and the Jobs API (docs.ray.io, "Ray Jobs REST API").
"""

import http.client
import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from mlm_demo.errors import RunError, UnreachableError, shown

LABEL = "mlm_demo"  # the custom resource of the nodes that may train
SECONDS_TO_ANSWER = 10
SECONDS_BEFORE_NEXT_TRY = 5  # after a request without an answer
RUNNING, WAITING = "RUNNING", "PENDING"
BAD_REQUEST = "status code 400"  # Ray answers 500 to a job that it refuses, with this in its text


@dataclass(frozen=True)
class Node:
    """A living node. ip: its address; resources: all that it has, also those in use."""

    id: str
    ip: str
    resources: Mapping[str, float]

    def places(self, gpus: int) -> int:
        """Return how many runs with so many GPUs each it can work on at once."""
        places = self.resources.get(LABEL, 0)
        return int(min(places, self.resources.get("GPU", 0) / gpus) if gpus else places)


@dataclass(frozen=True)
class Job:
    """A submitted job. ip: of its node, empty before it has one; exit_code: None unless its command has ended."""

    status: str
    ip: str
    message: str
    exit_code: int | None

    @property
    def has_ended(self) -> bool:
        """Whether its command will not run any more, as far as Ray knows."""
        return self.status not in (WAITING, RUNNING)


class RayCluster:
    """The cluster behind the dashboard at an address. token: Ray's, empty for none.

    Every method raises UnreachableError if it cannot be asked now, and RunError if it refuses.
    """

    def __init__(self, address: str, token: str = ""):
        self.address = address if "://" in address else f"http://{address}"
        self.token = token
        self._opener = urllib.request.build_opener(_NoRedirect)
        self._silent: tuple[float, str] = (0.0, "")

    def version(self) -> str:
        """Return the version of its Ray."""
        with self._rays_answer():
            return str(self._ask("/api/version")["ray_version"])

    def is_open(self) -> bool:
        """Return whether it answers to people without its token, who could then run any code there."""
        try:
            self._ask("/api/jobs/", authorized=False)
        except UnreachableError:
            return False
        return True

    def nodes(self) -> list[Node]:
        """Return the living nodes."""
        with self._rays_answer():
            found = self._ask("/api/v0/nodes?detail=true&limit=10000")["data"]["result"]["result"]
            return [
                Node(node["node_id"], node["node_ip"], node["resources_total"] or {})
                for node in found
                if node["state"] == "ALIVE"
            ]

    @contextmanager
    def _rays_answer(self) -> Iterator[None]:
        """Within this context an answer that Ray's dashboard would not give raises UnreachableError."""
        try:
            yield
        except (TypeError, KeyError, AttributeError):
            raise UnreachableError(
                f"{self.address} does not answer as Ray's dashboard does; set RAY_ADDRESS to the dashboard, such as "
                "http://HEAD:8265."
            ) from None

    def job(self, name: str) -> Job | None:
        """Return a job, None if the cluster knows none of this name."""
        found = self._ask(f"/api/jobs/{name}")
        if found is None:
            return None
        ip = urlsplit(found.get("driver_agent_http_address") or "").hostname or ""
        return Job(found["status"], ip, found.get("message") or "", found.get("driver_exit_code"))

    def submit(self, name: str, command: str, environment: Mapping[str, str], **wanted) -> None:
        """Submit a job; do nothing if one of this name is there already.

        wanted: what the node must have, as `entrypoint_num_gpus`, `entrypoint_resources` or
        `entrypoint_label_selector`; without any Ray would choose the head.
        """
        body = {"entrypoint": command, "submission_id": name, "runtime_env": {"env_vars": dict(environment)}}
        try:
            self._ask("/api/jobs/", {**body, **wanted})
        except RunError:
            if self.job(name) is None:
                raise

    def stop(self, name: str) -> None:
        """Ask a job to end, by SIGTERM and later SIGKILL."""
        self._ask(f"/api/jobs/{name}/stop", {})

    def log(self, name: str) -> str:
        """Return what Ray kept of a job's output; empty if its node is gone."""
        with suppress(RunError):
            return str((self._ask(f"/api/jobs/{name}/logs") or {}).get("logs", ""))
        return ""

    def _ask(self, path: str, body: dict | None = None, *, authorized: bool = True):
        """Return the JSON that a path answers with, None for 404."""
        until, why = self._silent
        if time.monotonic() < until:
            raise UnreachableError(why)
        headers = {"Content-Type": "application/json"}
        if authorized and self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        data = None if body is None else json.dumps(body).encode()
        try:
            request = urllib.request.Request(self.address + path, data, headers)
            with self._opener.open(request, timeout=SECONDS_TO_ANSWER) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            return self._refused(error)
        except (OSError, http.client.HTTPException, ValueError) as error:
            reason = getattr(error, "reason", error)
            reason = getattr(reason, "strerror", None) or reason
            why = f"The Ray cluster at {self.address} does not answer ({shown(reason)}); start it, or set RAY_ADDRESS"
            why += " to the address of its dashboard, such as http://HEAD:8265."
            if authorized:
                self._silent = time.monotonic() + SECONDS_BEFORE_NEXT_TRY, why
            raise UnreachableError(why) from error

    def _refused(self, error: urllib.error.HTTPError) -> None:
        with error:
            text = error.read().decode(errors="replace")
        if error.code == 404:
            return None
        if error.code < 400:
            raise UnreachableError(
                f"{self.address} does not answer as Ray's dashboard does ({error.code} {error.reason}); set "
                "RAY_ADDRESS to the dashboard, such as http://HEAD:8265."
            )
        if error.code >= 500 and BAD_REQUEST not in text:
            raise UnreachableError(
                f"The Ray cluster at {self.address} does not work now ({error.code} {error.reason})."
            )
        if error.code in (401, 403):
            raise UnreachableError(
                f"The Ray cluster at {self.address} refuses the token ({error.code}); set RAY_AUTH_TOKEN_PATH to a "
                "file with the cluster's token."
            )
        last = next((line for line in reversed(text.splitlines()) if line.strip(" .")), error.reason)
        raise RunError(
            f"The Ray cluster at {self.address} refuses the job ({error.code}: {shown(last, 200)})."
        )


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follows no redirection: the token is for this address alone."""

    def redirect_request(self, *_arguments) -> None:
        return None


def ray_token(environ: Mapping[str, str]) -> str:
    """Return the token of Ray's own variables or of its usual file; empty if there is none."""
    if token := environ.get("RAY_AUTH_TOKEN", "").strip():
        return token
    path = Path(environ.get("RAY_AUTH_TOKEN_PATH", "") or "~/.ray/auth_token").expanduser()
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        return ""
