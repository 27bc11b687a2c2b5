"""The model pickers of all tabs, which offer a person's models as soon as there are any, and until they are deleted."""

import gradio as gr

from mlm_demo.models.catalogue import RUN_ID
from mlm_demo.runs.store import RunStore
from mlm_demo.web.adapt.form import AdaptForm
from mlm_demo.web.contrast.tab import ContrastTab, with_same
from mlm_demo.web.event_options import AT_ONCE
from mlm_demo.web.extract import extractors
from mlm_demo.web.extract.tab import ExtractTab
from mlm_demo.web.fill.tab import FillTab
from mlm_demo.web.model_choices import ANY_MODEL, choices, offered, short_choices
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
        pickers = [
            *(self.fill.model, self.fill.compare, self.extract.model, self.scored_models),
            *(self.contrast.model, self.contrast.other_model, self.form.model, self.teach.model),
        ]
        return {
            "fn": self.update,
            "inputs": [self.owner, self.current, *pickers],
            "outputs": pickers,
            **AT_ONCE,
        }

    def update(
        self,
        owner: str,
        id: str,
        model: str,
        compared: list[str],
        asked: str,
        scored: list[str],
        contrasted: str,
        other: str,
        base: str,
        taught: str,
        request: gr.Request,
    ) -> dict:
        """Update the choices of every model picker; a model in use stays, even if somebody else made it.

        id: the run shown; the other values: what the pickers hold, in the order of the event. A picker that holds the
        model of a run which is no longer there goes back to what the page opens with. The page's link may name models
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
        held = {
            self.fill.model: (full, model),
            self.fill.compare: (short, compared),
            self.scored_models: (short, scored),
            self.contrast.model: (short, contrasted),
            self.contrast.other_model: (with_same(short), other),
            self.extract.model: (extractors.choices(extracting), asked),
            self.form.model: (full, base),
            self.teach.model: (choices(bases.offered(self.runs, owner, id)), taught),
        }
        updates = {picker: self._update(picker, *each) for picker, each in held.items()}
        if self._is_gone(model):  # the page opens with a pair of models
            updates[self.fill.compare] = gr.Dropdown(short, value=self.fill.compare.value, **ANY_MODEL)
        return updates

    def _update(
        self, picker: gr.Dropdown, choices: list[tuple[str, str]], held: str | list[str] | None
    ) -> gr.Dropdown:
        """Return a picker with its choices; what it holds is left alone unless a run of it is gone."""
        several = isinstance(held, list)
        names = held if several else [held]
        left = [name for name in names if not self._is_gone(name)]
        if len(left) == len(names):
            return gr.Dropdown(choices)
        return gr.Dropdown(choices, value=left if several and left else picker.value, **ANY_MODEL)

    def _is_gone(self, name: str | None) -> bool:
        return bool(RUN_ID.fullmatch(name or "")) and not self.runs.has(name)
