"""A file on the tab Score: sentences to score, or minimal pairs to judge."""

import gradio as gr

from mlm_demo.inference.asked_models import MAX_MODELS
from mlm_demo.runs.answered_file import PAIRS, SCORE
from mlm_demo.runs.tasks.batch import BatchRequest
from mlm_demo.web.batch.asked_file import AskedFile, Waiting

ABOUT = (
    "One sentence per line (.txt), or a table with a column of sentences (.csv, .tsv, .jsonl), whose other columns are "
    "in the CSV too. A table with the columns good and bad holds minimal pairs: you see how often the models prefer "
    "the good sentence, by phenomenon if there is such a column. The models are those picked above, up to "
    f"{MAX_MODELS}."
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

    def draw(self, models: gr.Dropdown, method: gr.Radio, owner: gr.BrowserState) -> "ScoredFile":
        """Draw the file and its table, and wire them; models, method: those of the tab."""
        self.build(self.score_file, [models, method], owner, ABOUT)
        return self
