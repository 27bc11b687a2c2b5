import json
import os
import re
from html import unescape
from urllib.parse import parse_qsl

from mlm_demo.inference.engine import Engine
from mlm_demo.runs.adapted_models import catalogue_of
from mlm_demo.web.adapt.my_runs import my_runs
from mlm_demo.web.adapt.run_state import (
    Example,
    adapt_command,
    example_of,
    example_to_show,
    run_state,
    sentence_before_and_after,
)
from tests.support.results import exam_answer


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
    assert stranger.actions == {"use", "teach", "ask"}
    assert "perplexity" in stranger.result
    assert "models/" not in stranger.progress + stranger.result, "a download is the owner's"
    assert f'href="models/{finished.id}.zip?until=' in run_state(service, finished, "me").progress
    owners = {"use", "teach", "ask", "search", "remove", "delete", "push", "reweigh"}
    assert run_state(service, finished, "me").actions == owners
    assert stranger.stamp == run_state(service, finished, "").stamp
    finished.delete_files()
    assert run_state(service, finished, "me").actions == owners - {"search", "remove"}


def test_a_run_that_kept_its_base_says_so(service, finished):
    path = finished.output / "result.json"
    result = json.loads(path.read_text())
    result["training"] |= {"ended": "no_improvement", "best_step": 0, "steps": 3, "output_bias": None}
    path.write_text(json.dumps(result))
    progress = run_state(service, finished, "").progress
    assert "Training ended at step 3 of 4: the eval loss had not improved for 3 evaluations." in progress
    assert "No step improved on the held-out text, so the base model was kept" in progress
    for key in ("ended", "best_step"):  # as version 0.1.0 wrote it
        del result["training"][key]
    path.write_text(json.dumps(result))
    assert "was kept" not in run_state(service, finished, "").progress


def test_a_run_at_its_base_has_no_model_until_its_share_is_moved(service, finished):
    service.reweigh(finished.id, "me", 0.0)
    mine, stranger = (run_state(service, finished, who) for who in ("me", ""))
    assert mine.actions == {"ask", "remove", "delete", "reweigh"}
    assert stranger.actions == {"ask"}
    assert "move the slider to use it anyway" in mine.progress
    assert "models/" not in mine.progress
    service.reweigh(finished.id, "me", 0.75)
    moved = run_state(service, finished, "me")
    assert {"use", "push"} <= moved.actions
    assert (mine.share, moved.share) == (0.0, 0.75)
    assert (mine.stamp, mine.finished) != (moved.stamp, moved.finished)
    assert "75% of the way from base to adapted" in run_state(service, finished, "").losses, (
        "everybody sees it"
    )


def test_a_result_of_version_0_1_0_is_shown_without_a_choice(service, finished):
    path = finished.output / "result.json"
    result = json.loads(path.read_text())
    del result["share"], result["points"]
    path.write_text(json.dumps(result))
    shown = run_state(service, finished, "me")
    assert (shown.share, shown.losses) == (None, "")
    assert shown.actions == {"use", "teach", "ask", "search", "remove", "delete", "push"}
    assert "perplexity" in shown.result


def test_a_sentence_is_shown_before_and_after(service, finished):
    engine = Engine(service.settings, catalogue_of(service.settings))
    own = Example(finished.id, "The <mask> sat on the mat.")
    html = sentence_before_and_after(engine, finished, own)
    assert "domain-adapted" in html
    assert "tiny on bees" in html
    assert " in tiny (0." in html
    assert "Your sentence from Fill mask" in html
    (link,) = re.findall(r'href="\?(contrast[^"]+)"', html)
    assert dict(parse_qsl(unescape(link))) == {
        "contrast": own.sentence,
        "asked": f"{finished.request.about['base']},{finished.id}",
    }
    several = Example(finished.id, "A <mask> and a <mask>.")
    assert "contrast=" not in sentence_before_and_after(engine, finished, several)
    none = sentence_before_and_after(engine, finished, Example(finished.id, "No <b>mask</b>"))
    assert "The sentence holds no mask" in none
    held_out = Example(finished.id, "The <mask> sat on the mat.", "c<a>t")
    html = sentence_before_and_after(engine, finished, held_out)
    assert "A sentence held out from training, before and after" in html
    assert "The corpus has <b>c&lt;a&gt;t</b> here." in html


def test_the_example_is_the_held_out_sentence_that_improved_most(service, finished):
    path = finished.output / "result.json"
    result = json.loads(path.read_text())
    result["exam"] = [
        exam_answer("The hive is full of bees.", "hive", 100, 90),
        exam_answer("The larvae are fed by bees.", "larvae", 80, 1),
    ]
    result["share"], result["points"] = None, []
    path.write_text(json.dumps(result))
    steps = result["training"]["steps"]
    held_out = Example(finished.id, "The <mask> are fed by bees.", "larvae", steps)
    assert example_of(finished, "A <mask>.") == held_out
    result["exam"] = [exam_answer("The hive is full of bees.", "hive", 9, 90)]
    path.write_text(json.dumps(result))
    assert example_of(finished, "A <mask>.") == Example(finished.id, "A <mask>.", steps=steps)
    assert example_to_show(finished, "A <mask>.", held_out) == held_out, "it stays while the slider moves"
    result["training"]["steps"] += 1
    path.write_text(json.dumps(result))
    assert example_to_show(finished, "A <mask>.", held_out).sentence == "A <mask>.", "not after Resume"


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
