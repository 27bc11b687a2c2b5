"""A file on the tab Score: sentences to score, or minimal pairs to judge; and the pairs that are built in."""

import csv
from pathlib import Path
from tempfile import TemporaryDirectory

import gradio as gr

from mlm_demo.corpus.pairs.phenomena import built_in_pairs
from mlm_demo.errors import MlmDemoError
from mlm_demo.inference.asked_models import MAX_MODELS
from mlm_demo.runs.answered_file import PAIRS, SCORE
from mlm_demo.runs.tasks.batch import BatchRequest
from mlm_demo.settings import on_zero_gpu
from mlm_demo.web.batch.asked_file import AskedFile, Waiting
from mlm_demo.web.event_options import QUIET
from mlm_demo.web.messages import refusal

ABOUT = (
    "One sentence per line (.txt), or a table (.csv, .tsv, .jsonl) with a column of sentences; its other columns are "
    "kept in the CSV. Minimal pairs are a table with the columns good and bad, and phenomenon if there are several: "
    f"you see how often the models prefer the good one. The models are those picked above, up to {MAX_MODELS}."
)

PHENOMENA = "phenomena.csv"  # the run is named after it
ABOUT_PHENOMENA = (
    "Built in: 1,200 minimal pairs from templates of our own, such as agreement, negation and pronouns. They are "
    "judged in the background, in a minute or a few for each model. In the shell: `python -m mlm_demo pairs`."
)


class ScoredFile(AskedFile):
    """The form has the models and the method."""

    name, done, kinds = "score", "scored", (SCORE, PAIRS)

    def score_file(
        self,
        file: str | None,
        waiting: Waiting,
        owner: str,
        models: list[str],
        method: str,
        request: gr.Request,
        progress=gr.Progress(),
    ) -> dict:
        """Score the sentences, or judge the pairs, of an uploaded file."""
        first, *more = models or [self.engine.default_model().name]

        def asked(kind: str, rows: int) -> BatchRequest:
            return BatchRequest(kind, first, tuple(more), {"method": method}, rows)

        return self.answer(file, waiting, owner, asked, request, progress)

    def judge_phenomena(
        self, waiting: Waiting, owner: str, models: list[str], method: str, request: gr.Request
    ) -> dict:
        """Judge the built-in pairs in the background."""
        pairs, (first, *more) = built_in_pairs(), models or [self.engine.default_model().name]
        asked, draft = BatchRequest(PAIRS, first, tuple(more), {"method": method}, len(pairs)), ""
        try:
            self.limits.admit(request)
            self.service.staging.forget(waiting.draft)
            with TemporaryDirectory() as folder:
                path = Path(folder) / PHENOMENA
                with path.open("w", newline="") as file:
                    rows = [(pair.phenomenon, pair.good, pair.bad) for pair in pairs]
                    csv.writer(file).writerows([("phenomenon", "good", "bad"), *rows])
                draft = self.service.staging.add([path], owner=owner)
            return self.start(draft, asked, owner, request)
        except MlmDemoError as error:
            self.service.staging.forget(draft)
            return {self.background.message: refusal(error, "")}

    def _draw_more(self) -> None:
        self.phenomena = gr.Button(
            "Judge twelve phenomena of grammar",
            size="md",
            visible=not on_zero_gpu(),
            elem_id="score-phenomena",
        )
        gr.Markdown(ABOUT_PHENOMENA, elem_classes="quiet", visible=not on_zero_gpu())

    def draw(self, models: gr.Dropdown, method: gr.Radio, owner: gr.BrowserState) -> "ScoredFile":
        """Draw the file and its table, and wire them; models, method: those of the tab."""
        self.build(self.score_file, [models, method], owner, ABOUT)
        self.phenomena.click(
            self.judge_phenomena,
            [self.waiting, owner, models, method],
            self.filled,
            **QUIET,
        )
        return self
