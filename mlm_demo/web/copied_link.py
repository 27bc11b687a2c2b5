"""A copied link: its text, and below it who can open it, with a QR code for phones in the room."""

import ipaddress
import socket
from html import escape
from urllib.parse import SplitResult, urlsplit

import gradio as gr

from mlm_demo.settings import Settings
from mlm_demo.web import javascript
from mlm_demo.web.event_options import AT_ONCE

MAX_CHARACTERS = 600  # of an address as a QR code: more is too fine for a phone across a room
TOO_LONG = "The link is too long for a QR code."
ONLY_HERE = (
    "Only this computer can open this link. For others in your network, start the page with MLM_DEMO_HOST=0.0.0.0; "
    "for anyone on the internet, with <code>python -m mlm_demo serve --share</code>."
)
UNCONNECTED = "Others can open this link as soon as this computer is in a network."


class CopiedLink:
    """The text of a link and its QR code; `text` is the component to empty when the link is of another answer."""

    def __init__(self, settings: Settings):
        self.settings = settings

    def draw(self, label: str, elem_id: str) -> None:
        """Draw them where the page is; they take no room until there is a link."""
        self.text = gr.Textbox(
            label=label, placeholder=" ", interactive=False, elem_id=elem_id, elem_classes="copied-link"
        )
        self.reach = gr.HTML(padding=False, js_on_load=None, elem_classes="reach")

    def wire(self, copy: gr.Button, link: gr.Textbox) -> None:
        """Copy the link when the button is pressed, which has an element id."""
        code = javascript.copy_link(copy.elem_id)
        copy.click(None, link, self.text, js=code, api_visibility="private")
        self.text.change(self.show_reach, self.text, self.reach, **AT_ONCE)

    def show_reach(self, address: str) -> str:
        """Return who can open an address of this page, with a QR code for them, as HTML."""
        return reach(address or "", self.settings.host)


def reach(address: str, host: str) -> str:
    """Return who can open an address as HTML, empty for none; host: where the page listens."""
    try:
        parts = urlsplit(address)
        name, _ = parts.hostname or "", parts.port
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not name or not address.isascii():
        return ""
    if not _is_this_machine(name):
        return _with_code("Scan it to open this link on a phone.", address)
    if host not in ("0.0.0.0", "::"):
        return f"<p>{ONLY_HERE}</p>"
    if not (own := own_address()):
        return f"<p>{UNCONNECTED}</p>"
    shared = _at(parts, own)
    link = f'<p>Others in your network open <a href="{escape(shared)}">{escape(shared)}</a></p>'
    return link + _with_code("Or they scan it.", shared)


def own_address() -> str:
    """Return the address of this machine in its network, empty without one. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # an address for documentation; UDP only looks up the way there
        except OSError:
            return ""
        return probe.getsockname()[0]


def _is_this_machine(name: str) -> bool:
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _at(parts: SplitResult, host: str) -> str:
    return parts._replace(netloc=f"{host}:{parts.port}" if parts.port else host).geturl()


def _with_code(text: str, address: str) -> str:
    if len(address) > MAX_CHARACTERS:
        return f"<p>{TOO_LONG}</p>"
    import segno  # here: it takes 60 ms of the page's start

    code = segno.make(address, error="l", micro=False)
    svg = code.svg_inline(border=3, omitsize=True, light="white", title="QR code of the link")
    return f'<div class="qr">{svg}</div><p>{text}</p>'
