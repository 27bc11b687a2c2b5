"""Who owns a run: a secret kept by the browser, or the Hub user who is signed in."""

import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import gradio as gr

from mlm_demo.runs.store import RunStore
from mlm_demo.settings import Settings
from mlm_demo.system.files import atomic

OF_HUB_USER = re.compile("[0-9a-f]{64}")  # unlike the secret that a browser makes
_unkept: dict[Path, str] = {}


def login_button(environ: Mapping[str, str] = os.environ) -> None:
    """Draw a sign-in button if the Space supports it (`hf_oauth: true` in its card)."""
    if environ.get("OAUTH_CLIENT_ID"):
        with gr.Row():
            gr.LoginButton(size="sm", variant="secondary", scale=0, min_width=240, elem_id="sign-in")


def owner_of(stored: str, profile: Mapping | None, settings: Settings) -> str:
    """Return the secret that owns a person's runs: the signed-in Hub user's, or else the browser's own.

    stored: what the browser keeps. A Hub user's is not taken from there: they may have signed out.
    """
    if profile:
        return _of_hub_user(profile, server_secret(settings))
    return stored if stored and not OF_HUB_USER.fullmatch(stored) else secrets.token_urlsafe(16)


def identify(
    stored: str, stored_own: str, profile: Mapping | None, runs: RunStore, settings: Settings
) -> tuple[str, str]:
    """Return the secret that owns a visitor's runs, and the browser's own, for when they have signed out.

    stored, stored_own: what the browser keeps of both. Runs that a Hub user owned by the key that pages hold, as in
    earlier versions, become theirs by the server's.
    """
    own = owner_of(stored_own or stored, None, settings)
    owner = owner_of(own, profile, settings)
    if profile:
        runs.hand_over(_of_hub_user(profile, browser_secret(settings)), owner)
    return owner, own


def _of_hub_user(profile: Mapping, key: str) -> str:
    return hmac.new(key.encode(), f"hub {profile['sub']}".encode(), hashlib.sha256).hexdigest()


def browser_secret(settings: Settings) -> str:
    """Return the key that encrypts what browsers keep. It protects nothing else, for every page holds it."""
    return _kept_key(settings, "browser.key")


def server_secret(settings: Settings) -> str:
    """Return the key that signs what only this server may, such as download addresses; it never leaves the server."""
    return _kept_key(settings, "server.key")


def _kept_key(settings: Settings, name: str) -> str:
    """Return a key that is made once per data folder, so that it survives restarts."""
    path, key = settings.data_folder / name, secrets.token_urlsafe(24)
    with suppress(OSError):
        return path.read_text()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic(path, keep_existing=True) as part:  # another server may start in this folder now
            part.touch(mode=0o600)
            part.write_text(key)
        return path.read_text()
    except OSError:  # read-only disk: the page works, but forgets who owns which run when it ends
        return _unkept.setdefault(path, key)
