"""Links to a question of papers, without the papers: `/?questions=…&extractor=…&threshold=…`."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from mlm_demo.errors import shown

MAX_QUESTION_CHARACTERS = 4_000  # of all questions together; one has to fit into a window anyway


@dataclass(frozen=True)
class Asked:
    """The form of the tab: one question a line; the model, empty for the first one; None for its own threshold."""

    questions: str = ""
    model: str = ""
    threshold: float | None = None


def read_link(parameters: Mapping[str, str]) -> tuple[Asked, list[str]] | None:
    """Return the form of a link and a notice for each value that is ignored; None if the link is not for this tab."""
    if "questions" not in parameters:
        return None
    notices = []
    questions = parameters["questions"].replace("\r\n", "\n").strip()
    if len(questions) > MAX_QUESTION_CHARACTERS:
        notices.append(
            f"The link's questions have {len(questions):,} characters, more than {MAX_QUESTION_CHARACTERS:,}, and were "
            "ignored."
        )
        questions = ""
    threshold, text = None, parameters.get("threshold", "")
    if text:
        try:
            threshold = float(text)
        except ValueError:
            threshold = math.nan
        if not math.isfinite(threshold):
            notices.append(f"The link's threshold={shown(text)} is not a number and was ignored.")
            threshold = None
    return Asked(questions, parameters.get("extractor", ""), threshold), notices


def write_link(asked: Asked) -> str:
    """Return the query string of a form."""
    parameters = {"questions": asked.questions, "extractor": asked.model}
    if asked.threshold is not None:
        parameters["threshold"] = f"{asked.threshold:g}"
    return "?" + urlencode({name: value for name, value in parameters.items() if value})


def lines(questions: str | None) -> list[str]:
    """Return the questions of the form, one for each line that is not empty."""
    return [line.strip() for line in (questions or "").splitlines() if line.strip()]
