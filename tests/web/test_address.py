import json
import shutil
import subprocess

import gradio as gr
import pytest

from mlm_demo.web import javascript
from mlm_demo.web.address import follow, open_tab
from tests.support.events import request

NODE = shutil.which("node")
PAGE = """const [visits, active, tab] = JSON.parse(process.argv[1]), addresses = [];
globalThis.window = {};
Object.defineProperty(globalThis, 'navigator', {value: {userActivation: {hasBeenActive: active}}});
globalThis.document = {querySelector: () => ({dataset: {tabId: tab}})};
globalThis.history = {replaceState: (_, __, address) => addresses.push(address)};
globalThis.location = {search: '?text=there'};
globalThis.setTimeout = (keep) => keep();
for (const [code, ...texts] of visits) eval(code)(...texts);
process.stdout.write(JSON.stringify(addresses));"""
in_node = pytest.mark.skipif(not NODE, reason="no Node on this machine")


def addresses(*events, active=True, tab="fill"):
    """The addresses that events put up while a tab is selected."""
    return put_up(
        [[javascript.follow(name, selected=selected), *texts] for name, selected, *texts in events],
        active,
        tab,
    )


def put_up(visits, active=True, tab="fill"):
    """The addresses that pieces of JavaScript put up, each with its arguments."""
    command = [NODE, "-e", PAGE, json.dumps([visits, active, tab])]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


@in_node
def test_answers_go_into_the_address_but_for_the_one_that_the_page_opens_with():
    first, second = ("fill", False, "?text=a"), ("fill", False, "https://host/?text=b&k=8")
    assert addresses(first) == addresses(first, first) == []
    assert addresses(first, second, first) == ["?text=b&k=8", "?text=a"]


@in_node
def test_a_selected_tab_goes_into_the_address_with_what_it_shows():
    assert addresses(("score", True), tab="score") == ["?tab=score"]
    assert addresses(("adapt", True, ""), tab="adapt") == ["?tab=adapt"]
    assert addresses(("adapt", True, "a1b2"), tab="adapt") == ["?run=a1b2"]
    assert addresses(("extract", True, "", "?q=who"), tab="extract") == ["?q=who"]
    assert addresses(("extract", False, "a1b2", "?q=who"), tab="extract") == ["?run=a1b2"]
    assert addresses(("fill", True, "?text=a")) == [], "Gradio selects the first tab when a page opens"
    assert addresses(("score", True), ("fill", True, "?text=a")) == ["?text=a"]


@in_node
def test_other_tabs_and_a_page_that_nobody_has_touched_leave_the_address():
    assert addresses(("extract", False, "a1b2", "")) == []
    assert addresses(("adapt", True, "a1b2"), active=False, tab="adapt") == []


@in_node
def test_what_was_typed_goes_into_the_link_of_the_answer_shown():
    typed = javascript.keep_typed("fill", ["text", "more"])
    assert put_up([[typed, "a b", "", "https://host/?text=old&more=x&model=general"]]) == [
        "?text=a+b&model=general"
    ]
    assert put_up([[typed, "a", "b", ""]]) == ["?text=a&more=b"]
    assert put_up([[typed, "", "b", "?text=old"]]) == ["?tab=fill"]
    assert put_up([[typed, "there", "", "?text=old"]]) == [], "its answer is in the address"
    assert put_up([[typed, "a", "", ""]], active=False) == put_up([[typed, "a", "", ""]], tab="score") == []


@in_node
def test_a_link_that_is_too_long_for_each_event_leaves_only_the_tab():
    long = "?text=" + "a" * javascript.MAX_QUERY
    assert addresses(("fill", False, "?text=a"), ("fill", False, long)) == ["?tab=fill"]
    assert addresses(("score", True, f"https://host/{long}"), tab="score") == ["?tab=score"]
    typed = javascript.keep_typed("fill", ["text"])
    fits = javascript.MAX_QUERY - len("?text=")
    assert put_up([[typed, "a" * fits, ""]]) == ["?text=" + "a" * fits]
    assert put_up([[typed, "a" * (fits + 1), ""]]) == ["?tab=fill"]
    assert put_up([[typed, "京" * (fits // 9 + 1), ""]]) == ["?tab=fill"]


@pytest.mark.parametrize(
    ("tab", "selected"), [("score", "score"), ("learn", "learn"), ("<b>", None), ("", None)]
)
def test_a_reload_selects_the_tab(tab, selected):
    update = open_tab(request(query={"tab": tab}))
    assert getattr(update, "selected", None) == selected


def test_a_link_with_a_scored_sentence_selects_its_tab():
    assert open_tab(request(query={"score": "The dog sat.", "tab": "learn"})).selected == "score"


def test_every_tab_and_every_text_is_followed():
    with gr.Blocks() as page:
        with gr.Tabs() as tabs, gr.Tab("Fill", id="fill") as fill, gr.Tab("Score", id="score") as score:
            link, box = gr.Textbox(), gr.Textbox()
        follow(page, tabs, {fill: [link], score: []}, {fill: ({"text": box}, link)})
    wired = sorted((target[1], event.js) for event in page.fns.values() for target in event.targets)
    assert [name for name, _ in wired] == ["change", "change", "load", "select", "select"]
