"""Answer questions from papers: look for the best answers, then judge the sentences in which they stand.

Each paper is computed by itself and in one way, so the table does not depend on the order of the papers or on which
others are asked. The two stages are described in docs/decisions/extract.md.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from mlm_demo.errors import ParameterError
from mlm_demo.inference.extract.extraction import Extraction, Finding
from mlm_demo.inference.extract.paper import Paper
from mlm_demo.inference.extract.passages import passages
from mlm_demo.inference.extract.questions import check_questions
from mlm_demo.inference.extract.relevance import (
    CHUNK,
    MAX_SENTENCES,
    Stopped,
    probability,
    relevance_logits,
    shortlist,
)
from mlm_demo.models.extractor import Extractor
from mlm_demo.models.pairs import MAX_TOKENS
from mlm_demo.models.spans import Answers, best_spans
from mlm_demo.models.task_model import TaskModel

JUDGED = 2  # sentences of a paper whose relevance is judged: those in which the best answers stand
MUCH_UNKNOWN, FIRST = (
    0.5,
    5,
)  # a share of unknown tokens that a note tells, and the sentences in which it is counted


def extract(
    papers: Sequence[Paper],
    questions: Sequence[str],
    extractor: Extractor,
    threshold: float | None = None,
    *,
    on_progress: Callable[[float, str], None] = lambda share, stage: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Extraction:
    """Ask each question of each paper.

    threshold: the least score of an answer, by default the one that the model was calibrated to. should_stop: asked
    between the passes of the model; what was found until then is returned, with a note. Raises ParameterError for no
    paper, and for no or too many questions; PromptError for a question that is empty or too long; ModelError.
    """
    questions = check_questions(questions)
    if not papers:
        raise ParameterError("There is no paper to read; add files or texts.")
    for model in extractor.models:
        model.pairs.windows(
            questions, [""] * len(questions)
        )  # raises PromptError before anything is computed
    work = [(question, paper) for question in questions for paper in papers]
    total, done = sum(len(paper.text) + 1 for _, paper in work), 0
    findings, notes = [], _notes(papers, extractor)
    for number, (question, paper) in enumerate(work):
        size = len(paper.text) + 1
        stage = (
            f"Reading {number + 1:,} of {len(work):,}" if len(questions) > 1 else f"Reading {paper.document}"
        )

        def report(share: float, done: int = done, size: int = size, stage: str = stage) -> None:
            on_progress((done + share * size) / total, stage)

        report(0.0)
        try:
            findings.append(_Reading(extractor, question, paper, report, should_stop).finding())
        except Stopped:
            notes.append(f"Stopped early: {number:,} of {len(work):,} rows are done.")
            break
        done += size
    on_progress(1.0, "Done")
    least = extractor.threshold if threshold is None else threshold
    return Extraction.of(extractor.describe(), least, questions, findings, notes)


def judge_all(finding: Finding, extractor: Extractor) -> Finding:
    """Return a finding with the relevance of every sentence that is read, for a paper that a person opens.

    Those that it knows stay as they are. Without a model of evidence nothing more can be known. Raises ModelError.
    """
    unknown = [
        number for number in shortlist(finding.question, finding.paper) if finding.relevances[number] is None
    ]
    if not unknown or extractor.evidence is None:
        return finding
    judged = _Reading(extractor, finding.question, finding.paper).judge(unknown)
    relevances = [
        probability(judged[number]) if number in judged else relevance
        for number, relevance in enumerate(finding.relevances)
    ]
    return replace(finding, relevances=tuple(relevances))


@dataclass(frozen=True)
class _Reading:
    """One question asked of one paper."""

    extractor: Extractor
    question: str
    paper: Paper
    report: Callable[[float], None] = lambda share: None
    should_stop: Callable[[], bool] = lambda: False

    def finding(self) -> Finding:
        """Return what the models say; raises Stopped."""
        paper, evidence, answers = self.paper, self.extractor.evidence, self.extractor.answers
        if not paper.sentences:
            return Finding(paper, self.question, None, -float("inf"), ())
        numbers = shortlist(self.question, paper)
        if answers is None:
            judged = self.judge(numbers, self.report)
            best = max(judged, key=judged.__getitem__)
            span = paper.sentences[best]
            return Finding(paper, self.question, span, judged[best], self._relevances(judged))
        found = self._answers(answers, numbers)
        if evidence is None:
            relevances = self._relevances_by_spans(found)
        else:
            relevances = self._relevances(self.judge(self._sentences_of(found) or numbers[:JUDGED]))
        span = (found.spans[0].start, found.spans[0].end) if found.spans else None
        return Finding(paper, self.question, span, found.score, relevances)

    def judge(
        self, numbers: Sequence[int], on_progress: Callable[[float], None] = lambda share: None
    ) -> dict[int, float]:
        """Return the relevance logits of the sentences with these numbers; raises Stopped."""
        logits = relevance_logits(
            self.extractor.evidence,
            self.question,
            self.paper,
            numbers,
            on_progress=on_progress,
            should_stop=self.should_stop,
        )
        return dict(zip(numbers, logits, strict=True))

    def _answers(self, model: TaskModel, numbers: Sequence[int]) -> Answers:
        """Return the best spans in the sentences with these numbers."""
        paper = self.paper
        tokens = [
            len(found) for found in model.pairs.encode(map(paper.sentence, range(len(paper.sentences))))
        ]
        limit = min(MAX_TOKENS, model.max_tokens)
        room = limit - len(model.encode(self.question)) - model.pairs.special
        windows = []
        for part in passages(tokens, numbers, room):
            start, end = paper.sentences[part[0]][0], paper.sentences[part[-1]][1]
            windows += [
                window.moved(start) for window in model.pair_encoding(self.question, paper.text[start:end])
            ]
        logits = []
        for start in range(0, len(windows), CHUNK):
            if self.should_stop():
                raise Stopped
            logits += model.logits(windows[start : start + CHUNK])
            self.report(min(1.0, (start + CHUNK) / len(windows)))
        return best_spans(paper.text, windows, logits)

    def _sentences_of(self, found: Answers) -> list[int]:
        """Return the sentences in which the best spans stand: those of the best one, and of others up to JUDGED."""
        places = [self.paper.sentences_at(span.start, span.end) for span in found.spans]
        others = dict.fromkeys(number for place in places[1:] for number in place)
        best = list(places[0]) if places else []
        return [*best, *(number for number in others if number not in best)][: max(JUDGED, len(best))]

    def _relevances(self, judged: Mapping[int, float]) -> tuple[float | None, ...]:
        return tuple(
            probability(judged[number]) if number in judged else None
            for number in range(len(self.paper.sentences))
        )

    def _relevances_by_spans(self, found: Answers) -> tuple[float, ...]:
        """Return for each sentence the probability of its best span against the null answer; 0 if it has none."""
        relevances = [0.0] * len(self.paper.sentences)
        for span in found.spans:
            for number in self.paper.sentences_at(span.start, span.end):
                relevances[number] = max(relevances[number], probability(span.score - found.null))
        return tuple(relevances)


def _notes(papers: Sequence[Paper], extractor: Extractor) -> list[str]:
    """Return what a person should know about the papers before trusting the answers."""
    notes = []
    for paper in sorted(papers, key=lambda paper: (paper.document, paper.title, paper.text)):
        if not paper.sentences:
            notes.append(f"{paper.document} has no sentences, so it has no answer.")
            continue
        if len(paper.sentences) > MAX_SENTENCES:
            notes.append(
                f"{paper.document} has {len(paper.sentences):,} sentences; the model reads the {MAX_SENTENCES:,} that "
                "share the most words with the question."
            )
        if (share := _unknown(paper, extractor.models[0])) > MUCH_UNKNOWN:
            notes.append(
                f"{paper.document} is written in characters that the model does not know ({share:.0%} of its first "
                "words), so its answers mean little."
            )
    return notes


def _unknown(paper: Paper, model: TaskModel) -> float:
    """Return the share of unknown tokens in the first sentences of a paper."""
    tokens = model.pairs.encode(
        [paper.sentence(number) for number in range(min(FIRST, len(paper.sentences)))]
    )
    ids = [token for found in tokens for token in found.ids]
    return ids.count(model.tokenizer.unk_token_id) / len(ids) if ids else 1.0
