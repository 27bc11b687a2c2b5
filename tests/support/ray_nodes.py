"""A Ray cluster of several nodes on this machine, in a process of its own, so that its variables stay there."""

import json
import os
import subprocess
import sys
from contextlib import suppress

from tests.support.paths import ROOT

TOKEN = "0123456789abcdef" * 4
WITH_TOKEN = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": TOKEN, "RAY_USAGE_STATS_ENABLED": "0"}
SMALL = {"object_store_memory": 80_000_000}
CLUSTER = '''
import json, sys
from ray.cluster_utils import Cluster
SMALL = json.loads(sys.argv[1])
cluster, nodes = None, {}

def again(start, tries=4):
    """On a busy machine Ray's own 30 s are too few for a node to start."""
    try:
        return start()
    except Exception:
        if tries == 1:
            raise
        return again(start, tries - 1)

for line in sys.stdin:
    command, *words = line.split()
    if command == "head":
        head = {"num_cpus": 0, "include_dashboard": True, "dashboard_port": 0, **SMALL}
        cluster = again(lambda: Cluster(initialize_head=True, head_node_args=head))
        answer = [f"http://{cluster.webui_url}", cluster.address]
    elif command == "node":
        own = {"num_cpus": 1, "num_gpus": int(words[0]), "resources": {"mlm_demo": 1}, **SMALL}
        node = again(lambda: cluster.add_node(**own))
        nodes[node.node_id] = node
        answer = node.node_id
    else:
        cluster.remove_node(nodes.pop(words[0]), allow_graceful=False)
        answer = "removed"
    print("ANSWER " + json.dumps(answer), flush=True)
cluster.shutdown()
'''


class RayNodes:
    """The process with the cluster. address: of the dashboard; nodes: the ids of the living nodes but the head."""

    def __init__(self):
        self.environment = {**os.environ, **WITH_TOKEN}
        self._process = subprocess.Popen(
            [sys.executable, "-c", CLUSTER, json.dumps(SMALL)],
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.address, self.gcs_address = self._ask("head")
        self.nodes: list[str] = []

    def add(self, gpus: int = 0) -> str:
        """Add a node and return its id."""
        self.nodes.append(self._ask(f"node {gpus}"))
        return self.nodes[-1]

    def remove(self, node: str) -> None:
        """Kill all processes of a node, without grace."""
        self._ask(f"remove {node}")
        self.nodes.remove(node)

    def close(self) -> None:
        """Kill the cluster."""
        with suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(60)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _ask(self, command: str):
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()
        for line in self._process.stdout:
            if line.startswith("ANSWER "):
                return json.loads(line.removeprefix("ANSWER "))
        raise AssertionError("the cluster has ended")
