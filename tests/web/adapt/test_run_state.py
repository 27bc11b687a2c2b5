import json
import os

from mlm_demo.inference.engine import Engine
from mlm_demo.runs.adapted_models import catalogue_of
from mlm_demo.web.adapt.my_runs import my_runs
from mlm_demo.web.adapt.run_state import adapt_command, run_state, sentence_before_and_after


def test_only_the_owner_can_change_a_run(service, draft, choices):
    run = service.start(draft(), choices(5_000), "me")
    assert run_state(service, run, "me").actions == {"stop"}
    assert run_state(service, run, "you").actions == run_state(service, run, "").actions == set()
    run.mark_started(os.getpid())
    run.ask_to_stop()
    assert [run_state(service, run, who).stopping for who in ("me", "you")] == [True, False]
    run.finish("failed", "No room.")
    assert not run_state(service, run, "me").stopping
    assert run_state(service, run, "me").actions == {"resume", "delete"}
    assert "No room." in run_state(service, run, "").progress


def test_anyone_with_the_link_can_use_the_model_of_a_finished_run(service, finished):
    stranger = run_state(service, finished, "")
    assert stranger.actions == {"use"}
    assert "perplexity" in stranger.result
    assert "models/" not in stranger.result, "a download is the owner's"
    assert f'href="models/{finished.id}.zip?until=' in run_state(service, finished, "me").result
    assert run_state(service, finished, "me").actions == {"use", "delete", "push"}
    assert stranger.stamp == run_state(service, finished, "").stamp


def test_a_run_that_kept_its_base_says_so(service, finished):
    path = finished.output / "result.json"
    result = json.loads(path.read_text())
    result["training"] |= {"ended": "no_improvement", "best_step": 0, "steps": 3}
    path.write_text(json.dumps(result))
    progress = run_state(service, finished, "").progress
    assert "Training ended at step 3 of 4: the eval loss had not improved for 3 evaluations." in progress
    assert "so the base model&#x27;s weights were kept." in progress
    for key in ("ended", "best_step"):  # as version 0.1.0 wrote it
        del result["training"][key]
    path.write_text(json.dumps(result))
    assert "were kept" not in run_state(service, finished, "").progress


def test_a_sentence_is_shown_before_and_after(service, finished):
    engine = Engine(service.settings, catalogue_of(service.settings))
    html = sentence_before_and_after(engine, finished, "The <mask> sat on the mat.")
    assert "domain-adapted" in html
    assert "tiny adapted to bees.txt" in html
    assert " in tiny (0." in html
    assert "The sentence holds no mask" in sentence_before_and_after(engine, finished, "No <b>mask</b>")


def test_the_command_line_makes_the_same_run(service, finished, tiny):
    given = "--max-steps 4 --batch-size 4 --block-size 32 --output adapted"
    assert adapt_command(finished) == f"python -m mlm_demo adapt bees.txt --model {tiny} {given}"


def test_my_runs_are_mine(service, finished):
    html = my_runs(service.runs.owned_by("me"), 14)
    assert f'href="?run={finished.id}"' in html
    assert "tiny, 4 steps" in html
    assert " → " in html
    assert "kept for 14 days" in html
    assert service.runs.owned_by("you") == service.runs.owned_by("") == []
    assert "listed here" in my_runs([], 14)
