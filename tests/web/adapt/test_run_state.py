import json
import os

from mlm_demo.inference.engine import Engine
from mlm_demo.runs.adapted_models import catalogue_of
from mlm_demo.web.adapt.my_runs import my_runs
from mlm_demo.web.adapt.run_state import look, sentence_before_and_after, shell_line


def test_only_the_owner_can_change_a_run(service, draft, choices):
    run = service.start(draft(), choices(5_000), "me")
    assert look(service, run, "me").can == {"stop"}
    assert look(service, run, "you").can == look(service, run, "").can == set()
    run.mark_started(os.getpid())
    run.finish("failed", "No room.")
    assert look(service, run, "me").can == {"resume", "delete"}
    assert "No room." in look(service, run, "").live


def test_a_finished_run_can_be_used_by_whoever_has_its_link(service, finished):
    seen = look(service, finished, "")
    assert seen.can == {"use"}
    assert "perplexity" in seen.result
    assert "models/" not in seen.result, "a download is the owner's"
    assert f'href="models/{finished.id}.zip?until=' in look(service, finished, "me").result
    assert look(service, finished, "me").can == {"use", "delete", "push"}
    assert seen.seen == look(service, finished, "").seen


def test_a_run_that_kept_its_base_says_so(service, finished):
    path = finished.output / "result.json"
    result = json.loads(path.read_text())
    result["training"] |= {"ended": "no_improvement", "best_step": 0, "steps": 3}
    path.write_text(json.dumps(result))
    live = look(service, finished, "").live
    assert "Training ended at step 3 of 4: the eval loss had not improved for 3 evaluations." in live
    assert "so the base model&#x27;s weights were kept." in live
    for key in ("ended", "best_step"):  # as version 0.1.0 wrote it
        del result["training"][key]
    path.write_text(json.dumps(result))
    assert "were kept" not in look(service, finished, "").live


def test_the_sentence_of_the_first_tab_before_and_after(service, finished):
    engine = Engine(service.settings, catalogue_of(service.settings))
    html = sentence_before_and_after(engine, finished, "The <mask> sat on the mat.")
    assert "domain-adapted" in html
    assert "tiny adapted to bees.txt" in html
    assert " in tiny (0." in html
    assert "The sentence holds no mask" in sentence_before_and_after(engine, finished, "No <b>mask</b>")


def test_the_shell_line_gives_the_same_run(service, finished, tiny):
    given = "--max-steps 4 --batch-size 4 --block-size 32 --output adapted"
    assert shell_line(finished) == f"python -m mlm_demo adapt bees.txt --model {tiny} {given}"


def test_my_runs_are_mine(service, finished):
    html = my_runs(service.runs.owned_by("me"), 14)
    assert f'href="?run={finished.id}"' in html
    assert "tiny, 4 steps" in html
    assert " → " in html
    assert "kept for 14 days" in html
    assert service.runs.owned_by("you") == service.runs.owned_by("") == []
    assert "listed here" in my_runs([], 14)
