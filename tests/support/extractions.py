"""A small extraction whose findings are known, without a model."""

from mlm_demo.inference.extract.extraction import Extraction, Finding
from tests.support.papers import paper_of

SLEEP, DOSE = "How long did they sleep?", "What was the dose?"
TEXTS = {
    "a.txt": "Nurses work at night. They slept 5 hours. Nobody was paid.",
    "b.txt": "Light was bright. They slept 6 hours. It was June.",
    "c.txt": "Nothing was measured. Nobody was asked.",
}
# By document: the answer, its score, and the relevance of each sentence.
FOUND = {
    "a.txt": ("5 hours", 4.0, (0.1, 0.9, 0.05)),
    "b.txt": ("6 hours", 2.0, (0.3, 0.7, 0.0)),
    "c.txt": ("measured", -3.0, (0.25, 0.2)),
}


def extraction(threshold: float = 0.0, questions: tuple[str, ...] = (SLEEP,), **texts: str) -> Extraction:
    """Return what a model could have found; texts: replace those of documents, such as `a="…"`."""
    model = {"name": "extract", "revision": "abc", "evidence": None, "answers": {"name": "extract/answers"}}
    findings = []
    for question in questions:
        for document, text in TEXTS.items():
            paper = paper_of(texts.get(document[0], text), document, f"Title of {document}")
            answer, score, relevances = FOUND[document]
            start = paper.text.find(answer)
            span = (start, start + len(answer)) if start >= 0 else None
            relevances = (*relevances, 0.0, 0.0, 0.0)[: len(paper.sentences)]
            findings.append(Finding(paper, question, span, score, relevances))
    return Extraction.of(model, threshold, questions, findings)
