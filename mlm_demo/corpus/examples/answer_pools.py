"""Make pools of sentences from questions with answers: the sentence with the answer against those around it."""

from collections.abc import Iterator, Sequence

from mlm_demo.corpus.examples.example import AnswerExample, EvidencePool
from mlm_demo.corpus.sentences import Sentence, split_sentences

NEIGHBORS = 1  # paragraphs of the same article on each side


def pools_of_answers(examples: Sequence[AnswerExample]) -> Iterator[EvidencePool]:
    """Yield a pool for each question: the sentences of its paragraph, then those of its neighbors, each once.

    A sentence with a part of an answer is evidence. As in GLUE's QNLI, a sentence that only holds the same words as
    the answer is none.
    """
    articles: dict[str, dict[str, list[Sentence]]] = {}  # group → paragraph → its sentences, in order
    for example in examples:
        paragraphs = articles.setdefault(example.group, {})
        if example.context not in paragraphs:
            paragraphs[example.context] = _with_words(example.context)
    around = {group: _around(paragraphs) for group, paragraphs in articles.items()}
    for example in examples:
        own = articles[example.group][example.context]
        labels: dict[str, bool] = {}
        for sentence in own:
            text = example.context[sentence.start : sentence.end]
            labels[text] = labels.get(text, False) or _holds_answer(sentence, example)
        for text in around[example.group][example.context]:
            labels.setdefault(text, False)
        yield EvidencePool(example.id, example.question, tuple(labels), tuple(labels.values()), example.group)


def _with_words(text: str) -> list[Sentence]:
    return [s for s in split_sentences(text) if any(map(str.isalnum, text[s.start : s.end]))]


def _around(paragraphs: dict[str, list[Sentence]]) -> dict[str, list[str]]:
    """Return for each paragraph the sentences of its neighbors, the one before it first."""
    contexts = list(paragraphs)
    texts = [[context[s.start : s.end] for s in paragraphs[context]] for context in contexts]
    around = {}
    for number, context in enumerate(contexts):
        near = [*texts[max(0, number - NEIGHBORS) : number], *texts[number + 1 : number + 1 + NEIGHBORS]]
        around[context] = [text for sentences in near for text in sentences]
    return around


def _holds_answer(sentence: Sentence, example: AnswerExample) -> bool:
    return any(
        answer.start < sentence.end and answer.start + len(answer.text) > sentence.start
        for answer in example.answers
    )
