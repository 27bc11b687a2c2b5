"""The model pickers of all tabs, which offer a person's models as soon as there are any."""

import gradio as gr

from mlm_demo.runs.store import RunStore
from mlm_demo.web.adapt.form import AdaptForm
from mlm_demo.web.contrast.tab import ContrastTab, with_same
from mlm_demo.web.event_options import AT_ONCE
from mlm_demo.web.extract import extractors
from mlm_demo.web.extract.tab import ExtractTab
from mlm_demo.web.fill.tab import FillTab
from mlm_demo.web.model_choices import choices, offered, short_choices
from mlm_demo.web.teach import bases
from mlm_demo.web.teach.form import TeachForm


class Pickers:
    """Updates the choices of all pickers; owner: the secret that the browser keeps; current: the run shown."""

    def __init__(
        self,
        runs: RunStore,
        *,
        owner: gr.BrowserState,
        current: gr.Textbox,
        form: AdaptForm,
        teach: TeachForm,
        fill: FillTab,
        scored_models: gr.Dropdown,
        contrast: ContrastTab,
        extract: ExtractTab,
    ):
        self.runs, self.form, self.teach, self.fill = runs, form, teach, fill
        self.owner, self.current, self.scored_models, self.extract = owner, current, scored_models, extract
        self.contrast = contrast

    @property
    def event(self) -> dict:
        """An event that updates them; only once all tabs are drawn."""
        return {
            "fn": self.update,
            "inputs": [self.owner, self.current, self.fill.model, self.fill.compare, self.extract.model],
            "outputs": [
                *(self.fill.model, self.fill.compare, self.scored_models),
                *(self.form.model, self.teach.model, self.extract.model),
                *(self.contrast.model, self.contrast.other_model),
            ],
            **AT_ONCE,
        }

    def update(
        self, owner: str, id: str, model: str, compared: list[str], asked: str, request: gr.Request
    ) -> dict:
        """Update the choices of every model picker; a model in use stays, even if somebody else made it.

        id: the run shown; model, compared: in use on the first tab; asked: in Extract. The page's link may name models
        that no picker has yet.
        """
        query = dict(request.query_params)
        several = (
            name for kind in ("compare", "scored_by", "asked") for name in query.get(kind, "").split(",")
        )
        linked = [query.get("model", ""), *several]
        models = offered(self.runs, owner, [id, model or "", *(compared or ()), *linked])
        full, short = choices(models), short_choices(models)
        extracting = extractors.offered(self.runs, owner, id, asked or "", query.get("model", ""))
        return {
            self.teach.model: gr.Dropdown(choices(bases.offered(self.runs, owner, id))),
            self.extract.model: gr.Dropdown(extractors.choices(extracting)),
            self.fill.model: gr.Dropdown(full),
            self.fill.compare: gr.Dropdown(short),
            self.scored_models: gr.Dropdown(short),
            self.contrast.model: gr.Dropdown(short),
            self.contrast.other_model: gr.Dropdown(with_same(short)),
            self.form.model: gr.Dropdown(full),
        }
