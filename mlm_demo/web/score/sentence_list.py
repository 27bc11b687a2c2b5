"""A file of sentences or minimal pairs on the 'Score' tab: handlers on top, widgets below.

Each sentence is scored, and each pair judged, as a table with CSV.
"""

import time
from collections.abc import Iterator, Sequence
from html import escape
from itertools import islice
from pathlib import Path

import gradio as gr

from mlm_demo.corpus.documents import Dropped, ReadLimits, named_rows
from mlm_demo.corpus.pairs.pair_file import holds_pairs, read_pairs
from mlm_demo.corpus.sentence_file import Line, check_small_text, read_sentences
from mlm_demo.errors import MlmDemoError
from mlm_demo.inference.engine import MAX_MODELS, Engine
from mlm_demo.inference.spreadsheet import to_csv
from mlm_demo.web import javascript
from mlm_demo.web.event_options import AT_ONCE, SCORING
from mlm_demo.web.fill.charts import shown_names
from mlm_demo.web.html import table
from mlm_demo.web.messages import notices, refusal, reporter
from mlm_demo.web.score.cancel import CancelableWork, Canceled, Report
from mlm_demo.web.score.javascript import CAN_CANCEL
from mlm_demo.web.score.pair_table import drawn_pairs, pairs_csv
from mlm_demo.web.server.rate_limits import RateLimits

MAX_SENTENCES = 1_000
MAX_BYTES = 5_000_000
ENDINGS = (".txt", ".csv", ".tsv", ".jsonl")
ROWS_SHOWN = 100
# Sentences that are scored together: they share passes, and Cancel and the limit of seconds come soon.
TOGETHER, CHARACTERS_TOGETHER = 16, 2_000
COLUMNS = (
    "where", "text", "model", "revision", "log_likelihood", "pseudo_perplexity", "bits_per_word", "tokens",
    "words", "error",
)  # fmt: skip
CANCELED = '<p class="old" role="status">Canceled.</p>'


class SentenceList:
    """The widgets of the file and its table; a handler returns the widgets that change."""

    def __init__(self, engine: Engine, limits: RateLimits, work: CancelableWork):
        self.engine, self.limits, self.work = engine, limits, work

    def score_file(
        self, file: str | None, models: list[str], method: str, request: gr.Request, progress=gr.Progress()
    ) -> dict:
        """Score the sentences of an uploaded file, as many as there is time for, and delete it."""
        idle = {self.file: None, self.cancel: gr.Button(interactive=False)}
        if not file:
            return idle
        notes: list[str] = []
        try:
            self.limits.admit(request)
            check_small_text(Path(file), MAX_BYTES)
            limits = ReadLimits.of(self.engine.settings)
            with self.work.reporting(request, reporter(progress)) as on_progress:
                answer = self._answer_pairs if holds_pairs(Path(file), limits) else self._answer_sentences
                summary, drawn, rows = answer(file, models or [""], method, limits, notes, on_progress)
        except Canceled:
            return idle
        except MlmDemoError as error:
            return {**idle, self.results: refusal(error, ""), self.out: gr.Row(visible=False)}
        finally:
            Path(file).unlink(missing_ok=True)
        return {
            **idle,
            self.results: notices(notes) + f'<p class="answered" role="status">{summary}</p>' + drawn,
            self.csv: rows,
            self.out: gr.Row(visible=True),
        }

    def _answer_sentences(
        self, file: str, models: list[str], method: str, limits: ReadLimits, notes: list[str], report: Report
    ) -> tuple[str, str, str]:
        """Return what was done with the sentences of a file in words, their table, and their CSV."""
        items = list(read_sentences(file, limits, notes))
        scored = self._score(items[:MAX_SENTENCES], models, method, report)
        summary = summarize(len(scored), len(items), self.engine.settings.max_score_seconds)
        return summary, drawn(scored), csv(scored)

    def _answer_pairs(
        self, file: str, models: list[str], method: str, limits: ReadLimits, notes: list[str], report: Report
    ) -> tuple[str, str, str]:
        """Return the same of a file of minimal pairs."""
        pairs, dropped = read_pairs(Path(file), limits, notes)
        notes += named_rows(dropped)
        asked = [(pair.phenomenon, pair.good, pair.bad) for pair in pairs[: MAX_SENTENCES // 2]]
        seconds = self.engine.settings.max_score_seconds
        judged = self.engine.judge_pairs(
            asked, models, method=method, max_seconds=seconds, on_progress=report
        )["models"]
        return summarize_pairs(len(asked), len(pairs)), drawn_pairs(judged), pairs_csv(judged)

    def cancel_file(self, request: gr.Request) -> dict:
        """End the scoring at its next pass."""
        self.work.cancel(request)
        return {self.results: CANCELED, self.cancel: gr.Button(interactive=False), self.file: None}

    def _score(
        self, items: Sequence[Line | Dropped], models: Sequence[str], method: str, on_progress: Report
    ) -> list[tuple[Line | Dropped, list[dict | MlmDemoError]]]:
        """Return the items that there was time for, each with its score by each model, or the error."""
        start, found = time.monotonic(), []
        for chunk in chunks(items):
            texts = [item.text for item in chunk if isinstance(item, Line)]
            by_model = []
            for number, model in enumerate(models):
                begun = len(found) + len(chunk) * number / len(models), len(chunk) / len(models)
                report = _counted(on_progress, *begun, of=len(items), start=start)
                by_model.append(self.engine.score_each(texts, model, method=method, on_progress=report))
            scores = iter(zip(*by_model, strict=True))
            found += [(item, list(next(scores)) if isinstance(item, Line) else []) for item in chunk]
            if time.monotonic() - start > self.engine.settings.max_score_seconds:
                break
        return found

    # Widgets

    def build(self, models: gr.Dropdown, method: gr.Radio) -> "SentenceList":
        """Draw the file and its table, and wire them; models, method: those of the tab."""
        seconds = self.engine.settings.max_score_seconds
        with gr.Row(equal_height=False):
            with gr.Column(scale=2, min_width=320):
                self.file = gr.File(label="File", file_types=list(ENDINGS), height=130, elem_id="score-file")
                gr.Markdown(
                    "One sentence per line (.txt), or a table with a column of sentences (.csv, .tsv, .jsonl). A table "
                    "with the columns good and bad holds minimal pairs: you see how often the models prefer the good "
                    "sentence, by phenomenon if there is such a column. "
                    f"The models are those picked above, up to {MAX_MODELS}. The page stops at {MAX_SENTENCES:,} "
                    f"sentences or after {seconds} seconds, whichever comes first; the shell takes any number: "
                    "`python -m mlm_demo score FILE`. The file is deleted as soon as it is scored.",
                    elem_classes="quiet",
                )
                self.cancel = gr.Button("Cancel", interactive=False, size="md", elem_id="score-file-cancel")
            with gr.Column(scale=3, min_width=320):
                self.results = gr.HTML(
                    '<p class="empty">Add a file to see a row for each of its sentences.</p>',
                    min_height=180,
                    padding=False,
                    js_on_load=None,
                    elem_id="score-list",
                )
                with gr.Row(visible=False) as self.out:
                    self.csv_down = gr.Button("Download CSV", size="sm", elem_id="score-list-csv")
        self.csv = gr.Textbox(visible="hidden")
        self._wire(models, method)
        return self

    def _wire(self, models: gr.Dropdown, method: gr.Radio) -> None:
        in_browser = {"fn": None, "api_visibility": "private"}
        self.file.upload(outputs=self.cancel, js=CAN_CANCEL, **in_browser)
        scoring = self.file.upload(
            self.score_file,
            [self.file, models, method],
            [self.file, self.cancel, self.results, self.csv, self.out],
            show_progress_on=self.results,
            api_visibility="private",
            **SCORING,
        )
        self.cancel.click(
            self.cancel_file, None, [self.results, self.cancel, self.file], cancels=scoring, **AT_ONCE
        )
        self.csv_down.click(inputs=self.csv, js=javascript.download("scores.csv", "text/csv"), **in_browser)


def chunks(items: Sequence[Line | Dropped]) -> Iterator[list[Line | Dropped]]:
    """Cut items into chunks of about as much work; a long sentence is one by itself."""
    chunk, characters = [], 0
    for item in items:
        length = len(item.text) if isinstance(item, Line) else 0
        if chunk and (len(chunk) == TOGETHER or characters + length > CHARACTERS_TOGETHER):
            yield chunk
            chunk, characters = [], 0
        chunk.append(item)
        characters += length
    if chunk:
        yield chunk


def _counted(on_progress: Report, before: float, these: float, *, of: int, start: float) -> Report:
    """Return a function that reports a share of `these` sentences, after those `before`, as a share of all."""

    def report(share: float, stage: str) -> None:
        done = before + these * share
        left = (time.monotonic() - start) * (of / done - 1) if done else 0
        about = f", about {left:.0f} s left" if left >= 2 else ""
        on_progress(done / of, f"{int(done):,} of {of:,} sentences{about}")

    return report


def summarize(scored: int, there: int, seconds: int) -> str:
    """Return how many sentences were scored and, if these are not all, why."""
    count = f"{there:,} sentence{'s' * (there != 1)}"
    if scored == there:
        return f"All {count} scored." if there > 1 else "1 sentence scored."
    why = f"the page stops after {seconds} seconds" if scored < MAX_SENTENCES else "the page stops there"
    return f"The first {scored:,} of {count} scored: {why}."


def summarize_pairs(read: int, there: int) -> str:
    """Return how many pairs were read and, if these are not all, why."""
    count = f"{there:,} pair{'s' * (there != 1)}"
    if read < there:
        return f"The first {read:,} of {count} read: the page stops there."
    return f"All {count} read." if there > 1 else "1 pair read."


def drawn(scored: Sequence[tuple[Line | Dropped, list[dict | MlmDemoError]]]) -> str:
    """Return the first rows as a table: each sentence with its bits per word by each model."""
    models = next(([one["model"] for one in scores] for _, scores in scored if _all_scored(scores)), [])
    headings = ["Sentence", *(f"{name}, bits per word" for name in shown_names(models).values())]
    if not models:
        headings.append("Not scored")
    rows = []
    for item, scores in islice(scored, ROWS_SHOWN):
        text = item.text if isinstance(item, Line) else item.first_line or item.source
        cells = list(map(_cell, scores)) if _all_scored(scores) else [_why_not(item, scores)]
        rows.append([escape(text), *cells, *[""] * (len(headings) - 1 - len(cells))])
    more = len(scored) - ROWS_SHOWN
    note = f'<p class="more">{more:,} more rows are in the CSV.</p>' if more > 0 else ""
    return table(headings, rows, "scored-list") + note


def csv(scored: Sequence[tuple[Line | Dropped, list[dict | MlmDemoError]]]) -> str:
    """Return a row for each sentence and model."""
    rows = []
    for item, scores in scored:
        if isinstance(item, Dropped):
            rows.append({"where": item.source, "error": item.reason})
            continue
        about = {"where": item.where, "text": item.text}
        for one in scores:
            if isinstance(one, MlmDemoError):
                rows.append({**about, "error": str(one)})
                continue
            figures = ("log_likelihood", "pseudo_perplexity", "bits_per_word", "tokens")
            by = {"model": one["model"]["name"], "revision": one["model"]["revision"]}
            rows.append({**about, **by, **{name: one[name] for name in figures}, "words": len(one["words"])})
    return to_csv(rows, COLUMNS)


def _all_scored(scores: Sequence[dict | MlmDemoError]) -> bool:
    return bool(scores) and not any(isinstance(one, MlmDemoError) for one in scores)


def _cell(score: dict) -> str:
    return f"{score['bits_per_word']:.2f}"


def _why_not(item: Line | Dropped, scores: Sequence[dict | MlmDemoError]) -> str:
    """Return why a row has no score by every model, each reason once."""
    reasons = dict.fromkeys(str(one) for one in scores if isinstance(one, MlmDemoError))
    return escape(" ".join(reasons) or getattr(item, "reason", ""))
