"""Kill -9 of server and worker at random moments. MLM_DEMO_KILLS=200 lengthens the loop."""

import collections
import random
import time

from mlm_demo.models.loader import load_folder
from mlm_demo.runs.run import RESUMABLE
from mlm_demo.runs.service import result_of
from mlm_demo.training.checkpoints import CHECKPOINTS
from tests.support.faults import KILLS, STEPS, assert_equal, kill_worker, made, torn_lines, wait_for, workers
from tests.support.nightly import nightly

START = {"stage": "starting"}
# The server is killed in two of ten, alone or with the worker.
VICTIMS = ("worker", "server", "both", *["worker"] * 7)


def check(page, ids) -> collections.Counter:
    """Check that a new server finds every run in its state and can show it."""
    there = page()
    runs = there.runs.all()
    assert {run.id for run in runs} == ids
    seen = collections.Counter()
    for run in runs:
        state, working = run.state, workers(run)
        ended = (run.folder / "ended.json").exists()
        assert len(working) <= 1
        if state == "running":
            # It may have come to its end since.
            assert working == [run.worker["pid"]] or run.state == "done", working
        elif state == "interrupted":
            assert (working, ended) == ([], False)
        elif state == "waiting":
            assert not ended
        else:
            assert (state, ended) == ("done", True), run.message
            assert result_of(run).training.steps == STEPS
            assert not (run.output / CHECKPOINTS).exists()
        assert there.status(run)["state"] in (state, "running", "done")
        lines = list(run.lines())
        assert all(isinstance(line, dict) for line in lines)
        seen[state] += 1
    return seen


def wait_for_moment(run, rng, first_line, length, seconds):
    """Wait for a random moment of the worker whose log begins at `first_line`: by time or by log line, equally often.

    Most of its time passes before its first line, so lines alone would miss it.
    """
    line, wait = 0, rng.uniform(0, seconds)
    if rng.random() < 0.5:
        line, wait = first_line + rng.randrange(length), rng.uniform(0, 0.2)
    while run.state == "running" and len(list(run.lines())) < line:
        time.sleep(0.01)
    moment = time.monotonic() + wait
    while run.state == "running" and time.monotonic() < moment:
        time.sleep(0.005)


@nightly
def test_a_run_killed_repeatedly_has_the_result_of_an_undisturbed_one(page, begin, servers, tmp_path):
    """The server starts the worker; one or both are killed at random moments; Resume, until it is done."""
    rng, data = random.Random(f"kills {KILLS}"), tmp_path / "data"
    server = servers(data)
    first = begin()
    wait_for(first, "running")
    begun = time.monotonic()
    wait_for(first, "done", "failed")
    seconds, length = time.monotonic() - begun, len(list(first.lines()))
    whole, ids, run, first_line = made(first), {first.id}, None, 0
    counts, states, ends, torn = *(collections.Counter() for _ in range(3)), 0
    for _ in range(10 * KILLS):  # a run may end before its moment comes; then another one begins
        if sum(counts.values()) >= KILLS:
            break
        if run is None:
            run, first_line = begin(), 0
            ids.add(run.id)
        wait_for(run, "running", "done")
        victim = VICTIMS[sum(counts.values()) % len(VICTIMS)]
        wait_for_moment(run, rng, first_line, length, seconds)
        if run.state == "running":
            if victim != "worker":
                server.kill()
            if victim != "server":
                kill_worker(run)
            counts[victim] += 1
            stage = [line["stage"] for line in [START, *run.lines(after=first_line)] if "stage" in line][-1]
            ends[stage] += 1
            # Adjust to the load of the machine, so that some runs end before their moment, but not all.
            seconds *= 1 if stage == "training" else 1.05
            print(sum(counts.values()), victim, "in", stage, run.state, flush=True)
        states += check(page, ids)
        if server.process.poll() is not None:
            server = servers(data)
        if run.state in RESUMABLE:
            first_line = len(list(run.lines()))
            page().queue.resume(run)
        elif run.state == "done":
            seconds *= 0.8
            assert_equal(made(run), whole)
            torn += torn_lines(run)
            run = None
    assert sum(counts.values()) == KILLS
    if run is not None:
        wait_for(run, "done", *RESUMABLE)
        if run.state in RESUMABLE:
            page().queue.resume(run)
            wait_for(run, "done", "failed")
        assert_equal(made(run), whole)
    assert check(page, ids) == {"done": len(ids)}
    assert torn <= KILLS, "a kill cuts one line off at most"
    assert load_folder(first.output, "adapted", device="cpu").vocab_size > 100
    print(f"kills {dict(counts)}, runs {len(ids)}, states {dict(states)}, in {dict(ends)}, lines torn {torn}")
