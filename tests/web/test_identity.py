import gradio as gr

from mlm_demo.settings import Settings
from mlm_demo.web.identity import browser_secret, login_button, owner_of


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


def test_no_sign_in_is_offered_without_oauth():
    with gr.Blocks() as demo:
        login_button({})
    assert not demo.blocks or not any(isinstance(b, gr.LoginButton) for b in demo.blocks.values())
