"""The Learn tab: what a masked language model is, and where to read more and run it."""

import gradio as gr

TEXT = """
## What a masked language model is

Take a sentence, mask one word, and ask a network which word was there. A model trained on this single task,
over millions of sentences, has to learn spelling, grammar, and a good deal of what the texts say. It reads
the words on both sides of the mask, unlike a model that writes from left to right.

For each mask the model returns one number per vocabulary entry, and a softmax turns these into probabilities
that add up to 1. The bars on the first tab show the largest ones. An entry, or token, is a word or a part of
one: `##ing` is an ending that attaches to the word before it. A word of several tokens has no single
probability, so the page scores such a target token by token, and says so.

## What its answers do not mean

A probability says how well a word fits the texts that the model was trained on, not whether the sentence is
true. The model repeats the biases of those texts, knows nothing of what happened after they were written, and
can be confidently wrong. Nothing on this page is medical advice. The two built-in models are small so that they
run anywhere, read English only, and ignore case; larger models from the Hub know more.

## Why adapt a model to a domain

In *Mutations in this … cause the disease*, a model trained on medical papers predicts *gene*, while a general
model predicts *can*. Continuing the same training on texts from one domain is called domain-adaptive
pre-training. The adapted model is then fine-tuned for a task in that domain, such as finding the sentence that
answers a question (question NLI) or the exact words that do (extractive question answering), and usually does
better there than the model it came from. The built-in biomedical model was adapted from the general one in
this way; compare the two on the first tab.

## Probability and surprisal

The Score tab masks each word in turn and reports its surprisal: -log2 of its probability, in bits. A word with
probability 1/2 costs 1 bit, one with probability 1/1000 about 10 bits. The pseudo-perplexity sums up the whole
sentence in one number, which is lower for sentences that the model finds ordinary. It depends on how the
vocabulary splits words, so compare different models by bits per word.

## Further reading and its counterpart here

transformers 5 no longer supports TensorFlow and Flax. Of the notebooks and scripts below, the PyTorch ones run
with today's release; the others need transformers 4.

| Resource | Counterpart here |
|---|---|
| [Course chapter: fine-tuning a masked language model](https://huggingface.co/course/chapter7/3?fw=pt) | `python -m mlm_demo adapt` and `evaluate`; the built-in pair is such a model and its base |
| [Notebook, PyTorch](https://github.com/huggingface/notebooks/blob/master/examples/language_modeling.ipynb) | `mlm_demo/training/`: `packing.py`, `masking.py`, `trainer.py` |
| [Notebook, JAX/Flax, including tokenizer training](https://github.com/huggingface/notebooks/blob/master/examples/masked_language_modeling_flax.ipynb) | None: transformers 5 has no Flax; use the PyTorch notebook |
| [Notebook, TensorFlow](https://github.com/huggingface/notebooks/blob/master/examples/language_modeling-tf.ipynb) | None: transformers 5 has no TensorFlow; use the PyTorch notebook |
| Scripts: [PyTorch](https://github.com/huggingface/transformers/tree/master/examples/pytorch/language-modeling), [Flax](https://github.com/huggingface/transformers/tree/master/examples/flax/language-modeling), [TensorFlow](https://github.com/huggingface/transformers/tree/master/examples/tensorflow/language-modeling) | `python -m mlm_demo adapt`: transformers' Trainer, with the prediction head applied to masked tokens only |
| [Paper: domain-specific pre-training for biomedicine (Gu et al. 2020)](https://arxiv.org/abs/2007.15779) | The biomedical models in the model list, BiomedBERT among them |
| [Model: BiomedBERT, formerly PubMedBERT](https://huggingface.co/microsoft/BiomedNLP-BiomedBERT-base-uncased-abstract-fulltext) | Pick it on the first tab |
| [Task page: fill-mask](https://huggingface.co/tasks/fill-mask) | The Fill mask tab |
"""


def draw_learn_tab() -> None:
    """Draw the tab: text only, no events."""
    gr.Markdown(TEXT, elem_id="learn")
