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
                    model=picker("general"),
                    compare=picker(["biomedical"], multiselect=True),
                    sentence=fill,
                    fill=lambda text: text,
                    asks={"inputs": fill, "outputs": fill},
                ),
                scored_models=picker(["general", "biomedical"], multiselect=True),
                contrast=SimpleNamespace(model=picker("biomedical"), other_model=picker("")),
                teach=demo.teach,
                extract=SimpleNamespace(
                    model=picker("extract"), about=gr.HTML(), verdicts=gr.State({}), of_papers=[]
                ),
            )
        demo.others = [SimpleNamespace(filled=[box := gr.HTML()], emptied=lambda box=box: {box: "empty"})]
        demo.tab.wire(demo, demo.others)
    return demo


def picker(first, **options):
    """Return a picker that opens with these models."""
    return gr.Dropdown(["general", "biomedical", "extract", ""], value=first, **options)


def update_pickers(page, owner, id="", model="general", compared=(), asked="", others=(), query=None):
    """Return what an update changes; others: the models of Score, Contrast (two), the form and Teach."""
    update, others = page.tab.pickers.update, others or (["general"], "biomedical", "", "general", "extract")
    return call(page, update, owner, id, model, list(compared), asked, *others, request(query=query))


def labels(picker):
    return {name: label for label, name in picker.choices}
