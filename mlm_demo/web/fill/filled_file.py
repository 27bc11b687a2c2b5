"""A file on the tab Fill mask: sentences with masks to fill, or facts to ask for."""

import gradio as gr

from mlm_demo.inference.engine import TOP_K
from mlm_demo.runs.answered_file import FACTS, FILL
from mlm_demo.runs.tasks.batch import BatchRequest
from mlm_demo.web.batch.asked_file import AskedFile, Waiting

ABOUT = (
    "One sentence with <code>&lt;mask&gt;</code> per line (.txt), or a table (.csv, .tsv, .jsonl) with a column of "
    "sentences; its other columns are kept in the CSV. Facts are a table with the columns subject, object and "
    "template, such as <code>[X] is the capital of [Y].</code>, and relation if there are several: you see how often "
    "the models find the object, with the subject and without. Models and options are those of this tab."
)


class FilledFile(AskedFile):
    """The form has the models and the options of a question."""

    name, done, kinds = "fill", "filled", (FILL, FACTS)

    def fill_file(
        self,
        file: str | None,
        waiting: Waiting,
        owner: str,
        model: str,
        compare: list[str] | None,
        top_k: float | None,
        targets: str,
        joint: bool,
        precision: str,
        request: gr.Request,
        progress=gr.Progress(),
    ) -> dict:
        """Fill the sentences, or ask for the facts, of an uploaded file."""
        first = model or self.engine.default_model().name
        more = tuple(dict.fromkeys(name for name in compare or () if name != first))
        options = {
            "top_k": top_k,
            "targets": targets or "",
            "joint": bool(joint),
            "precision": precision or "auto",
        }

        def asked(kind: str, rows: int) -> BatchRequest:
            given = {"top_k": TOP_K if top_k is None else top_k} if kind == FACTS else options
            return BatchRequest(kind, first, more, given, rows)

        return self.answer(file, waiting, owner, asked, request, progress)

    def draw(self, form: list, owner: gr.BrowserState) -> "FilledFile":
        """Draw the file and its table, and wire them; form: the tab's models and options."""
        self.build(self.fill_file, form, owner, ABOUT)
        return self
