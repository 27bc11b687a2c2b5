"""Papers for extraction, and models whose answers are known."""

import copy
import re
from collections.abc import Callable

import torch

from mlm_demo.inference.extract.paper import Paper
from mlm_demo.models.task_model import TaskModel
from mlm_demo.models.tasks import ANSWERS, EVIDENCE
from tests.support.task_models import tiny_task


def paper_of(text: str, document: str = "a.txt", title: str = "A") -> Paper:
    """Cut a text into sentences at full stops."""
    return Paper.of(document, title, text, [found.span() for found in re.finditer(r"[^.]+\.?", text)])


def evidence_by(logit_of: Callable[[str], float]) -> TaskModel:
    """Return a model whose logit is a function of the sentence, in lower case and with spaces between its tokens."""
    model = copy.copy(tiny_task(EVIDENCE))

    def logits(windows):
        ids = [window.ids[window.first : window.first + len(window.offsets)] for window in windows]
        return [torch.tensor(logit_of(model.tokenizer.decode(of_window))) for of_window in ids]

    model.logits = logits
    return model


def answers_at(text: str, answer: str, score: float = 5.0) -> TaskModel:
    """Return a model that finds an answer in this text with a score above the null answer, where its window has it."""
    model, start = copy.copy(tiny_task(ANSWERS)), text.index(answer)

    def logits(windows):
        found = []
        for window in windows:
            of_window = torch.full((2, len(window)), -10.0)
            of_window[:, 0] = 0.0
            for number, (first, last) in enumerate(window.offsets):
                if first == start:
                    of_window[0, window.first + number] = score / 2
                if last == start + len(answer):
                    of_window[1, window.first + number] = score / 2
            found.append(of_window)
        return found

    model.logits = logits
    return model
