"""The button under the model pickers that gets the preferred model from the Hub, and its progress."""

from html import escape

import gradio as gr

from mlm_demo.errors import MlmDemoError
from mlm_demo.inference.engine import Engine
from mlm_demo.models.catalogue import PREFERRED
from mlm_demo.models.hub import DownloadPolicy
from mlm_demo.models.preferred_model import Download, PreferredModel
from mlm_demo.runs.store import RunStore
from mlm_demo.web.event_options import AT_ONCE
from mlm_demo.web.messages import refusal
from mlm_demo.web.model_choices import choices, offered
from mlm_demo.web.server.rate_limits import RateLimits

# Between two looks: at what will soon change, and at a button that another visitor may make needless.
SECONDS_BUSY, SECONDS_OFFERED = 1, 10
GETTING = f"Getting {PREFERRED.title} from the Hub. You may leave the page; it goes on."
SELECTED = f"{PREFERRED.title} is downloaded and selected."
ARRIVED = f"{PREFERRED.title} is downloaded; select it as the model to use it."


class ModelOffer:
    """The widgets of the offer, and a handler for each event; a handler returns the widgets that change.

    model: the picker in which the model is selected; first: the model that the page opened with. `ready` changes when
    the model has arrived while the page is open.
    """

    def __init__(self, engine: Engine, runs: RunStore, limits: RateLimits, model: gr.Dropdown, first: str):
        self.runs, self.limits, self.model, self.first = runs, limits, model, first
        self.preferred = PreferredModel(
            DownloadPolicy.of(engine.settings),
            lambda on_progress: engine.load(PREFERRED.name, on_progress),
        )
        self._draw()

    # Handlers

    def show_offer(self) -> dict:
        """Have the Hub asked, and show the button or a download that goes on; nothing if there is nothing to get."""
        self.preferred.ask_hub()
        download = self.preferred.download()
        return gr.skip() if download.stage in ("unknown", "here") else self._show(download)

    def get_model(self, picked: str, owner: str, request: gr.Request) -> dict:
        """Start the download, or join the one that goes on."""
        try:
            self.limits.admit(request)
            self.preferred.start()
        except MlmDemoError as error:
            return {self.status: refusal(error, "")}
        return {self.clicked: True, **self._show(self.preferred.download(), True, picked, owner)}

    def watch_download(self, stage: str, clicked: bool, picked: str, owner: str) -> dict:
        """Show what has changed since the page showed a stage."""
        download = self.preferred.download()
        if download.stage == "running" == stage:
            return {self.progress: _bar(download)}
        if download.stage == stage:
            return gr.skip()
        return self._show(download, clicked, picked, owner)

    def _show(self, download: Download, clicked: bool = False, picked: str = "", owner: str = "") -> dict:
        """Return all widgets. A model that arrives is selected for those who asked for it or picked no model."""
        running, waiting = download.stage == "running", download.stage in ("offered", "failed")
        busy = running or download.stage == "asking"
        changed = {
            self.stage: download.stage,
            self.button: gr.Button(_label(download), visible=waiting),
            self.progress: _bar(download) if running else "",
            self.status: _sentence(GETTING if running else download.text),
            self.timer: gr.Timer(SECONDS_BUSY if busy else SECONDS_OFFERED, active=busy or waiting),
        }
        if download.stage == "here":
            models = choices(offered(self.runs, owner, [picked]))
            selected = clicked or picked == self.first
            changed[self.model] = (
                gr.Dropdown(models, value=PREFERRED.name) if selected else gr.Dropdown(models)
            )
            changed[self.status] = _sentence(SELECTED if selected else ARRIVED)
            changed[self.ready] = PREFERRED.name
        return changed

    # Widgets and wiring

    def _draw(self) -> None:
        # Two, because a screen reader reads each change of the status aloud, but not each second's progress.
        self.status = gr.HTML(
            html_template='<div role="status">${value}</div>',
            padding=False,
            js_on_load=None,
            elem_id="get-model-status",
        )
        self.progress = gr.HTML(padding=False, js_on_load=None, elem_id="get-model-progress")
        self.button = gr.Button(visible=False, size="md", elem_id="get-model")
        self.timer = gr.Timer(SECONDS_OFFERED, active=False)
        self.stage, self.clicked = gr.State(""), gr.State(False)
        self.ready = gr.Textbox(visible="hidden")

    def wire(self, opened: gr.events.Dependency, owner: gr.BrowserState) -> None:
        """Connect the widgets' events to the handlers; opened: the event that gives the page its first answer."""
        shown = [self.stage, self.button, self.progress, self.status, self.timer]
        arrived = [*shown, self.model, self.ready]
        opened.then(self.show_offer, None, shown, **AT_ONCE)
        self.button.click(self.get_model, [self.model, owner], [self.clicked, *arrived], **AT_ONCE)
        self.timer.tick(
            self.watch_download, [self.stage, self.clicked, self.model, owner], arrived, **AT_ONCE
        )


def _label(download: Download) -> str:
    size = f" ({download.size / 1e6:.0f} MB)" if download.size else ""
    return f"Get {PREFERRED.title}{size}: knows far more"


def _sentence(text: str) -> str:
    return f"<p>{escape(text)}</p>" if text else ""


def _bar(download: Download) -> str:
    """Return the progress as a bar and in words."""
    done = f" ({download.share:.0%})" if 0 < download.share < 1 else ""
    return (
        f'<progress max="1" value="{download.share:.3f}" aria-label="Download of {escape(PREFERRED.title)}"></progress>'
        f"<p>{escape(download.text)}{done}</p>"
    )
