"""The view of a run at one moment for one person: its HTML, and the actions that this person may take."""

import shlex
from dataclasses import dataclass
from html import escape

from mlm_demo.errors import MlmDemoError
from mlm_demo.inference.engine import Engine
from mlm_demo.runs.run import ACTIVE, RESUMABLE, Run
from mlm_demo.runs.service import SAMPLE, RunService, result_of
from mlm_demo.settings import ROOT, Settings
from mlm_demo.web.adapt.progress import run_view
from mlm_demo.web.adapt.report import corpus_view
from mlm_demo.web.adapt.result import headline, result_view
from mlm_demo.web.fill.charts import charts
from mlm_demo.web.server.downloads import download_address

Stamp = tuple[str, str, int, int]  # id, state, runs ahead of it, lines of its log


@dataclass(frozen=True)
class RunState:
    """What one person sees of a run at one moment.

    actions: those of stop, resume, use, delete and push that are available; stopping: whether they asked it to stop and
    it has not ended yet; stamp: changes whenever anything else here does.
    """

    progress: str
    corpus: str
    result: str
    actions: frozenset[str]
    stopping: bool
    stamp: Stamp


def run_state(service: RunService, run: Run, owner: str) -> RunState:
    """Return a run as the person with this secret sees it."""
    state, ahead, lines = run.state, service.queue.position(run), list(run.lines())
    own = service.is_owner(run, owner)
    result = result_of(run) if state not in ACTIVE else None
    actions = {"use"} if result else set()
    if own:
        actions |= {"stop"} if state in ("waiting", "running") else set()
        actions |= {"resume"} if state in RESUMABLE else set()
        actions |= {"delete"} if state not in ACTIVE else set()
        actions |= {"push"} if result else set()
    download = download_link(run, service.settings) if own and result else ""
    return RunState(
        progress=run_view(run, lines, ahead, headline(result) if result else ""),
        corpus=corpus_view(run, lines),
        result=download + (result_view(result) if result else ""),
        actions=frozenset(actions),
        stopping=own and state == "stopping",
        stamp=(run.id, state, ahead, len(lines)),
    )


def download_link(run: Run, settings: Settings) -> str:
    """Return the owner's link to the model as a zip file."""
    return (
        f'<p class="download"><a href="{escape(download_address(run, settings))}" download>Download the model</a> '
        '<span class="facts">A zip file with weights, tokenizer, model card and metrics, ready for transformers. The '
        "card and result.json quote sentences from the corpus.</span></p>"
    )


def adapt_command(run: Run) -> str:
    """Return the command line for the same run, to be used in the folder with its files."""
    about = run.request.about
    sample = str(SAMPLE.relative_to(ROOT))
    files = [sample if name == SAMPLE.name else name for name in about.get("files", ())]
    return shlex.join(
        ["python", "-m", "mlm_demo", "adapt", *files, *about.get("words", ()), "--output", "adapted"]
    )


def sentence_before_and_after(engine: Engine, run: Run, sentence: str) -> str:
    """Return the predictions of the base model and of the adapted model for a sentence, side by side."""
    try:
        answers = engine.compare(sentence, [run.request.about["base"], run.id], top_k=5)["answers"]
    except MlmDemoError as error:
        return f'<p class="empty" dir="auto">{escape(str(error))}</p>'
    heading = "<h4>Your sentence from Fill mask, before and after</h4>"
    return f"{heading}<p dir='auto'>{escape(sentence)}</p>{charts(answers)}"


def missing_run(id: str) -> str:
    """Return the message for a link to a run that does not exist."""
    return (
        f'<p class="refusal" role="alert">There is no run {escape(id[:40])}; it may have been deleted. Add files to '
        "start a new one.</p>"
    )
