import socket

import gradio as gr
import pytest

from mlm_demo.settings import Settings
from mlm_demo.web import copied_link
from mlm_demo.web.copied_link import MAX_CHARACTERS, TOO_LONG, CopiedLink, own_address, reach

QUERY = "/?text=A+<mask>&k=8"


@pytest.fixture
def in_network(monkeypatch):
    monkeypatch.setattr(copied_link, "own_address", lambda: "192.0.2.7")


@pytest.mark.parametrize("name", ["127.0.0.1:7860", "localhost:7860", "[::1]:7860", "demo.localhost"])
def test_a_link_that_only_this_machine_can_open_says_how_others_can(name, in_network):
    html = reach(f"http://{name}{QUERY}", "127.0.0.1")
    assert "Only this computer" in html
    assert "MLM_DEMO_HOST=0.0.0.0" in html
    assert "serve --share" in html
    assert "<svg" not in html


def test_a_page_that_listens_to_the_network_gives_its_address_there(in_network):
    html = reach(f"http://127.0.0.1:7860{QUERY}", "0.0.0.0")
    assert 'href="http://192.0.2.7:7860/?text=A+&lt;mask&gt;&amp;k=8"' in html
    assert html.count("<svg") == 1


def test_without_a_network_it_says_so(monkeypatch):
    monkeypatch.setattr(copied_link, "own_address", lambda: "")
    assert "as soon as this computer is in a network" in reach(f"http://localhost{QUERY}", "::")


@pytest.mark.parametrize(
    "address", ["https://someone-page.hf.space/?text=a", "http://192.0.2.9:7860/?text=a"]
)
def test_a_link_for_everyone_has_a_code(address):
    html = reach(address, "127.0.0.1")
    assert html.count("<svg") == 1
    assert "Scan" in html


def test_each_link_has_a_code_of_its_own():
    codes = [reach(f"https://host/?text={text}", "127.0.0.1") for text in ("a", "a", "b")]
    assert codes[0] == codes[1] != codes[2]


@pytest.mark.parametrize(
    "address", ["", "no address", "javascript:alert(1)", "http://[", "?text=a", "http://"]
)
def test_what_is_no_address_shows_nothing(address, in_network):
    assert reach(address, "127.0.0.1") == reach(address, "0.0.0.0") == ""


def test_a_long_link_has_no_code_and_says_so(in_network):
    for start, host in (("https://host", "127.0.0.1"), ("http://localhost", "0.0.0.0")):
        html = reach(f"{start}/?text={'a' * MAX_CHARACTERS}", host)
        assert "<svg" not in html
        assert html.endswith(f"<p>{TOO_LONG}</p>")
    assert "Others in your network open" in html


def test_hostile_text_stays_text(in_network):
    html = reach('http://127.0.0.1/?text="><img src=x>', "0.0.0.0")
    assert "<img" not in html


def test_the_own_address_is_one_or_none():
    if found := own_address():
        socket.inet_aton(found)


def test_the_copied_link_shows_its_reach():
    with gr.Blocks() as demo:
        link = CopiedLink(Settings())
        link.draw("Link", "link")
        link.wire(gr.Button(elem_id="copy"), gr.Textbox())
    changed = link.show_reach("http://127.0.0.1/?text=a")
    assert "Only this computer" in changed
    assert link.show_reach("") == link.show_reach(None) == ""
    assert any(event.fn == link.show_reach for event in demo.fns.values())
