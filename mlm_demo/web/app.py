"""The web page: `create_app` builds it, `launch` serves it in the background, `serve` until interrupted."""

import os
import threading
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import gradio as gr
from fastapi.middleware import Middleware
from gradio.utils import get_upload_folder

from mlm_demo.errors import MlmDemoError, SettingError
from mlm_demo.inference.engine import Engine
from mlm_demo.runs.adapted_models import catalogue_of
from mlm_demo.runs.data_folder import check_version
from mlm_demo.runs.service import RunService
from mlm_demo.settings import ASSETS, Settings, on_space, on_zero_gpu
from mlm_demo.web.adapt.form import AdaptForm
from mlm_demo.web.adapt.run_tab import RunTab
from mlm_demo.web.address import follow
from mlm_demo.web.api import add_endpoints
from mlm_demo.web.api_examples import set_examples
from mlm_demo.web.batch.asked_file import open_runs
from mlm_demo.web.contrast.tab import ContrastTab
from mlm_demo.web.event_options import AT_ONCE, QUIET
from mlm_demo.web.extract.tab import ExtractTab
from mlm_demo.web.fill.answer import VIEWS, first_answer
from mlm_demo.web.fill.tab import FillTab
from mlm_demo.web.identity import browser_secret, login_button
from mlm_demo.web.javascript import NAME_BOXES_AND_CROSSES
from mlm_demo.web.learn import LearnTab
from mlm_demo.web.score.tab import ScoreTab
from mlm_demo.web.server.calls import Page
from mlm_demo.web.server.downloads import add_downloads
from mlm_demo.web.server.heartbeats import SAY_GOODBYE, ShortHeartbeats
from mlm_demo.web.server.metrics import log_to_stderr, measure_events
from mlm_demo.web.server.middleware import RequestLimits
from mlm_demo.web.server.quick_start import without_early_applications
from mlm_demo.web.server.rate_limits import RateLimits
from mlm_demo.web.server.sessions import MAX_SESSIONS, forget_sessions, make_sessions_lean
from mlm_demo.web.server.status_pages import StatusCollector, add_status_pages
from mlm_demo.web.server.streams import hold_streams
from mlm_demo.web.server.uploads import choose_folder, keep_sweeping, keep_uploads_apart
from mlm_demo.web.teach.form import TeachForm

# The fonts come with Gradio, so the page fetches none. Weight 700 instead of the theme's own 600: Gradio 6.31's files
# of weight 600 contain only a few letters, and the others would fall back to another font.
THEME = gr.themes.Default(
    primary_hue="blue",
    neutral_hue="slate",
    font=[
        gr.themes.LocalFont("Source Sans Pro", weights=(400, 700)),
        "ui-sans-serif",
        "system-ui",
        "sans-serif",
    ],
    font_mono=[gr.themes.LocalFont("IBM Plex Mono", weights=(400, 700)), "ui-monospace", "monospace"],
).set(  # for a contrast of at least 4.5:1, which the theme's own colors miss
    body_text_color_subdued="*neutral_500",
    block_info_text_color="*neutral_500",
    block_info_text_color_dark="*neutral_400",
    button_primary_background_fill="*primary_600",
    button_primary_background_fill_hover="*primary_700",
    button_cancel_background_fill="#dc2626",
    button_cancel_background_fill_hover="#b91c1c",
)
SECONDS_BETWEEN_LOOKS = 0.01
MCP = "1.30.0"  # the release of the package that is tested, as in requirements-dev.txt
INTRODUCTION = """# What does a masked language model expect?

Mask a word in a sentence and see which words the model would put there, and how probable it finds each."""


@without_early_applications()
def create_app(settings: Settings, engine: Engine | None = None) -> gr.Blocks:
    """Build the page; no model is loaded before the first question."""
    check_version(settings.data_folder)
    engine = engine or engine_of_page(settings)
    service, limits = RunService(settings), RateLimits(settings)
    # After each queued event Gradio would summarize the last 10,000 (12 ms of pandas) for a page that is disabled here.
    os.environ.setdefault("GRADIO_ANALYTICS_CACHE_FREQUENCY", "1000000000")
    os.environ.setdefault("GRADIO_ANALYTICS_MAX_EVENTS", "1")
    make_sessions_lean()
    keep_uploads_apart()
    title = "mlm_demo: what a masked language model expects"
    with Page(title=title, analytics_enabled=False) as demo:
        # First, because Gradio also names the page's own events, and a name that is taken gets a number.
        add_endpoints(engine, service, limits)
        set_examples(demo)
        gr.Markdown(INTRODUCTION, elem_id="introduction")
        owner = gr.BrowserState("", storage_key="mlm_demo_owner", secret=browser_secret(settings))
        with gr.Tabs(elem_id="tabs") as tabs:
            with gr.Tab("Fill mask", id="fill") as fill_tab:
                fill = FillTab(engine, service, limits).build(demo, owner)
            with gr.Tab("Score", id="score") as score_tab:
                score = ScoreTab(engine, service, limits).build(score_tab, owner)
            with gr.Tab("Contrast", id="contrast") as contrast_tab:
                contrast = ContrastTab(engine, service.runs, limits).build(contrast_tab, owner)
            extract = ExtractTab(engine, service, limits)
            with gr.Tab("Adapt", id="adapt") as adapt_tab:
                login_button()
                form, teach = AdaptForm(service, limits), TeachForm(service, limits)
                run = RunTab(
                    service,
                    engine,
                    limits,
                    owner=owner,
                    tabs=tabs,
                    form=form,
                    teach=teach,
                    fill=fill,
                    scored_models=score.models,
                    contrast=contrast,
                    extract=extract,
                )
            with gr.Tab("Extract", id="extract") as extract_tab:
                extract.build(demo, owner, tabs)
            with gr.Tab("Learn", id="learn") as learn_tab:
                LearnTab(engine).build(learn_tab)
        form.wire(demo, owner)
        if not service.trains_here:
            demo.load(form.show_launcher, None, form.refused, **QUIET)
        teach.wire(owner)
        run.wire(demo, [extract, fill.file, score.file])
        fill.offer.ready.change(**run.pickers.event)
        open_runs(demo, owner, tabs, {fill.file: fill.file_box, score.file: score.file_box})
        gr.on(
            [asking.background.run.change for asking in (extract, fill.file, score.file)],
            run.mine.refresh,
            [owner, run.mine.listed],
            run.mine.widgets,
            **AT_ONCE,
        )
        follow(
            demo,
            tabs,
            {
                fill_tab: [fill.link],
                score_tab: [score.link],
                contrast_tab: [contrast.link],
                adapt_tab: [run.current],
                extract_tab: [extract.background.run, extract.link],
                learn_tab: [],
            },
            {
                fill_tab: ({"text": fill.sentence}, fill.link),
                score_tab: ({"score": score.sentence, "against": score.second}, score.link),
                contrast_tab: ({"contrast": contrast.first, "with": contrast.second}, contrast.link),
                extract_tab: ({"questions": extract.questions}, extract.link),
            },
        )
        demo.load(None, js=NAME_BOXES_AND_CROSSES, api_visibility="private")
        demo.load(None, js=SAY_GOODBYE, api_visibility="private")
    measure_events(demo)
    demo.service, demo.engine = service, engine
    # api_open=False: nobody may skip the queue, whose limit protects the machine.
    demo.queue(default_concurrency_limit=8, max_size=200, api_open=False)
    # Gradio (6.31) looks for waiting events a thousand times a second: 8% of a core for a page that nobody visits.
    demo._queue.sleep_when_free = SECONDS_BETWEEN_LOOKS
    hold_streams(demo._queue)
    return demo


def engine_of_page(settings: Settings) -> Engine:
    """Return the page's engine; it runs on the CPU where GPUs are lent for one call at a time (ZeroGPU).

    With MLM_DEMO_ENGINE it asks another one. Raises SettingError if that is no address.
    """
    if settings.engine:
        from mlm_demo.inference.served.remote_engine import RemoteEngine

        return RemoteEngine(settings, catalogue_of(settings))
    on_cpu = replace(settings, device="cpu") if on_zero_gpu() else settings
    return Engine(on_cpu, catalogue_of(settings))


def launch(demo: gr.Blocks, settings: Settings, *, share: bool = False) -> str:
    """Start serving in the background and return the page's address on this machine.

    Raises SettingError if the port is taken, or the package is missing that serves tools.
    """
    if settings.mcp and not find_spec("mcp"):
        raise SettingError(
            f"MLM_DEMO_MCP is 1, but the package mcp is not installed; install it: pip install mcp=={MCP}, or unset it."
        )
    folder = Path(get_upload_folder())
    limits = Middleware(RequestLimits, settings=settings, on_space=on_space(), upload_folder=folder)
    try:
        app, address, _ = demo.launch(
            server_name=settings.host,
            server_port=settings.port,
            share=share,
            prevent_thread_lock=True,
            quiet=not share,
            ssr_mode=False,
            show_error=False,
            mcp_server=settings.mcp,
            enable_monitoring=False,  # `status_pages.py` replaces it
            app_kwargs={"lifespan": forget_sessions, "middleware": [limits, Middleware(ShortHeartbeats)]},
            run_history=False,  # it would store what people type in their browser
            footer_links=["settings", "api"],
            favicon_path=ASSETS / "icon.svg",
            css_paths=[ASSETS / "style.css"],
            theme=THEME,
            max_file_size=settings.max_upload_megabytes * 1_000_000,
            state_session_capacity=MAX_SESSIONS,
            i18n=gr.I18n(
                en={"common.complete": "Done."}
            ),  # read by screen readers; Gradio has no text for it
        )
    except OSError as error:
        raise SettingError(
            f"Port {settings.port} of {settings.host} is not available ({error}); set MLM_DEMO_PORT to another one."
        ) from error
    add_downloads(app, demo.service)
    add_status_pages(app, StatusCollector(demo.service, demo.engine, lambda: len(demo._queue)))
    threading.Thread(target=demo.service.run_queue, args=(lambda: demo.is_running,), daemon=True).start()
    return address


def start(settings: Settings, *, share: bool = False) -> gr.Blocks:
    """Start serving the page, loading the models of its first answer in the background, and return the page."""
    if settings.public:
        log_to_stderr()
    uploads = choose_folder(settings.uploads)  # before Gradio's components ask for it
    engine = engine_of_page(settings)
    demo = create_app(settings, engine)
    print(f"The page is at {launch(demo, settings, share=share)}", flush=True)
    threading.Thread(target=_warm, args=(engine,), daemon=True).start()
    threading.Thread(target=_check, args=(demo.service,), daemon=True).start()
    sweeping = (uploads, demo, lambda: demo.is_running)
    threading.Thread(target=keep_sweeping, args=sweeping, daemon=True).start()
    return demo


def _check(service: RunService) -> None:
    try:
        service.queue.launcher.check()
    except MlmDemoError as error:
        print(f"mlm_demo: {error}", flush=True)


def _warm(engine: Engine) -> None:
    try:
        first_answer(engine, {}, VIEWS[0])
        engine.warm()
    except MlmDemoError as error:  # visitors see it on the page, the owner here
        print(f"mlm_demo: {error}", flush=True)
