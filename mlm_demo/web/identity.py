"""Who owns a run: a secret kept by the browser, or the Hub user who is signed in."""

import hashlib
import hmac
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress

import gradio as gr

from mlm_demo.settings import Settings
from mlm_demo.system.files import atomic


def login_button(environ: Mapping[str, str] = os.environ) -> None:
    """Draw a sign-in button if the Space supports it (`hf_oauth: true` in its card)."""
    if environ.get("OAUTH_CLIENT_ID"):
        with gr.Row():
            gr.LoginButton(size="sm", variant="secondary", scale=0, min_width=240, elem_id="sign-in")


def owner_of(stored: str, profile: Mapping | None, settings: Settings) -> str:
    """Return the secret that owns a person's runs: the signed-in Hub user's, or else the browser's own."""
    if profile:
        key = browser_secret(settings).encode()
        return hmac.new(key, f"hub {profile['sub']}".encode(), hashlib.sha256).hexdigest()
    return stored or secrets.token_urlsafe(16)


def browser_secret(settings: Settings) -> str:
    """Return the key that encrypts what browsers keep, made once per data folder so that it survives restarts."""
    path, key = settings.data_folder / "browser.key", secrets.token_urlsafe(24)
    with suppress(OSError):
        return path.read_text()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic(path, keep_existing=True) as part:  # another server may start in this folder now
            part.touch(mode=0o600)
            part.write_text(key)
        return path.read_text()
    except OSError:  # read-only disk: the page works, but forgets who owns which run when it ends
        return key
