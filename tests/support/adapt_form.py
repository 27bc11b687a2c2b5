"""A page with the form of the Adapt tab alone, and the values of its fields."""

import gradio as gr

from mlm_demo.runs.tasks.adapt import AdaptRequest
from mlm_demo.web.adapt.draft import adapt_request
from mlm_demo.web.adapt.form import AdaptForm
from mlm_demo.web.server.rate_limits import RateLimits


def form_page(service):
    """Return a page with the form, which is its `form`."""
    with gr.Blocks() as demo:
        demo.form = AdaptForm(service, RateLimits(service.settings))
        demo.form.wire(demo, gr.BrowserState(""))
    return demo


def values(form, **changes):
    """Return the values of the form's fields as they are drawn, with changes by name."""
    return [changes.get(name, field.value) for name, field in form.fields.items()]


def chosen(form, **changes) -> AdaptRequest:
    """Return the request of these values."""
    return adapt_request(**dict(zip(form.fields, values(form, **changes), strict=True)))
