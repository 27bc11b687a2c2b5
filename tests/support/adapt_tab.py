"""The Adapt tab without a server, with stand-ins for the other tabs."""

from types import SimpleNamespace

import gradio as gr

from mlm_demo.inference.engine import Engine
from mlm_demo.runs.adapted_models import catalogue_of
from mlm_demo.web.adapt.form import AdaptForm
from mlm_demo.web.adapt.run_tab import RunTab
from mlm_demo.web.server.rate_limits import RateLimits
from mlm_demo.web.teach.form import TeachForm
from tests.support.events import call, request


def build(service):
    """Return a page with the Adapt tab, and stand-ins for the other tabs."""
    engine, limits = Engine(service.settings, catalogue_of(service.settings)), RateLimits(service.settings)
    with gr.Blocks() as demo:
        owner, fill = gr.BrowserState(""), gr.Textbox()
        with gr.Tabs() as tabs, gr.Tab("Adapt"):
            demo.form, demo.teach = AdaptForm(service, limits), TeachForm(service, limits)
            demo.tab = RunTab(
                service,
                engine,
                limits,
                owner=owner,
                tabs=tabs,
                form=demo.form,
                fill=SimpleNamespace(
                    model=gr.Dropdown(),
                    compare=gr.Dropdown(),
                    sentence=fill,
                    fill=lambda text: text,
                    asks={"inputs": fill, "outputs": fill},
                ),
                scored_models=gr.Dropdown(),
                contrast=SimpleNamespace(model=gr.Dropdown(), other_model=gr.Dropdown()),
                teach=demo.teach,
                extract=SimpleNamespace(
                    model=gr.Dropdown(),
                    about=gr.HTML(),
                    papers=gr.State([]),
                    sampled=gr.State(False),
                    clear=gr.Button(),
                ),
            )
        demo.tab.wire(demo)
    return demo


def update_pickers(page, owner, id="", model="general", compared=(), asked="", query=None):
    update = page.tab.pickers.update
    return call(page, update, owner, id, model, list(compared), asked, request(query=query))


def labels(picker):
    return {name: label for label, name in picker.choices}
