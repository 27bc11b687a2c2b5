"""The Learn tab: six cards, each with an answer of the built-in models and a link that opens it, and further reading."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape

import gradio as gr

from mlm_demo.errors import MlmDemoError
from mlm_demo.inference.engine import Engine
from mlm_demo.models.catalogue import BASE, BIOMEDICAL
from mlm_demo.web.event_options import AT_ONCE
from mlm_demo.web.fill.charts import list_share, probability, scale_for
from mlm_demo.web.fill.links import Question, write_link
from mlm_demo.web.html import bar
from mlm_demo.web.score.links import Asked
from mlm_demo.web.score.links import write_link as write_score_link
from mlm_demo.web.score.surprisal import surprisals

GUESSES = 3  # shown of each answer


@dataclass(frozen=True)
class Card:
    """One lesson. text: a paragraph; questions: what the models are asked, if anything; scored: a sentence to score."""

    title: str
    text: str
    questions: Sequence[Question] = ()
    scored: str = ""


CARDS = (
    Card(
        "Guess the hidden word",
        "Mask one word of a sentence, and ask a network which word was there. Trained on this one task over millions "
        "of sentences, it has to learn spelling, grammar, and much of what the texts say. It gives each entry of its "
        "vocabulary a probability. An entry, or token, is a word or a part of one, such as the ending ##ing.",
        [Question("Paris is the <mask> of France.")],
    ),
    Card(
        "Both sides count",
        "A model that writes text sees only the words on the left. A masked language model reads both sides: only what "
        "follows the mask tells these two sentences apart.",
        [
            Question("He went to the <mask> to deposit his money."),
            Question("He went to the <mask> to see a doctor."),
        ],
    ),
    Card(
        "Probable does not mean true",
        "A probability says how well a word fits the texts that the model has read, not whether the sentence is true. "
        "One *not* hardly changes its guess. It can be confidently wrong, and nothing on this page is medical advice.",
        [Question("Paris is not the <mask> of France.")],
    ),
    Card(
        "It repeats its texts",
        "The model picks up how its texts speak of people, biases included. Give it a list of words as targets, and it "
        "ranks only these. Change the job, and watch the shares change.",
        [
            Question("The engineer said that <mask> was late.", targets="he, she"),
            Question("The midwife said that <mask> was late.", targets="he, she"),
        ],
    ),
    Card(
        "A domain changes the answer",
        "The biomedical model is the general one, trained further on medical texts. This is domain adaptation, and the "
        "Adapt tab does it with your texts. The adapted model is the start for tasks of its domain, such as finding "
        "the sentence that answers a question, or the answer itself; that is the Extract tab.",
        [Question("Mutations in this <mask> cause the disease.", compare=(BIOMEDICAL.name,))],
    ),
    Card(
        "How surprising is each word?",
        "The Score tab masks each word in turn. Its surprisal is -log2 of its probability, in bits: 1 bit for a "
        "probability of 1/2, about 10 for 1/1000. Pseudo-perplexity sums up the sentence; compare different models by "
        "bits per word, because their vocabularies split words differently.",
        scored="The doctor examined the banana carefully.",
    ),
)

READING = """
transformers 5 no longer supports TensorFlow and Flax. Of the notebooks and scripts below, the PyTorch ones run
with today's release; the others need transformers 4.

| Resource | In this project |
|---|---|
| [Course chapter: fine-tuning a masked language model](https://huggingface.co/course/chapter7/3?fw=pt) | `python -m mlm_demo adapt` and `evaluate`; the built-in pair is such a model and its base |
| [Notebook, PyTorch](https://github.com/huggingface/notebooks/blob/master/examples/language_modeling.ipynb) | `mlm_demo/training/`: `packing.py`, `masking.py`, `trainer.py` |
| [Notebook, JAX/Flax, including tokenizer training](https://github.com/huggingface/notebooks/blob/master/examples/masked_language_modeling_flax.ipynb) | `python -m mlm_demo pretrain`, in PyTorch: tokenizer and model from scratch |
| [Notebook, TensorFlow](https://github.com/huggingface/notebooks/blob/master/examples/language_modeling-tf.ipynb) | None: transformers 5 has no TensorFlow; use the PyTorch notebook |
| Scripts: [PyTorch](https://github.com/huggingface/transformers/tree/master/examples/pytorch/language-modeling), [Flax](https://github.com/huggingface/transformers/tree/master/examples/flax/language-modeling), [TensorFlow](https://github.com/huggingface/transformers/tree/master/examples/tensorflow/language-modeling) | `python -m mlm_demo adapt`: transformers' Trainer, with the prediction head applied to masked tokens only |
| [Paper: domain-specific pre-training for biomedicine (Gu et al. 2020)](https://arxiv.org/abs/2007.15779) | The biomedical models in the model list, BiomedBERT among them |
| [Model: BiomedBERT, formerly PubMedBERT](https://huggingface.co/microsoft/BiomedNLP-BiomedBERT-base-uncased-abstract-fulltext) | Pick it on the first tab |
| [Task page: fill-mask](https://huggingface.co/tasks/fill-mask) | The Fill mask tab |
"""


class LearnTab:
    """The cards, whose answers the models give when the tab is first opened."""

    def __init__(self, engine: Engine):
        self.engine = engine

    def answer_cards(self) -> str:
        """Return the cards with their answers, or without where the models cannot answer now."""
        try:
            return self._answered
        except MlmDemoError:
            return cards()

    @cached_property
    def _answered(self) -> str:
        return cards([self._answer(card) for card in CARDS])

    def _answer(self, card: Card) -> str:
        asked = []
        for question in card.questions:
            answers = [
                self.engine.fill_mask(
                    question.text,
                    model,
                    top_k=None if question.targets else GUESSES,
                    targets=question.targets,
                )
                for model in question.models
            ]
            asked.append((question, answers))
        rows = [row for _, answers in asked for answer in answers for row in answer["masks"][0]]
        parts = [_guesses(question, answers, scale_for(rows)) for question, answers in asked]
        if card.scored:
            parts.append(surprisals(self.engine.score(card.scored, BASE.name)["scores"], pressable=False))
        return "".join(parts)

    def build(self, tab: gr.Tab) -> None:
        """Draw the tab, and connect its opening to the answers."""
        shown = gr.HTML(cards(), padding=False, js_on_load=None, elem_id="learn")
        with gr.Accordion("Further reading, and what this project has in its place", open=False):
            gr.Markdown(READING, elem_id="reading")
        tab.select(self.answer_cards, None, shown, **AT_ONCE)


def cards(answers: Sequence[str] = ("",) * len(CARDS)) -> str:
    """Return the HTML of all cards; answers: the HTML of what the models say, a string for each card."""
    return "".join(
        f"<article><h3>{escape(card.title)}</h3><p>{_emphasis(escape(card.text))}</p>{answer}{_links(card)}</article>"
        for card, answer in zip(CARDS, answers, strict=True)
    )


def _emphasis(html: str) -> str:
    """Turn each `*word*` into emphasis."""
    parts = html.split("*")
    return "".join(f"<em>{part}</em>" if n % 2 else part for n, part in enumerate(parts))


def _links(card: Card) -> str:
    targets = [("Score it", write_score_link(Asked(card.scored)))] if card.scored else []
    several = len(card.questions) > 1
    for number, question in enumerate(card.questions, 1):
        targets.append((f"Try sentence {number}" if several else "Try it", write_link(question)))
    links = (
        f'<a href="{escape(link)}">{name} <span aria-hidden="true">→</span></a>' for name, link in targets
    )
    return f'<p class="try">{"".join(links)}</p>'


def _guesses(question: Question, answers: Sequence[dict], scale: float) -> str:
    """Return a sentence, and under it the first guesses of each model as bars; scale: the longest bar's probability."""
    blank = '<span class="blank" role="img" aria-label="blank"></span>'
    lists = []
    for answer in answers:
        name = f"<figcaption>{escape(answer['model']['name'])}</figcaption>" if len(answers) > 1 else ""
        rows = "".join(
            f'<li><span class="word">{escape(row["word"])}</span>'
            f"{bar(row['share'] if question.targets else min(row['score'] / scale, 1.0))}"
            f'<span class="score">{list_share(row["share"]) if question.targets else probability(row["score"])}</span></li>'
            for row in answer["masks"][0]
        )
        lists.append(f'<figure class="domain-{answer["model"]["domain"]}">{name}<ol>{rows}</ol></figure>')
    sentence = escape(question.text).replace(escape("<mask>"), blank)
    return f'<p class="asked">{sentence}</p><div class="guesses-of">{"".join(lists)}</div>'
