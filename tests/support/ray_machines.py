"""A Ray cluster of machines on this one: network, processes and /tmp/ray in namespaces of their own; root only.

A bridge joins them, and this machine, where the page's server would run, reaches them by it. Files are shared.
"""

import os
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from tests.support.ray_nodes import WITH_TOKEN
from tests.support.runs import until

BRIDGE, NETWORK = "mlm-demo-ray", "10.177.23"
HEAD, GCS, DASHBOARD = 2, 6379, 8265
SMALL = "--object-store-memory=80000000"
RAY = str(Path(sys.executable).with_name("ray"))
# Ray declares a silent node dead after 30 s; the tests need not wait for so long.
SOON = {"RAY_health_check_period_ms": "1000", "RAY_health_check_failure_threshold": "5"}


def can_make_machines() -> bool:
    """Whether this machine lets us make namespaces and bridges."""
    if os.geteuid() != 0 or not (shutil.which("ip") and shutil.which("unshare")):
        return False
    made = subprocess.run(["ip", "link", "add", BRIDGE, "type", "bridge"], capture_output=True, check=False)
    if made.returncode == 0:
        _run("ip", "link", "del", BRIDGE)
    return made.returncode == 0


def _run(*words: str) -> None:
    subprocess.run(words, check=True, capture_output=True)


class Machine:
    """A network namespace with an address, and a Ray node in it once it is started."""

    def __init__(self, number: int, folder: Path):
        self.number, self.name, self.address = number, f"{BRIDGE}-{number}", f"{NETWORK}.{number}"
        self.link, self.log, self.process = f"mlmray{number}", folder / f"machine-{number}.log", None
        self.remove()  # what a test that was killed has left
        inside = ("ip", "-n", self.name)
        _run("ip", "netns", "add", self.name)
        _run("ip", "link", "add", self.link, "type", "veth", "peer", "name", "eth0", "netns", self.name)
        _run("ip", "link", "set", self.link, "master", BRIDGE, "up")
        _run(*inside, "address", "add", f"{self.address}/24", "dev", "eth0")
        _run(*inside, "link", "set", "eth0", "up")
        _run(*inside, "link", "set", "lo", "up")

    def start(self, *options: str) -> None:
        """Start Ray in it."""
        own = {**WITH_TOKEN, **SOON, "RAY_TMPDIR": "/tmp"}  # its folder in there is the machine's own
        ray = [RAY, "start", *options, f"--node-ip-address={self.address}", SMALL, "--block"]
        script = 'mkdir -p /tmp/ray && mount -t tmpfs tmpfs /tmp/ray && exec "$@"'
        unshare = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                ["ip", "netns", "exec", self.name, *unshare, "sh", "-c", script, "sh", *ray],
                env={**os.environ, **own},
                stdout=log,
                stderr=log,
            )

    def start_head(self) -> None:
        """Start the head, on which nothing trains."""
        self.start(
            "--head",
            f"--port={GCS}",
            "--num-cpus=0",
            "--dashboard-host=0.0.0.0",
            f"--dashboard-port={DASHBOARD}",
        )

    def join(self) -> None:
        """Start a node that may train."""
        resources = '--resources={"mlm_demo": 1}'
        self.start(f"--address={NETWORK}.{HEAD}:{GCS}", "--num-cpus=1", "--num-gpus=0", resources)

    def connect(self, up: bool) -> None:
        """Set the link of the machine up or down, as if somebody pulled its cable."""
        _run("ip", "link", "set", self.link, "up" if up else "down")

    def kill(self) -> None:
        """Kill all its processes."""
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def remove(self) -> None:
        """Kill it, and take the namespace away."""
        self.kill()
        with suppress(subprocess.CalledProcessError):
            _run("ip", "netns", "del", self.name)
        with suppress(subprocess.CalledProcessError):
            _run("ip", "link", "del", self.link)


class RayMachines:
    """A head and two machines that may train. address: of the dashboard."""

    address = f"http://{NETWORK}.{HEAD}:{DASHBOARD}"

    def __init__(self, folder: Path):
        with suppress(subprocess.CalledProcessError):  # of a test that was killed
            _run("ip", "link", "del", BRIDGE)
        _run("ip", "link", "add", BRIDGE, "type", "bridge")
        _run("ip", "address", "add", f"{NETWORK}.1/24", "dev", BRIDGE)
        _run("ip", "link", "set", BRIDGE, "up")
        self.head, *self.nodes = self.machines = [Machine(HEAD + number, folder) for number in range(3)]

    def start(self, nodes_there) -> None:
        """Start Ray everywhere; nodes_there: returns how many nodes the cluster counts that may train."""

        def all_there() -> bool:
            for machine in self.machines:  # on a busy machine Ray's own 30 s are too few for a node to start
                if machine.process is None or machine.process.poll() is not None:
                    machine.start_head() if machine is self.head else machine.join()
            return nodes_there() == len(self.nodes)

        until(all_there, 300, self.logs, pause=1)

    def at(self, address: str) -> Machine:
        """Return the machine at an address."""
        return next(machine for machine in self.machines if machine.address == address)

    def logs(self) -> str:
        """Return the ends of what the machines have printed."""
        return "\n".join(machine.log.read_text()[-500:] for machine in self.machines if machine.log.exists())

    def close(self) -> None:
        """Take everything away."""
        for machine in self.machines:
            machine.remove()
        _run("ip", "link", "del", BRIDGE)
