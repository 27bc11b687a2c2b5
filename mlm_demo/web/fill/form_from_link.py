"""Fill in the form of the 'Fill mask' tab from the page's link."""

import gradio as gr

from mlm_demo.inference.engine import Engine
from mlm_demo.runs.store import RunStore
from mlm_demo.web.fill.answer import link_of, linked
from mlm_demo.web.fill.links import Question
from mlm_demo.web.model_choices import choices, offered, short_choices


def form_from_link(engine: Engine, runs: RunStore, query: dict, owner: str, first: Question) -> dict:
    """Return updates of the form by the names of its components.

    first: what the form shows. Only what differs is changed, because a person may be typing already.
    """
    question, _ = linked(engine, query)
    given = {name: value for name, value in vars(question).items() if value != getattr(first, name)}
    models = offered(runs, owner, question.models)
    model = {"value": given.pop("model")} if "model" in given else {}
    # A list, because Gradio would wrap a tuple in one and return a list within a list.
    compare = {"value": list(given.pop("compare"))} if "compare" in given else {}
    updates = {
        "model": gr.Dropdown(choices(models), **model),
        "compare": gr.Dropdown(short_choices(models), **compare),
        "link": link_of(question),
    }
    if question != Question(question.text, question.model, question.compare):
        updates["more"] = gr.Accordion(open=True)
    if "text" in given:
        updates["sentence"] = given.pop("text")
    return updates | given
