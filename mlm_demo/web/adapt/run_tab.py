"""The 'Adapt' tab, once there is a run: how it goes, what it has come to, what can be done with it; and 'My runs'."""

from html import escape

import gradio as gr

from mlm_demo.errors import HubError, MlmDemoError
from mlm_demo.inference.engine import Engine
from mlm_demo.runs.adapted_models import adapted_model
from mlm_demo.runs.run import GOING
from mlm_demo.runs.service import RunService
from mlm_demo.runs.worker import work
from mlm_demo.runs.zero_gpu import run_on_lent_gpu
from mlm_demo.settings import on_zero_gpu
from mlm_demo.training.export import push_model
from mlm_demo.web import javascript as browser
from mlm_demo.web.adapt.form import Setup
from mlm_demo.web.adapt.my_runs import my_runs
from mlm_demo.web.adapt.run_state import look, refusal_of_link, sentence_before_and_after, shell_line
from mlm_demo.web.event_options import ASKING, AT_ONCE, QUIET
from mlm_demo.web.fill.links import FIRST_SENTENCE, page_address
from mlm_demo.web.fill.tab import FillForm
from mlm_demo.web.identity import owner_of
from mlm_demo.web.messages import refusal
from mlm_demo.web.model_choices import choices, offered, short_choices
from mlm_demo.web.server.visitors import RateLimits

SECONDS_BETWEEN_LOOKS = 2


def run_panel(
    service: RunService,
    engine: Engine,
    owner: gr.BrowserState,
    missing: gr.HTML,
    setup: Setup,
    form: FillForm,
    scored_models: gr.Dropdown,
    tabs: gr.Tabs,
    demo: gr.Blocks,
    limits: RateLimits,
) -> None:
    """Draw the panel and wire it; missing: where it is said that a link leads nowhere."""
    settings = service.settings
    current = gr.Textbox(visible="hidden")  # not a State: the page's address is made from it in the browser
    finished = gr.Textbox(visible="hidden")
    seen = gr.State("")
    with gr.Column(visible=False, elem_id="run") as panel:
        live = gr.HTML(min_height=120, padding=False, js_on_load=None, elem_id="live")
        with gr.Row(elem_id="run-buttons"):
            small = {"size": "sm", "min_width": 110}
            stop = gr.Button("Stop", visible=False, elem_id="stop", **small)
            resume = gr.Button("Resume", visible=False, elem_id="resume", **small)
            use = gr.Button("Use this model", variant="primary", visible=False, elem_id="use", **small)
            copy = gr.Button("Copy link", elem_id="copy-run", **small)
            again = gr.Button("Start another", elem_id="again", **small)
            delete = gr.Button("Delete", visible=False, elem_id="delete", **small)
        link = gr.Textbox(
            label="Whoever has this link sees the run and its model",
            interactive=False,
            visible=False,
            elem_id="run-link",
        )
        said = gr.HTML(padding=False, js_on_load=None, elem_id="run-said")
        result = gr.HTML(padding=False, js_on_load=None, elem_id="run-result")
        sentence = gr.HTML(padding=False, js_on_load=None, elem_id="run-sentence")
        with gr.Accordion("What is in the corpus", open=False, elem_id="run-corpus"):
            corpus = gr.HTML(padding=False, js_on_load=None)
        with gr.Accordion("Push to the Hub", open=False, visible=False, elem_id="push") as push:
            with gr.Row():
                repo = gr.Textbox(
                    label="Name",
                    placeholder="owner/name",
                    info="Its card and result.json quote sentences of the corpus.",
                    elem_id="repo",
                )
                token = gr.Textbox(
                    label="Token that may write",
                    type="password",
                    info="Sent to the Hub, kept nowhere.",
                    elem_id="token",
                )
            send = gr.Button("Push as a private model", size="md", elem_id="send")
            pushed = gr.HTML(padding=False, js_on_load=None, elem_id="pushed")
        with gr.Accordion("Do the same in the shell", open=False, elem_id="run-shell"):
            shell = gr.Code(language="shell", interactive=False, wrap_lines=True, lines=1)
    with gr.Accordion("My runs", open=True, elem_id="my-runs"):
        mine = gr.HTML(my_runs([], settings.keep_days), js_on_load=None)
    timer = gr.Timer(SECONDS_BETWEEN_LOOKS, active=False)

    shown = [current, seen, finished, live, corpus, result, stop, resume, use, delete, push, shell, timer]
    whole = [*shown, setup.group, panel, sentence, said, mine, link, pushed, missing]
    pickers = [form.model, form.compare, scored_models, setup.model]

    def listed(who):
        return my_runs(service.runs.owned_by(who), settings.keep_days)

    def parts(run, who, before):
        now = look(service, run, who)
        if now.seen == before:
            return (gr.skip(),) * len(shown)
        going = run.state in GOING
        visible = [gr.Button(visible=name in now.can) for name in ("stop", "resume", "use", "delete")]
        done = "" if going or not now.result else f"{run.id} {run.state} {run.touched}"
        texts = (run.id, now.seen, done, now.live, now.corpus, now.result)
        return (
            *texts,
            *visible,
            gr.Accordion(visible="push" in now.can),
            shell_line(run),
            gr.Timer(active=going),
        )

    def open_run(id, who, note=""):
        """The whole panel for a run's id; the form where there is none, with a note over it."""
        rest = ("", "", listed(who), gr.Textbox(visible=False), "", note)
        if not id:
            nothing = ("", "", "", "", "", "", *(gr.Button(visible=False),) * 4)
            closed = (*nothing, gr.Accordion(visible=False), "", gr.Timer(active=False))
            return *closed, gr.Column(visible=True), gr.Column(visible=False), *rest
        run = service.runs.find(id)
        return *parts(run, who, ""), gr.Column(visible=False), gr.Column(visible=True), *rest

    def tick(id, who, before):
        try:
            run = service.runs.find(id)
            changed = parts(run, who, before)
        except (MlmDemoError, OSError):  # deleted in another window, between two looks
            return (gr.skip(),) * (len(shown) - 1) + (gr.Timer(active=False), gr.skip())
        return *changed, gr.skip() if run.state in GOING else listed(who)

    def load_page(stored, request: gr.Request, profile: gr.OAuthProfile | None):
        """Whose runs these are, and the run that the link names, or else one that is going on."""
        who = owner_of(stored, profile, settings)
        wanted = request.query_params.get("run", "")
        note, id = "", wanted
        if wanted and not service.runs.has(wanted):
            note = refusal_of_link(wanted)
            id = ""
        if not wanted:
            id = next((run.id for run in service.runs.owned_by(who) if run.state in GOING), "")
        return who, gr.Tabs(selected="adapt") if wanted else gr.skip(), *open_run(id, who, note)

    def act(what):
        def acted(id, who):
            run, note = service.runs.find(id), ""
            try:
                what(service.require_owner(id, who))
            except MlmDemoError as error:
                note = refusal(error, "")
            return note, *parts(run, who, "")

        return acted

    def remove(sure, id, who):
        if not sure:
            return (gr.skip(),) * (len(whole) + 1)
        try:
            service.require_owner(id, who).delete()
        except MlmDemoError as error:
            return refusal(error, ""), *(gr.skip(),) * len(whole)
        return "", *open_run("", who)

    def use_model(id, who):
        run = service.runs.find(id)
        models, base = offered(service.runs, who, [id]), run.request.about["base"]
        return (
            gr.Dropdown(choices(models), value=id),
            gr.Dropdown(short_choices(models), value=[base]),
            gr.Tabs(selected="fill"),
        )

    def more_models(who, id):
        models = offered(service.runs, who, [id] if id else [])
        full, short = choices(models), short_choices(models)
        return gr.Dropdown(full), gr.Dropdown(short), gr.Dropdown(short), gr.Dropdown(full)

    def evaluate_model(request: gr.Request, done, id, text):
        run = service.runs.find(id) if done and id else None
        if not run or not adapted_model(run):
            return ""
        try:
            limits.admit(request)
        except MlmDemoError as error:
            return refusal(error, "")
        # A link may bring the run before the first tab has its sentence.
        return sentence_before_and_after(engine, run, text or FIRST_SENTENCE)

    def push_it(request: gr.Request, id, who, name, secret):
        try:
            limits.admit(request)
            if not (secret or "").strip():  # without one the server's own would be used
                raise HubError(
                    "There is no token; make one that may write at huggingface.co/settings/tokens."
                )
            run = service.require_owner(id, who)
            address = push_model(run.output, (name or "").strip(), token=secret.strip())
        except MlmDemoError as error:
            return refusal(error, ""), ""
        return f'<p role="status">Pushed to <a href="{escape(address)}">{escape(address)}</a>.</p>', ""

    demo.load(load_page, owner, [owner, tabs, *whole], **QUIET).then(
        more_models, [owner, current], pickers, **QUIET
    )
    shown_first = setup.started.change(
        lambda id, who: open_run(id, who), [setup.started, owner], whole, **QUIET
    )
    timer.tick(tick, [current, owner, seen], [*shown, mine], **AT_ONCE)
    stop.click(act(service.queue.stop), [current, owner], [said, *shown], **QUIET)
    resumed = resume.click(act(service.queue.resume), [current, owner], [said, *shown], **QUIET)
    if on_zero_gpu():
        work_on_gpu = run_on_lent_gpu(lambda run, seconds: work(run, settings, seconds=seconds))

        def work_on(id, who):
            """Within this event the person's own quota pays for the GPU."""
            run = service.runs.find(id) if id else None
            if run and run.state == "waiting" and service.is_owner(run, who):
                work_on_gpu(run)

        for begun in (shown_first, resumed):
            begun.then(work_on, [current, owner], **QUIET)
    again.click(lambda who: ("", *open_run("", who)), owner, [setup.started, *whole], **QUIET).then(
        None, current, js=browser.SHOW_RUN, api_visibility="private"
    )
    sure = gr.Checkbox(visible="hidden")
    delete.click(None, sure, sure, js=browser.ARE_YOU_SURE, api_visibility="private").then(
        remove, [sure, current, owner], [said, *whole], **QUIET
    ).then(None, current, js=browser.SHOW_RUN, api_visibility="private")
    finished.change(evaluate_model, [finished, current, form.sentence], sentence, **ASKING, **QUIET)
    gr.on([finished.change], more_models, [owner, current], pickers, **QUIET)
    use.click(use_model, [current, owner], [form.model, form.compare, tabs], **QUIET).then(
        form.fill, **form.asks
    )
    send.click(
        push_it,
        [current, owner, repo, token],
        [pushed, token],
        show_progress_on=pushed,
        api_visibility="private",
    )
    copy.click(
        lambda id: gr.Textbox(f"{page_address()}?run={id}", visible=True), current, link, **QUIET
    ).then(None, link, link, js=browser.copy_link("copy-run"), api_visibility="private")
