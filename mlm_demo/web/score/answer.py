"""Turn the form of the 'Score' tab into what the tab shows; plain functions, no widgets."""

import json
from dataclasses import dataclass

from mlm_demo.inference.engine import Engine
from mlm_demo.inference.progress import Progress, silent
from mlm_demo.web.fill.links import page_address
from mlm_demo.web.messages import notices, notices_of
from mlm_demo.web.score.difference import differences
from mlm_demo.web.score.guesses import HINT
from mlm_demo.web.score.links import Asked, write_link
from mlm_demo.web.score.snippets import curl_lines, python_code, shell_lines
from mlm_demo.web.score.surprisal import surprisals
from mlm_demo.web.score.table import csv


@dataclass(frozen=True)
class Shown:
    """The values that an answer gives to the tab's components, by their names.

    guesses: the hint in their place, because those shown are of another answer; copied: empty for the same reason.
    """

    results: str
    scores: list[dict]
    link: str
    json: str
    csv: str
    python: str
    curl: str
    shell: str
    guesses: str = HINT
    copied: str = ""


def ask(
    engine: Engine,
    asked: Asked,
    address: str,
    problems: list[str] | None = None,
    on_progress: Progress = silent,
) -> Shown:
    """Score the sentences and draw them; address: of the page, for the code; problems: notices about the link."""
    found = [
        engine.score(text, asked.models, method=asked.method, on_progress=on_progress)["scores"]
        for text in asked.texts
    ]
    scores = [score for scores_of_one in found for score in scores_of_one]
    return Shown(
        results=draw(scores, problems or []),
        scores=scores,
        link=page_address() + write_link(asked),
        json=json.dumps(scores[0] if len(scores) == 1 else {"scores": scores}, ensure_ascii=False, indent=2),
        csv=csv(scores),
        python=python_code(asked, address),
        curl=curl_lines(asked, address),
        shell=shell_lines(asked),
    )


def draw(scores: list[dict], problems: list[str] | None = None) -> str:
    """Return the notices and one figure per model; empty without scores.

    scores: of the sentence by each model, and then of the second sentence, if there is one.
    """
    if not scores:
        return ""
    models = {score["model"]["name"] for score in scores}
    first, second = scores[: len(models)], scores[len(models) :]
    figures = differences(first, second) if second else surprisals(first)
    return notices([*(problems or []), *notices_of(scores)]) + figures
