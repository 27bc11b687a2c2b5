"""Two servers on one data folder: both serve, and one worker at a time works on one run."""

import threading

import pytest

from mlm_demo.runs.store import RunStore
from tests.support.faults import start_over_http, workers
from tests.support.runs import kill_workers, until


@pytest.fixture
def most_workers(tmp_path):
    """The largest number of processes that work on unended runs at the same time, sampled continuously."""
    most, over, data = [0], threading.Event(), tmp_path / "data"

    def watch():
        while not over.wait(0.1):
            found = [run for run in RunStore(data / "runs").all() if run.state not in ("done", "stopped")]
            most[0] = max(most[0], len(workers(*found)))

    thread = threading.Thread(target=watch)
    thread.start()
    yield most
    over.set()
    thread.join()


def test_runs_of_two_servers_run_one_by_one_and_outlive_one_server(servers, most_workers, tmp_path, tiny):
    data = tmp_path / "data"
    one, other = servers(data), servers(data)
    clients = one.client(), other.client()
    try:
        started = [
            start_over_http(clients[number % 2], tmp_path, tiny, steps, seed=number)
            for number, steps in enumerate((50_000, 4, 4))
        ]
        ids = [run["run"] for run in started]
        runs = [RunStore(data / "runs").find(id) for id in ids]
        assert [run.state for run in runs] == ["running", "waiting", "waiting"]
        for client in clients:
            assert [client.predict(run=id, api_name="/run_status")["place"] for id in ids] == [0, 1, 2]
            answer = client.predict("Paris is the <mask> of France.", api_name="/fill_mask")
            assert answer["masks"][0][0]["word"] == "capital"
        one.kill()
        assert runs[0].state == "running", "a worker outlives its server"

        until(lambda: clients[1].predict(run=ids[0], api_name="/run_status")["step"], pause=0.2)
        clients[1].predict(run=ids[0], owner=started[0]["owner"], api_name="/stop_run")

        def at_rest():
            return [run.state for run in runs] == ["stopped", "done", "done"]

        until(at_rest, 240, message=lambda: [(run.state, run.message) for run in runs])
    finally:
        kill_workers(RunStore(data / "runs"))
    assert most_workers == [1]
    assert clients[1].predict("The <mask> sat.", model=ids[2], api_name="/fill_mask")["masks"]
    for run in runs:
        assert len([line for line in run.lines() if "report" in line]) == 1
