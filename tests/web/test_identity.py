import hashlib
import hmac

import gradio as gr

from mlm_demo.runs.store import RunStore
from mlm_demo.settings import Settings
from mlm_demo.web.identity import browser_secret, identify, login_button, owner_of, server_secret


def test_the_browser_key_survives_a_restart(tmp_path):
    settings = Settings(data=str(tmp_path / "data"))
    key = browser_secret(settings)
    assert len(key) >= 24
    assert browser_secret(settings) == key
    assert (tmp_path / "data" / "browser.key").stat().st_mode & 0o077 == 0


def test_the_page_starts_without_a_writable_data_folder(tmp_path):
    (tmp_path / "file").touch()
    assert len(browser_secret(Settings(data=str(tmp_path / "file" / "data")))) >= 24


def test_a_browser_keeps_its_secret_and_a_hub_user_has_the_same_everywhere(tmp_path):
    settings = Settings(data=str(tmp_path))
    first = owner_of("", None, settings)
    assert len(first) >= 22
    assert owner_of("", None, settings) != first == owner_of(first, None, settings)
    anna, ben = (owner_of(first, {"sub": sub}, settings) for sub in ("1a", "2b"))
    assert anna == owner_of("another browser", {"sub": "1a"}, settings)
    assert len({anna, ben, first}) == 3
    assert anna != owner_of("", {"sub": "1a"}, Settings(data=str(tmp_path / "another server")))


def test_what_pages_hold_owns_nothing_of_a_hub_user(tmp_path):
    settings = Settings(data=str(tmp_path))
    assert server_secret(settings) != browser_secret(settings)
    assert (tmp_path / "server.key").stat().st_mode & 0o077 == 0
    forged = hmac.new(browser_secret(settings).encode(), b"hub 1a", hashlib.sha256).hexdigest()
    assert owner_of("", {"sub": "1a"}, settings) != forged


def test_a_browser_has_its_own_runs_again_after_a_sign_out_and_nobody_elses(tmp_path):
    settings, runs = Settings(data=str(tmp_path)), RunStore(tmp_path / "runs")
    mine, own = identify("", "", None, runs, settings)
    assert mine == own
    hub, own = identify(mine, own, {"sub": "1a"}, runs, settings)
    assert (len(hub), own) == (64, mine)
    assert identify(hub, own, None, runs, settings) == (mine, mine)
    assert identify(hub, "", None, runs, settings)[0] not in (hub, mine), "as an earlier version left it"
    assert identify(mine, "", None, runs, settings) == (mine, mine)


def test_a_hub_user_keeps_runs_of_an_earlier_version(tmp_path):
    settings, runs = Settings(data=str(tmp_path)), RunStore(tmp_path / "runs")
    earlier = hmac.new(browser_secret(settings).encode(), b"hub 1a", hashlib.sha256).hexdigest()
    run = runs.create(lambda run: [], title="bees", owner=earlier)
    touched = run.touched
    owner, _ = identify("", "", {"sub": "1a"}, runs, settings)
    assert [one.id for one in runs.owned_by(owner)] == [run.id]
    assert not runs.owned_by(earlier)
    assert runs.find(run.id).touched == touched


def test_no_sign_in_is_offered_without_oauth():
    with gr.Blocks() as demo:
        login_button({})
    assert not demo.blocks or not any(isinstance(b, gr.LoginButton) for b in demo.blocks.values())
