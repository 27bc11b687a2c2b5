"""The Adapt tab once there is a run: its progress, its result, the owner's actions, and My runs."""

from collections.abc import Callable, Sequence
from html import escape

import gradio as gr

from mlm_demo.errors import HubError, MlmDemoError
from mlm_demo.inference.engine import Engine
from mlm_demo.runs.adapted_models import adapted_model, model_of
from mlm_demo.runs.run import ACTIVE, Run
from mlm_demo.runs.service import RunService
from mlm_demo.runs.tasks.registry import makes_table
from mlm_demo.runs.worker import work
from mlm_demo.runs.zero_gpu import run_on_lent_gpu
from mlm_demo.settings import on_zero_gpu
from mlm_demo.training.export import push_model
from mlm_demo.web import javascript
from mlm_demo.web.adapt.form import AdaptForm
from mlm_demo.web.adapt.my_data import Emptied, MyData
from mlm_demo.web.adapt.my_runs import MyRuns
from mlm_demo.web.adapt.pickers import Pickers
from mlm_demo.web.adapt.run_state import (
    Example,
    Stamp,
    adapt_command,
    example_to_show,
    missing_run,
    run_state,
    sentence_before_and_after,
)
from mlm_demo.web.adapt.run_widgets import RunWidgets
from mlm_demo.web.contrast.tab import ContrastTab
from mlm_demo.web.event_options import ASKING, AT_ONCE, QUIET
from mlm_demo.web.extract import extractors
from mlm_demo.web.extract.tab import ExtractTab
from mlm_demo.web.fill.tab import FillTab
from mlm_demo.web.identity import browser_secret, identify
from mlm_demo.web.messages import refusal
from mlm_demo.web.model_choices import choices, offered, short_choices
from mlm_demo.web.server.rate_limits import RateLimits
from mlm_demo.web.teach import bases
from mlm_demo.web.teach.form import TeachForm

SECONDS_BETWEEN_REFRESHES = 2


class RunTab(RunWidgets):
    """The widgets of a run, and a handler for each event; a handler returns the widgets that change.

    owner: the secret that the browser keeps; form, teach: the forms that a run replaces; fill, scored_models, contrast,
    extract: the pickers of the other tabs.
    """

    def __init__(
        self,
        service: RunService,
        engine: Engine,
        limits: RateLimits,
        *,
        owner: gr.BrowserState,
        tabs: gr.Tabs,
        form: AdaptForm,
        teach: TeachForm,
        fill: FillTab,
        scored_models: gr.Dropdown,
        contrast: ContrastTab,
        extract: ExtractTab,
    ):
        self.service, self.engine, self.limits = service, engine, limits
        self.owner, self.tabs, self.form, self.fill = owner, tabs, form, fill
        self.teach, self.extract = teach, extract
        key = browser_secret(service.settings)
        self.own = gr.BrowserState("", storage_key="mlm_demo_browser", secret=key)
        # Not a State: the browser makes the page's address from it.
        self.current = gr.Textbox(visible="hidden")
        self.finished = gr.Textbox("", visible="hidden")  # changes when the run has a new model
        self.confirmed = gr.Checkbox(visible="hidden")
        self.stamp = gr.State(())
        self.example = gr.State(None)  # stays while the slider moves, so that its answer can be followed
        with gr.Column(visible=False, elem_id="run") as self.panel:
            self.draw()
        self.share.moved.render()
        self.mine = MyRuns(service)
        self.data = MyData(service, self._emptied)
        self.timer = gr.Timer(SECONDS_BETWEEN_REFRESHES, active=False)
        others = {"scored_models": scored_models, "contrast": contrast, "extract": extract}
        pickers = {"form": form, "teach": teach, "fill": fill, **others}
        self.pickers = Pickers(service.runs, owner=owner, current=self.current, **pickers)
        self.train_on_lent_gpu = None
        if on_zero_gpu():
            lent = lambda run, seconds: work(run, service.settings, seconds=seconds)  # noqa: E731
            self.train_on_lent_gpu = run_on_lent_gpu(lent)

    # Handlers

    def load_page(
        self, stored: str, stored_own: str, request: gr.Request, profile: gr.OAuthProfile | None
    ) -> dict:
        """Identify the owner, and show the run in the link, or else an active run of theirs."""
        runs, settings = self.service.runs, self.service.settings
        owner, own = identify(stored, stored_own, profile, runs, settings)
        kept = {self.owner: owner, self.own: own}
        wanted = request.query_params.get("run", "")
        if wanted:
            found = self.service.runs.has(wanted)
            if found and makes_table(self.service.runs.find(wanted)):  # another tab shows it
                return {**kept, **self._close(owner)}
            shown = self._open(wanted, owner) if found else self._close(owner, missing_run(wanted))
            return {**kept, self.tabs: gr.Tabs(selected="adapt"), **shown}
        own = [run for run in self.service.runs.owned_by(owner) if not makes_table(run)]
        active = next((run for run in own if run.state in ACTIVE), None)
        return {**kept, **(self._open(active.id, owner) if active else self._close(owner))}

    def show_started(self, id: str, owner: str) -> dict:
        """Show the run that the form has started."""
        return self._open(id, owner) if id else self._close(owner)

    def refresh(self, id: str, owner: str, stamp: Stamp) -> dict:
        """Show what has changed since the stamp."""
        try:
            changed = self._show(self.service.runs.find(id), owner, stamp)
        except (MlmDemoError, OSError):  # a file was replaced now, or the run deleted in another window
            return gr.skip() if self.service.runs.has(id) else {self.timer: gr.Timer(active=False)}
        return changed or gr.skip()

    def stop(self, id: str, owner: str) -> dict:
        """Ask the run to stop."""
        return self._act(self.service.queue.stop, id, owner)

    def skip(self, id: str, owner: str) -> dict:
        """Ask a run that has stopped training to end without an evaluation."""
        return self._act(Run.ask_to_skip, id, owner)

    def resume(self, id: str, owner: str) -> dict:
        """Put the run back into the queue."""
        return self._act(self.service.queue.resume, id, owner)

    def reweigh(self, request: gr.Request, percent: float | None, id: str, owner: str) -> dict:
        """Give the model the share of what it learned that the slider says."""
        if percent is None:
            return gr.skip()
        note = ""
        try:
            self.limits.admit(request)
            self.service.reweigh(id, owner, percent / 100)
        except MlmDemoError as error:
            note = refusal(error, "")
        return self._acted(note, id, owner)

    def rename(self, name: str, id: str, owner: str) -> dict:
        """Give the run another name."""
        try:
            name = self.service.rename(id, owner, name)
        except MlmDemoError as error:
            return {self.message: refusal(error, "")}
        run = self.service.runs.find(id)
        shown = {**self._show(run, owner), **self.name.show(name, own=True)}
        return {self.message: "", **self.mine.show(owner), **shown}

    def delete(self, confirmed: bool, id: str, owner: str) -> dict:
        """Delete the run, once its owner has confirmed it, and show the form."""
        if not confirmed:
            return gr.skip()
        try:
            run = self.service.require_owner(id, owner)
            name = run.name
            run.delete()
        except MlmDemoError as error:
            return {self.message: refusal(error, "")}
        said = f'<p role="status">Deleted: {escape(name)}, with its files and its model.</p>'
        return self._close(owner, said)

    def start_another(self, owner: str) -> dict:
        """Show the form in place of the run."""
        return {self.form.started: "", self.teach.started: "", **self._close(owner)}

    def use_model(self, id: str, owner: str, sentence: str, example: Example | None) -> dict:
        """Pick the run's model on the first tab, compared with its base model on the sentence shown here."""
        try:
            run = self.service.runs.find(id)
        except MlmDemoError as error:
            return {self.message: refusal(error, "")}
        if not adapted_model(run):  # moved to its base in another window
            return gr.skip()
        models, base = offered(self.service.runs, owner, [id]), run.request.about["base"]
        return {
            self.fill.sentence: example_to_show(run, sentence, example).sentence,
            self.fill.model: gr.Dropdown(choices(models), value=id),
            self.fill.compare: gr.Dropdown(short_choices(models), value=[base] if base else []),
            self.tabs: gr.Tabs(selected="fill"),
        }

    def use_in_extract(self, id: str, owner: str) -> dict:
        """Pick the run's model in Extract."""
        models = extractors.offered(self.service.runs, owner, id)
        return {
            self.extract.model: gr.Dropdown(
                extractors.choices(models),
                value=id,
                info=extractors.about_models(models, self.service.settings),
            ),
            self.tabs: gr.Tabs(selected="extract"),
        }

    def teach_model(self, id: str, owner: str) -> dict:
        """Show the form that teaches a task, with the run's model as its base."""
        models = bases.offered(self.service.runs, owner, id)
        return {
            **self.start_another(owner),
            self.teach.model: gr.Dropdown(choices(models), value=id),
            self.teach.panel: gr.Accordion(open=True, visible=True),
        }

    def compare_sentence(
        self, request: gr.Request, finished: str, id: str, sentence: str, example: Example | None
    ) -> dict:
        """Show a held-out sentence before and after the training, or the first tab's if no guess improved."""
        run = self.service.runs.find(id) if finished and self.service.runs.has(id) else None
        if not run or not adapted_model(run):
            return {self.sentence: ""}
        example = example_to_show(run, sentence, example)
        try:
            self.limits.admit(request)
        except MlmDemoError as error:
            return {self.sentence: refusal(error, "")}
        return {self.sentence: sentence_before_and_after(self.engine, run, example), self.example: example}

    def push(self, request: gr.Request, id: str, owner: str, repository: str, token: str) -> dict:
        """Push the model to the Hub with the visitor's own token."""
        try:
            self.limits.admit(request)
            if not (token or "").strip():  # huggingface_hub would use the server's own instead
                raise HubError(
                    "There is no token; create one with write access at huggingface.co/settings/tokens."
                )
            run = self.service.require_owner(id, owner)
            if not model_of(run):
                raise HubError("There is no new model to push; the run kept its base model.")
            address = escape(push_model(run.output, (repository or "").strip(), token=token.strip()))
        except MlmDemoError as error:
            return {self.pushed: refusal(error, ""), self.token: ""}
        return {
            self.pushed: f'<p role="status">Pushed to <a href="{address}">{address}</a>.</p>',
            self.token: "",
        }

    def train_here(self, id: str, owner: str) -> None:
        """Train within this event, so that the visitor's own quota pays for the lent GPU."""
        run = self.service.runs.find(id) if self.service.runs.has(id) else None
        if run and run.state == "waiting" and self.service.is_owner(run, owner):
            self.train_on_lent_gpu(run)

    def _act(self, action: Callable[[Run], None], id: str, owner: str) -> dict:
        note = ""
        try:
            action(self.service.require_owner(id, owner))
        except MlmDemoError as error:
            note = refusal(error, "")
        return self._acted(note, id, owner)

    def _acted(self, note: str, id: str, owner: str) -> dict:
        if not self.service.runs.has(id):  # deleted in another window
            return {self.message: note}
        run = self.service.runs.find(id)
        return {self.message: note, **self.mine.show(owner), **self._show(run, owner)}

    def _open(self, id: str, owner: str) -> dict:
        """Show the panel with a run in place of the form."""
        run = self.service.runs.find(id)
        name = self.name.show(run.name, own=self.service.is_owner(run, owner))
        return {**self._show(run, owner), **name, **self._panel(True, owner, "")}

    def _close(self, owner: str, missing: str = "") -> dict:
        """Show the form in place of the panel; missing: why no run is shown, as HTML."""
        buttons = (self.stop_button, *self.buttons.values(), self.ask_papers.button, self.ask_papers.remove)
        texts = (self.current, self.finished, self.progress, self.corpus, self.result, self.shell)
        return {
            **dict.fromkeys(texts, ""),
            **self.share.show(None, "", movable=False),
            **self.search.show(frozenset()),
            **self.name.show("", own=False),
            **{button: gr.Button(visible=False) for button in buttons},
            self.stamp: (),
            self.push_panel: gr.Accordion(visible=False),
            self.timer: gr.Timer(active=False),
            **self._panel(False, owner, missing),
        }

    def _emptied(self, owner: str) -> dict:
        return {**self._close(owner), **self.form.emptied(), **self.teach.emptied()}

    def _panel(self, visible: bool, owner: str, missing: str) -> dict:
        return {
            self.form.group: gr.Column(visible=not visible),
            self.teach.panel: gr.Accordion(visible=not visible),
            self.form.missing: missing,
            self.panel: gr.Column(visible=visible),
            self.sentence: "",
            self.message: "",
            **self.mine.show(owner),
            **self.link.hide(),
            self.pushed: "",
        }

    def _show(self, run: Run, owner: str, stamp: Stamp = ()) -> dict:
        """Return the widgets of a run, or {} if nothing has changed since the stamp."""
        now = run_state(self.service, run, owner)
        if now.stamp == tuple(stamp or ()):
            return {}
        can = now.actions
        return {
            self.current: run.id,
            self.stamp: now.stamp,
            self.finished: now.finished,
            self.progress: now.progress,
            **self.share.show(now.share, now.losses, movable="reweigh" in can),
            self.corpus: now.corpus,
            self.result: now.result,
            # Stop stays visible while the run stops, so that no other button moves under the pointer.
            self.stop_button: gr.Button(visible="stop" in can or now.stopping, interactive="stop" in can),
            **{button: gr.Button(visible=action in can) for action, button in self.buttons.items()},
            **self.ask_papers.show(can),
            **self.search.show(can),
            self.push_panel: gr.Accordion(visible="push" in can),
            self.shell: adapt_command(run),
            self.timer: gr.Timer(active=now.active),  # as it is drawn, not as it is by now
        }

    # Wiring

    def wire(self, demo: gr.Blocks, others: Sequence[Emptied]) -> None:
        """Connect the widgets' events to the handlers; others: the parts of other tabs that show data of a person."""
        shown = [
            *(self.current, self.stamp, self.finished, self.progress, self.corpus, self.result, self.shell),
            *(self.stop_button, *self.buttons.values(), self.ask_papers.button, self.ask_papers.remove),
            *(self.push_panel, self.timer, self.share.slider, self.share.losses),
            *(self.search.panel, self.search.results),
        ]
        whole = [*shown, self.form.group, self.form.missing, self.panel, self.sentence, self.message]
        whole += [*self.mine.widgets, *self.link.widgets, self.pushed, self.teach.panel, self.name.box]
        run = [self.current, self.owner]
        address = {"fn": None, "inputs": self.current, "js": javascript.SHOW_RUN, "api_visibility": "private"}

        kept = [self.owner, self.own]
        demo.load(self.load_page, kept, [*kept, self.tabs, *whole], **AT_ONCE).then(**self.pickers.event)
        started, taught = (
            field.change(self.show_started, [field, self.owner], whole, **QUIET)
            for field in (self.form.started, self.teach.started)
        )
        self.timer.tick(self.refresh, [*run, self.stamp], shown, **AT_ONCE)
        self.mine.wire(self.owner)
        acted = [self.message, *self.mine.widgets, *shown]
        self.stop_button.click(self.stop, run, acted, **QUIET)
        self.skip_button.click(self.skip, run, acted, **QUIET)
        resumed = self.resume_button.click(self.resume, run, acted, **QUIET)
        self.share.wire(self.reweigh, run, acted)
        self.name.wire(self.rename, run, [*acted, self.name.box]).then(**self.pickers.event)
        if self.train_on_lent_gpu:
            for begun in (started, taught, resumed):
                begun.then(self.train_here, run, **QUIET)
        begin = [self.form.started, self.teach.started]
        self.again_button.click(self.start_another, self.owner, [*begin, *whole], **QUIET).then(**address)
        self.delete_button.click(
            None, self.confirmed, self.confirmed, js=javascript.CONFIRM_DELETE, api_visibility="private"
        ).then(self.delete, [self.confirmed, *run], whole, **QUIET).then(**self.pickers.event).then(**address)
        self.data.wire(self.owner, [*whole, *self.form.filled, *self.teach.filled], others).then(
            **self.pickers.event
        ).then(**address)
        self.finished.change(
            self.compare_sentence,
            [self.finished, self.current, self.fill.sentence, self.example],
            [self.sentence, self.example],
            **ASKING,
            **QUIET,
        )
        self.finished.change(**self.pickers.event)
        self.use_button.click(
            self.use_model,
            [*run, self.fill.sentence, self.example],
            [self.fill.sentence, self.fill.model, self.fill.compare, self.tabs, self.message],
            **QUIET,
        ).then(self.fill.fill, **self.fill.asks)
        self.extract_button.click(self.use_in_extract, run, [self.extract.model, self.tabs], **QUIET)
        self.ask_papers.wire(
            self.service, self.limits, run, self.message, self.search, self.extract, self.tabs
        )
        self.search.wire(self.service, self.engine, self.limits, run)
        self.teach_button.click(self.teach_model, run, [self.teach.model, *begin, *whole], **QUIET).then(
            **address
        )
        self.send_button.click(
            self.push,
            [*run, self.repository, self.token],
            [self.pushed, self.token],
            show_progress_on=self.pushed,
            api_visibility="private",
        )
        self.link.wire(self.current, self.service.settings)
