import sys
from dataclasses import replace
from types import SimpleNamespace

from mlm_demo.runs.service import result_of
from mlm_demo.web.adapt import run_tab
from mlm_demo.web.adapt.run_state import Example, example_of, run_state
from tests.support.adapt_tab import build, labels, update_pickers
from tests.support.events import call, request

ANOTHER = "was started in another browser"


def buttons(tab, changed):
    """The buttons that are visible, those that cannot be pressed in brackets."""
    named = {
        "stop": tab.stop_button,
        **{name: tab.buttons[name] for name in ("skip", "resume", "use", "delete")},
    }
    shown = {name: changed[button] for name, button in named.items() if changed[button].visible}
    return [name if button.interactive is not False else f"({name})" for name, button in shown.items()]


def test_a_new_visitor_gets_a_secret_and_sees_the_form(page, tab):
    changed = call(page, tab.load_page, "", "", request(), None)
    assert len(changed[tab.owner]) >= 22
    assert (changed[tab.form.group].visible, changed[tab.panel].visible) == (True, False)
    assert "will be listed here" in changed[tab.mine.table]
    assert tab.tabs not in changed
    assert changed[tab.form.missing] == ""


def test_a_link_opens_its_run_for_anyone(page, tab, finished):
    changed = call(page, tab.load_page, "you", "", request(query={"run": finished.id}), None)
    assert changed[tab.tabs].selected == "adapt"
    assert (changed[tab.form.group].visible, changed[tab.panel].visible) == (False, True)
    assert changed[tab.current] == finished.id
    assert "perplexity" in changed[tab.result]
    assert buttons(tab, changed) == ["use"]
    assert not changed[tab.push_panel].visible
    assert not changed[tab.timer].active


def test_a_link_to_no_run_shows_the_form_with_a_note(page, tab):
    changed = call(page, tab.load_page, "me", "", request(query={"run": "<img src=x>"}), None)
    assert changed[tab.tabs].selected == "adapt"
    assert "There is no run &lt;img src=x&gt;; it may have been deleted" in changed[tab.form.missing]
    assert changed[tab.form.group].visible
    assert changed[tab.current] == ""


def test_a_reload_finds_the_run_that_is_going(page, tab, run, finished):
    changed = call(page, tab.load_page, "me", "", request(), None)
    assert changed[tab.current] == run.id
    assert changed[tab.timer].active
    assert tab.tabs not in changed, "nobody is moved to another tab"
    assert call(page, tab.load_page, "you", "", request(), None)[tab.current] == ""


def test_a_started_run_replaces_the_form(page, tab, run):
    changed = call(page, tab.show_started, run.id, "me")
    assert (changed[tab.form.group].visible, changed[tab.panel].visible) == (False, True)
    assert "Waiting</span> tiny on bees" in changed[tab.progress]
    assert buttons(tab, changed) == ["stop"]
    assert call(page, tab.show_started, "", "me")[tab.form.group].visible


def test_a_refresh_changes_nothing_until_something_happens(page, tab, run):
    stamp = call(page, tab.show_started, run.id, "me")[tab.stamp]
    assert call(page, tab.refresh, run.id, "me", stamp) == {}
    run.log({"stage": "reading"})
    changed = call(page, tab.refresh, run.id, "me", stamp)
    assert changed[tab.stamp] != stamp
    assert tab.mine.table not in changed, "the list says what it said"


def test_a_run_that_ends_while_it_is_drawn_is_looked_at_again(page, tab, run, begin, monkeypatch):
    begin(run)

    def drawn(*given):
        shown = run_state(*given)
        run.finish("stopped")
        return shown

    monkeypatch.setattr(run_tab, "run_state", drawn)
    changed = call(page, tab.show_started, run.id, "me")
    assert "Running</span>" in changed[tab.progress]
    assert changed[tab.timer].active, "or the page would say Running forever"
    monkeypatch.undo()
    changed = call(page, tab.refresh, run.id, "me", changed[tab.stamp])
    assert "Stopped</span>" in changed[tab.progress]
    assert not changed[tab.timer].active


def test_a_file_that_is_being_replaced_does_not_end_the_refreshes(page, tab, run, monkeypatch):
    def drawn(*given):
        raise FileNotFoundError("result.json")

    monkeypatch.setattr(run_tab, "run_state", drawn)
    assert call(page, tab.refresh, run.id, "me", ()) == {}


def test_a_run_deleted_elsewhere_ends_the_refreshes(page, tab, run):
    stamp = call(page, tab.show_started, run.id, "me")[tab.stamp]
    run.delete()
    changed = call(page, tab.refresh, run.id, "me", stamp)
    assert list(changed) == [tab.timer]
    assert not changed[tab.timer].active


def test_stop_stays_visible_until_the_run_has_ended(page, tab, run, begin):
    begin(run)
    assert buttons(tab, call(page, tab.show_started, run.id, "me")) == ["stop"]
    changed = call(page, tab.stop, run.id, "me")
    assert run.state == "stopping"
    assert buttons(tab, changed) == ["(stop)"], "no other button moves under the pointer"
    assert ">Stopping</span>" in changed[tab.mine.table]
    assert "stop" not in "".join(buttons(tab, call(page, tab.show_started, run.id, "you")))
    run.finish("stopped")
    assert buttons(tab, call(page, tab.refresh, run.id, "me", changed[tab.stamp])) == ["resume", "delete"]


def test_the_evaluation_of_a_stopping_run_is_skipped(page, tab, run, begin):
    begin(run)
    run.log({"phase": "after", "stage": "evaluating the adapted model, 1 of 5"})
    assert buttons(tab, call(page, tab.show_started, run.id, "me")) == ["stop"]
    changed = call(page, tab.stop, run.id, "me")
    assert buttons(tab, changed) == ["(stop)", "skip"]
    assert buttons(tab, call(page, tab.show_started, run.id, "you")) == []
    assert "was started in another browser" in call(page, tab.skip, run.id, "you")[tab.message]
    assert not run.asked_to_skip
    changed = call(page, tab.skip, run.id, "me")
    assert run.asked_to_skip
    assert buttons(tab, changed) == ["(stop)"]


def test_a_waiting_run_stops_at_once_and_is_resumed(page, tab, run):
    changed = call(page, tab.stop, run.id, "me")
    assert (run.state, changed[tab.message]) == ("stopped", "")
    assert ">Stopped</span>" in changed[tab.mine.table]
    changed = call(page, tab.resume, run.id, "me")
    assert run.state == "waiting"
    assert ">Waiting</span>" in changed[tab.mine.table]
    assert changed[tab.timer].active


def test_a_stranger_changes_nothing(page, tab, run, finished):
    for handler in (tab.stop, tab.resume):
        assert ANOTHER in call(page, handler, run.id, "you")[tab.message]
    assert run.state == "waiting"
    changed = call(page, tab.delete, True, finished.id, "you")
    assert list(changed) == [tab.message]
    assert ANOTHER in changed[tab.message]
    assert finished.state == "done"
    assert ANOTHER in call(page, tab.push, request(), finished.id, "you", "you/bees", "hf_x")[tab.pushed]


def test_delete_asks_first_and_then_shows_the_form(page, tab, service, finished):
    assert call(page, tab.delete, False, finished.id, "me") == {}
    assert service.runs.has(finished.id)
    changed = call(page, tab.delete, True, finished.id, "me")
    assert not service.runs.has(finished.id)
    assert changed[tab.form.group].visible
    assert changed[tab.current] == changed[tab.message] == changed[tab.result] == ""
    assert "Deleted: tiny on bees, with its files and its model." in changed[tab.form.missing]
    assert "will be listed here" in changed[tab.mine.table]


def test_a_running_run_is_not_deleted(page, tab, run, begin):
    begin(run)
    assert "stop it before you delete it" in call(page, tab.delete, True, run.id, "me")[tab.message]


def test_another_run_begins_with_the_form(page, tab, run):
    changed = call(page, tab.start_another, "me")
    assert changed[tab.form.started] == "", "the next run is shown although its id was shown before"
    assert changed[tab.form.group].visible
    assert not changed[tab.timer].active


def test_a_model_is_taught_in_the_open_form_with_itself_as_the_base(page, tab, finished):
    changed = call(page, tab.teach_model, finished.id, "me")
    assert changed[tab.teach.model].value == finished.id
    assert (changed[tab.teach.panel].open, changed[tab.teach.panel].visible) == (True, True)
    assert changed[tab.form.group].visible
    assert not changed[tab.panel].visible


def test_a_model_is_used_on_the_first_tab_beside_its_base(page, tab, finished, tiny):
    changed = call(page, tab.use_model, finished.id, "you", "A <mask>.", None)
    assert changed[tab.fill.sentence] == example_of(finished, "A <mask>.").sentence
    assert changed[tab.fill.model].value == finished.id
    assert changed[tab.fill.compare].value == [tiny]
    assert changed[tab.tabs].selected == "fill"
    shown = replace(example_of(finished, ""), sentence="The <mask> hums.", word="hive")
    changed = call(page, tab.use_model, finished.id, "you", "A <mask>.", shown)
    assert changed[tab.fill.sentence] == "The <mask> hums.", "the one that the person has just seen"


def test_the_sentence_is_compared_once_there_is_a_model(page, tab, run, finished):
    def compare(finished, id, example=None):
        return call(page, tab.compare_sentence, request(), finished, id, "The <mask> sat.", example)

    assert compare("", run.id) == {tab.sentence: ""}
    changed = compare("done", finished.id)
    assert "domain-adapted" in changed[tab.sentence]
    assert "before and after" in changed[tab.sentence]
    assert changed[tab.example] == example_of(finished, "The <mask> sat.")
    shown = replace(example_of(finished, ""), sentence="The <mask> hums.", word="hive")
    assert compare("done", finished.id, shown)[tab.example] == shown, "it stays while the slider moves"
    another = Example(run.id, "A <mask> of another run.", "hive")
    assert compare("done", finished.id, another)[tab.example].run == finished.id


def test_the_slider_moves_the_model_and_everything_that_shows_it(page, tab, finished):
    opened = call(page, tab.load_page, "me", "", request(query={"run": finished.id}), None)
    assert opened[tab.share.slider].visible
    at = {}
    for percent in (100, 25):
        changed = call(page, tab.reweigh, request(), percent, finished.id, "me")
        assert changed[tab.share.slider].value == percent
        assert f"{percent}% of the way" in changed[tab.share.losses]
        assert changed[tab.message] == ""
        at[percent] = changed
    for part in (tab.finished, tab.progress, tab.result, tab.mine.table, tab.stamp):
        assert at[100][part] != at[25][part]
    assert result_of(finished).share == 0.25


def test_at_the_base_the_model_leaves_the_pickers_and_comes_back(page, tab, finished):
    def offers():
        return finished.id in labels(update_pickers(page, "me")[tab.fill.model])

    changed = call(page, tab.reweigh, request(), 0, finished.id, "me")
    assert buttons(tab, changed) == ["delete"]
    assert not changed[tab.push_panel].visible
    assert changed[tab.share.slider].visible
    assert (
        ">Base model kept<" in changed[tab.progress]
        or ">Nothing measurable learned<" in changed[tab.progress]
    )
    assert not offers()
    assert call(page, tab.compare_sentence, request(), "done", finished.id, "A <mask>.", None) == {
        tab.sentence: ""
    }
    assert call(page, tab.use_model, finished.id, "me", "A <mask>.", None) == {}
    pushed = call(page, tab.push, request(), finished.id, "me", "me/bees", "hf_x")[tab.pushed]
    assert "There is no new model to push" in pushed
    call(page, tab.reweigh, request(), 50, finished.id, "me")
    assert offers()


def test_only_the_owner_moves_the_slider_to_a_stop(page, tab, service, finished):
    share = result_of(finished).share
    opened = call(page, tab.load_page, "you", "", request(query={"run": finished.id}), None)
    assert not opened[tab.share.slider].visible
    assert f"{share:.0%} of the way" in opened[tab.share.losses]
    changed = call(page, tab.reweigh, request(), 0, finished.id, "you")
    assert ANOTHER in changed[tab.message]
    changed = call(page, tab.reweigh, request(), 33, finished.id, "me")
    assert (
        "The share of the adapted model is 0.33; choose one of 0, 0.25, 0.5, 0.75, 1." in changed[tab.message]
    )
    assert changed[tab.share.slider].value == share * 100, "it goes back to where the model is"
    assert call(page, tab.reweigh, request(), None, finished.id, "me") == {}
    assert result_of(finished).share == share
    finished.delete()
    changed = call(page, tab.reweigh, request(), 50, finished.id, "me")
    assert list(changed) == [tab.message]
    assert "it may have been deleted" in changed[tab.message]


def test_a_move_of_the_slider_counts_against_the_limits(page, tab, finished):
    share = result_of(finished).share
    for _ in range(tab.service.settings.requests_a_minute):
        tab.limits.admit(request())
    changed = call(page, tab.reweigh, request(), 0, finished.id, "me")
    assert "You ask more often than this page answers" in changed[tab.message]
    assert result_of(finished).share == share


def test_a_push_needs_the_visitors_own_token(page, tab, finished):
    for token in ("", None, "  "):
        changed = call(page, tab.push, request(), finished.id, "me", "me/bees", token)
        assert "There is no token" in changed[tab.pushed]
        assert changed[tab.token] == ""


def test_a_pushed_model_is_linked_and_the_token_goes(page, tab, finished, monkeypatch):
    pushed = []

    def push_model(folder, repository, token):
        pushed.append((folder, repository, token))
        return "https://hub/me/<bees>"

    monkeypatch.setattr(run_tab, "push_model", push_model)
    changed = call(page, tab.push, request(), finished.id, "me", " me/bees ", " hf_x ")
    assert pushed == [(finished.output, "me/bees", "hf_x")]
    assert '<a href="https://hub/me/&lt;bees&gt;">' in changed[tab.pushed]
    assert changed[tab.token] == ""


def test_the_link_names_the_run(page, tab, run):
    link = call(page, tab.link.show, run.id)[tab.link.text]
    assert (link.value, link.visible) == (f"?run={run.id}", True)


def test_a_lent_gpu_trains_only_waiting_runs_of_its_owner(page, tab, run, finished):
    trained = []
    tab.train_on_lent_gpu = trained.append
    for id, owner in ((run.id, "you"), (finished.id, "me"), ("", "me")):
        tab.train_here(id, owner)
    assert trained == []
    tab.train_here(run.id, "me")
    assert [run.id for run in trained] == [run.id]


def test_on_zero_gpu_a_started_or_resumed_run_trains_within_the_event(service, monkeypatch):
    monkeypatch.setattr(run_tab, "on_zero_gpu", lambda: True)
    lender = SimpleNamespace(GPU=lambda duration: lambda function: function)
    monkeypatch.setitem(sys.modules, "spaces", lender)
    page = build(service)
    events = page.fns.values()
    begin = [event._id for event in events if event.fn in (page.tab.show_started, page.tab.resume)]
    train = [event for event in events if event.fn == page.tab.train_here]
    assert sorted(event.trigger_after for event in train) == sorted(begin)
    assert len(begin) == 3  # an adaptation, a fine-tuning, either of them resumed


def test_a_run_that_was_deleted_in_another_window_is_named(page, tab, finished):
    finished.delete()
    for changed in (
        call(page, tab.use_model, finished.id, "me", "A <mask>.", None),
        *(call(page, act, finished.id, "me") for act in (tab.stop, tab.skip, tab.resume)),
    ):
        assert "There is no run &#x27;" in changed[tab.message]
    assert call(page, tab.compare_sentence, request(), "now", finished.id, "A <mask>.", None) == {
        tab.sentence: ""
    }
