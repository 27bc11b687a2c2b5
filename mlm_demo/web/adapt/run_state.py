"""The view of a run at one moment for one person: its HTML, and the actions that this person may take."""

import shlex
from dataclasses import dataclass
from html import escape

from mlm_demo.errors import MlmDemoError
from mlm_demo.inference.engine import Engine
from mlm_demo.runs.run import ACTIVE, RESUMABLE, Run
from mlm_demo.runs.service import (
    SAMPLE,
    SAMPLE_EXAMPLES,
    RunService,
    finetune_result_of,
    pretrain_result_of,
    result_of,
)
from mlm_demo.runs.tasks.adapt import Adaptation
from mlm_demo.runs.tasks.finetune import Finetuning
from mlm_demo.runs.tasks.pretrain import Pretraining
from mlm_demo.runs.tasks.registry import verb_of
from mlm_demo.settings import ROOT, Settings, on_zero_gpu
from mlm_demo.training.exam import around_term, changed_most
from mlm_demo.training.phase import Phase
from mlm_demo.web.adapt.phases import present_phase
from mlm_demo.web.adapt.progress import run_view
from mlm_demo.web.adapt.report import UNREAD, corpus_view
from mlm_demo.web.adapt.result import headline, result_view
from mlm_demo.web.adapt.share import share_view
from mlm_demo.web.contrast.links import Asked, write_link
from mlm_demo.web.fill.charts import charts
from mlm_demo.web.fill.links import FIRST_SENTENCE
from mlm_demo.web.scratch import result as from_scratch
from mlm_demo.web.server.downloads import download_address
from mlm_demo.web.teach import result as finetuning
from mlm_demo.web.waiting import waiting_for

MASK = "<mask>"
# id, state, runs ahead of it, lines of its log, share of what it learned, name
Stamp = tuple[str, str, int, int, float | None, str]


@dataclass(frozen=True)
class Example:
    """A sentence with a mask that shows what a run learned, and the word that the corpus has there.

    word: empty for a sentence that a person has written; steps: of the training when it was chosen, more after Resume.
    """

    run: str
    sentence: str
    word: str = ""
    steps: int = 0


@dataclass(frozen=True)
class RunState:
    """What one person sees of a run at one moment.

    actions: those of stop, skip, resume, use, extract, teach, ask, search, remove, delete, push and reweigh that are
    available; active: whether it has not ended; stopping: whether they asked it to stop and it has not ended yet;
    share: how far its model is from base to adapted, None without a choice; finished: changes whenever there is another
    model, empty while there is no result; stamp: changes whenever anything else here does.
    """

    progress: str
    corpus: str
    losses: str
    result: str
    share: float | None
    finished: str
    actions: frozenset[str]
    active: bool
    stopping: bool
    stamp: Stamp


@dataclass(frozen=True)
class ResultView:
    """What a run shows that depends on its task, as HTML; all but corpus is empty while it has no result.

    actions: what anybody may do with the result; changes: what its owner may change of it; has_model: whether it made
    a model; share: as in RunState.
    """

    corpus: str
    headline: str = ""
    result: str = ""
    losses: str = ""
    actions: frozenset[str] = frozenset()
    changes: frozenset[str] = frozenset()
    has_model: bool = False
    share: float | None = None


def run_state(service: RunService, run: Run, owner: str) -> RunState:
    """Return a run as the person with this secret sees it."""
    state, ahead, lines = run.state, service.queue.position(run), list(run.lines())
    seconds = service.queue.seconds_ahead(run) if ahead else None
    own, active = service.is_owner(run, owner), state in ACTIVE
    view = VIEWS.get(run.request.task, _adaptation)(run, lines, own, active)
    download = download_link(run, service.settings) if own and view.has_model else ""
    return RunState(
        progress=run_view(run, lines, ahead, view.headline, seconds) + download,
        corpus=view.corpus,
        losses=view.losses,
        result=view.result,
        share=view.share,
        finished=f"{run.id} {state} {run.touched} {view.share}" if view.result else "",
        actions=view.actions | (_owners_actions(run, state, lines, view) if own else frozenset()),
        active=active,
        stopping=own and state == "stopping",
        stamp=(run.id, state, ahead, len(lines), view.share, run.name, waiting_for(ahead, seconds)),
    )


def _adaptation(run: Run, lines: list[dict], own: bool, active: bool) -> ResultView:
    corpus, result = corpus_view(run, lines), None if active else result_of(run)
    if result is None:
        return ResultView(corpus)
    has_model = result.share != 0
    return ResultView(
        corpus,
        headline(result, own=own),
        result_view(result, lines),
        share_view(result),
        actions=frozenset({"ask", "use", "teach"} if has_model else {"ask"}),
        changes=frozenset({"reweigh"} if result.points else ()),
        has_model=has_model,
        share=result.share,
    )


def _finetuning(run: Run, lines: list[dict], own: bool, active: bool) -> ResultView:
    report = next((line["report"] for line in lines if "report" in line), None)
    corpus = finetuning.examples_view(report) if report else UNREAD
    result = None if active else finetune_result_of(run)
    if result is None:
        return ResultView(corpus)
    shown = finetuning.headline(result), finetuning.result_view(result)
    return ResultView(corpus, *shown, actions=frozenset({"extract"}), has_model=True)


def _pretraining(run: Run, lines: list[dict], own: bool, active: bool) -> ResultView:
    corpus, result = corpus_view(run, lines), None if active else pretrain_result_of(run)
    if result is None:
        return ResultView(corpus)
    shown = from_scratch.headline(result), from_scratch.result_view(result, lines)
    return ResultView(corpus, *shown, actions=frozenset({"use", "teach"}), has_model=True)


VIEWS = {Adaptation.name: _adaptation, Finetuning.name: _finetuning, Pretraining.name: _pretraining}


def _owners_actions(run: Run, state: str, lines: list[dict], view: ResultView) -> frozenset[str]:
    """Return what only the owner may do with a run in this state; lines: its log."""
    actions = {"stop"} if state in ("waiting", "running", "unreachable") else set()
    actions |= {"skip"} if state == "stopping" and _can_skip(run, lines) else set()
    actions |= {"resume"} if state in RESUMABLE else set()
    actions |= {"delete"} if state not in ACTIVE else set()
    actions |= {"push"} if view.has_model else set()
    actions |= {"search"} if view.has_model and "ask" in view.actions and run.files else set()
    actions |= {"remove"} if state == "done" and run.files else set()
    return view.changes | actions


def _can_skip(run: Run, lines: list[dict]) -> bool:
    """Return whether a stopping run is in an evaluation that it can leave; a lent GPU's worker cannot exit."""
    return present_phase(lines) == Phase.AFTER and not run.asked_to_skip and not on_zero_gpu()


def download_link(run: Run, settings: Settings) -> str:
    """Return the owner's link to the model as a zip file."""
    return (
        f'<p class="download"><a href="{escape(download_address(run, settings))}" download>Download the model</a> '
        '<span class="facts">A zip file with weights, tokenizer, model card and metrics, ready for transformers. The '
        "card and result.json quote sentences from the corpus.</span></p>"
    )


def adapt_command(run: Run) -> str:
    """Return the command line for the same run, to be used in the folder with its files."""
    about, output = run.request.about, "adapted"
    if run.request.task == Finetuning.name:
        output = "finetuned"
    elif run.request.task == Pretraining.name:
        output = "pretrained"
    samples = {path.name: str(path.relative_to(ROOT)) for path in (SAMPLE, *SAMPLE_EXAMPLES.values())}
    files = [samples.get(name, name) for name in about.get("files", ())]
    command = [*verb_of(run.request), *files, *about.get("words", ()), "--output", output]
    return shlex.join(["python", "-m", "mlm_demo", *command])


def example_of(run: Run, own_sentence: str) -> Example:
    """Return the held-out sentence whose guess changed most for the better, or else a person's own sentence."""
    result, fresh = result_of(run), pretrain_result_of(run)
    steps = (result or fresh).training.steps if result or fresh else 0
    best = changed_most(result.exam if result else fresh.guesses if fresh else ())
    if best is None:
        return Example(run.id, own_sentence, steps=steps)
    return Example(run.id, MASK.join(around_term(best.sentence, best.start, best.term)), best.term, steps)


def example_to_show(run: Run, sentence: str, shown: Example | None) -> Example:
    """Return the held-out sentence shown last if it is this training's, else its own; sentence: the first tab's."""
    found = example_of(run, sentence or FIRST_SENTENCE)  # a link may come before the first tab has a sentence
    kept = shown and shown.word and (shown.run, shown.steps) == (found.run, found.steps)
    return shown if kept else found


def sentence_before_and_after(engine: Engine, run: Run, example: Example) -> str:
    """Return the predictions for a sentence by the run's model, and beside them by its base model if it has one."""
    base = run.request.about["base"]
    models = [base, run.id] if base else [run.id]
    try:
        answers = engine.compare(example.sentence, models, top_k=5)["answers"]
    except MlmDemoError as error:
        return f'<p class="empty" dir="auto">{escape(str(error))}</p>'
    heading, word = "Your sentence from Fill mask", ""
    if example.word:
        heading = "A sentence held out from training"
        word = f'<p class="facts" dir="auto">The corpus has <b>{escape(example.word)}</b> here.</p>'
    more = ""
    if base and len(answers[0]["masks"]) == 1:
        link = write_link(Asked(example.sentence, "", base, run.id))
        more = f'<p class="download"><a href="{escape(link)}" target="_blank">See which words changed most</a></p>'
    sentence = f"<p dir='auto'>{escape(example.sentence)}</p>"
    both = ", before and after" if base else ""
    return f"<h4>{heading}{both}</h4>{sentence}{word}{charts(answers)}{more}"


def missing_run(id: str) -> str:
    """Return the message for a link to a run that does not exist."""
    return (
        f'<p class="refusal" role="alert">There is no run {escape(id[:40])}; it may have been deleted. Add files to '
        "start a new one.</p>"
    )
