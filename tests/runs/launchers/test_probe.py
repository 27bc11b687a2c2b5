import pytest

from mlm_demo.errors import RunError
from mlm_demo.runs.launchers import probe
from mlm_demo.settings import Settings
from mlm_demo.system.files import read, write


def test_a_node_answers_a_question_that_it_sees(tmp_path):
    own, folder = Settings(data=str(tmp_path)), tmp_path / "probes" / "a1"
    folder.mkdir(parents=True)
    write(folder / probe.QUESTION, {"nonce": "a1"})
    probe.answer("a1", "node1", own)
    assert read(folder / "node1.json") == probe.own_versions()


@pytest.mark.parametrize(("nonce", "node"), [("b2", "node1"), ("../runs", "node1"), ("a1", "../node")])
def test_a_node_writes_nowhere_else(tmp_path, nonce, node):
    (tmp_path / "probes" / "a1").mkdir(parents=True)
    write(tmp_path / "probes" / "a1" / probe.QUESTION, {"nonce": "a1"})
    with pytest.raises(RunError, match="There is no question in"):
        probe.answer(nonce, node, Settings(data=str(tmp_path)))
    assert [path.name for path in tmp_path.rglob("*.json")] == [probe.QUESTION]
