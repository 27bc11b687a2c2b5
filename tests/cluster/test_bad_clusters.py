"""What is wrong with a cluster is said in one sentence before a run, with the local default offered."""

import subprocess
import sys

import pytest

from mlm_demo.errors import RunError
from mlm_demo.runs.launchers.jobs import LOCAL
from mlm_demo.runs.launchers.ray import RayLauncher
from mlm_demo.runs.launchers.ray_cluster import RayCluster
from mlm_demo.settings import Settings
from tests.support.nightly import NIGHTLY
from tests.support.paths import ROOT
from tests.support.ray_nodes import TOKEN, RayNodes
from tests.support.runs import until

pytest.importorskip("ray")
pytestmark = [
    pytest.mark.cluster,
    pytest.mark.skipif(not NIGHTLY, reason="it starts a Ray cluster: make nightly"),
]
# A node that sees an empty folder where the others see the data.
BLIND = """
mount -t tmpfs tmpfs "$1" && exec "$2" -m ray.scripts.scripts start --address="$3" --num-cpus=1 --block \
    --resources='{"mlm_demo": 1}' --object-store-memory=80000000 --disable-usage-stats
"""


@pytest.fixture(scope="module")
def head():
    cluster = RayNodes()
    yield cluster
    cluster.close()


@pytest.fixture
def launcher(head, tmp_path):
    """A function that returns a launcher of this cluster."""

    def launcher(device="cpu", python=sys.executable):
        own = Settings(device=device, data=str(tmp_path / "data"), launcher="ray", ray_address=head.address)
        return RayLauncher(own, RayCluster(head.address, TOKEN), python)

    return launcher


def refusal(launcher):
    with pytest.raises(RunError) as caught:
        launcher.check()
    text = str(caught.value)
    assert text.endswith(LOCAL)
    assert "\n" not in text
    assert list((launcher.settings.data_folder / "probes").glob("*")) == []
    return text


def test_each_fault_of_a_cluster_has_its_sentence(head, launcher, tmp_path):
    assert "has the resource mlm_demo; start one with --resources='{\"mlm_demo\": 1}'" in refusal(launcher())
    node = head.add()
    try:
        _faults_of_a_node(launcher, tmp_path)
    finally:
        head.remove(node)
        until(lambda: not any(node.places(0) for node in launcher().cluster.nodes()), 120)


def _faults_of_a_node(launcher, tmp_path):
    assert "mlm_demo and a GPU; start one" in refusal(launcher("auto"))
    launcher().check()
    assert launcher().places() == 1
    assert f"with {tmp_path}/none; install it" in refusal(launcher(python=f"{tmp_path}/none"))
    other = tmp_path / "python"
    code = "import platform; platform.python_version = lambda: '3.9.1'"
    other.write_text(
        f'#!/bin/sh\nexec {sys.executable} -c "{code}; import sys; '
        'from mlm_demo.cli.main import main; sys.exit(main(sys.argv[3:]))" "$@"\n'
    )
    other.chmod(0o755)
    assert "has Python '3.9.1', and this page has 3." in refusal(launcher(python=str(other)))
    other.write_text("#!/bin/sh\necho it has no torch >&2\nexit 1\n")
    assert "cannot run this program: 'it has no torch'" in refusal(launcher(python=str(other)))


def test_a_data_folder_that_only_the_server_sees(head, launcher, tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    if subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False).returncode:
        pytest.skip("a process cannot have its own mounts here")
    words = ["unshare", "-m", "sh", "-c", BLIND, "sh", str(data), sys.executable, head.gcs_address]
    node = subprocess.Popen(
        words, cwd=ROOT, env=head.environment, stdout=subprocess.DEVNULL, start_new_session=True
    )
    try:
        assert (
            f"does not see the data folder {data}; set MLM_DEMO_DATA to a folder on a path that"
            in refusal(waiting(launcher()))
        )
    finally:
        node.terminate()
        node.wait(240)


def waiting(launcher):
    """Wait until the cluster has a node for runs."""
    until(lambda: any(node.places(0) for node in launcher.cluster.nodes()), 120)
    return launcher
