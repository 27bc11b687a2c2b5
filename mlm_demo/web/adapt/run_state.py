"""What there is to see of a run at one moment, and what can be done with it by whom; plain functions."""

import shlex
from dataclasses import dataclass
from html import escape

from mlm_demo.errors import MlmDemoError
from mlm_demo.inference.engine import Engine
from mlm_demo.runs.run import CAN_GO_ON, GOING, Run
from mlm_demo.runs.service import SAMPLE, RunService, result_of
from mlm_demo.settings import ROOT, Settings
from mlm_demo.web.adapt.progress import corpus_view, run_view
from mlm_demo.web.adapt.result import result_view, summary
from mlm_demo.web.fill.charts import charts
from mlm_demo.web.server.downloads import download_address


@dataclass(frozen=True)
class Look:
    """What there is to see of a run at one moment."""

    live: str
    corpus: str
    result: str
    can: frozenset[str]  # of stop, resume, delete, use, push
    seen: str  # changes when any of it does


def look(service: RunService, run: Run, owner: str) -> Look:
    """A run as the page shows it to a person."""
    state, place, lines = run.state, service.queue.position(run), list(run.lines())
    own = service.is_owner(run, owner)
    result = result_of(run) if state not in GOING else {}
    can = {"stop"} if own and state in ("waiting", "running") else set()
    can |= {"resume"} if own and state in CAN_GO_ON else set()
    can |= {"delete"} if own and state not in GOING else set()
    can |= {"use"} if result else set()
    can |= {"push"} if own and result else set()
    return Look(
        live=run_view(run, lines, place, summary(result["figures"]) if result else ""),
        corpus=corpus_view(run, lines),
        result=(download_link(run, service.settings) if own else "") + result_view(result) if result else "",
        can=frozenset(can),
        seen=f"{run.id} {state} {place} {len(lines)}",
    )


def download_link(run: Run, settings: Settings) -> str:
    """The link to the model as a zip file, for the owner."""
    return (
        f'<p class="download"><a href="{escape(download_address(run, settings))}" download>Download the model</a> '
        '<span class="facts">a zip file: weights, tokenizer, card, figures; loads with transformers. Its card and its '
        "result.json quote sentences of the corpus.</span></p>"
    )


def shell_line(run: Run) -> str:
    """The command that gives the same run, where the files are."""
    about = run.request.about
    sample = str(SAMPLE.relative_to(ROOT))
    files = [sample if name == SAMPLE.name else name for name in about.get("files", ())]
    return shlex.join(
        ["python", "-m", "mlm_demo", "adapt", *files, *about.get("words", ()), "--output", "adapted"]
    )


def sentence_before_and_after(engine: Engine, run: Run, sentence: str) -> str:
    """The first tab's sentence by the adapted model and by its base, with the moves of the ranks."""
    try:
        answers = engine.compare(sentence, [run.request.about["base"], run.id], top_k=5)["answers"]
    except MlmDemoError as error:
        return f'<p class="empty" dir="auto">{escape(str(error))}</p>'
    heading = "<h4>The sentence of the first tab, before and after</h4>"
    return f"{heading}<p dir='auto'>{escape(sentence)}</p>{charts(answers)}"


def refusal_of_link(id: str) -> str:
    """What stands on the tab when a link leads nowhere."""
    return (
        f'<p class="refusal" role="alert">There is no run {escape(id[:40])}; it may have been deleted. Add files to '
        "start one.</p>"
    )
