"""The 'Learn' tab: what a masked language model is, and where else to read and to run."""

import gradio as gr

TEXT = """
## What a masked language model is

Take a sentence, hide a word, and ask a network which word was there. A model trained on this question alone,
over millions of sentences, has to pick up spelling, grammar, and a good deal of what the texts say. It reads
on both sides of the gap, unlike a model that writes from left to right.

What comes out at a gap is a number for each entry of the vocabulary, turned by a softmax into probabilities
that add up to 1. The bars on the first tab are the largest of these. An entry may be a word, or a piece of
one: `##ing` is an ending that goes on the word before it. A word of several pieces has no single probability,
so a target of several pieces is scored piece by piece, and the page says so.

## What its answers are not

A probability here says how well a word fits the texts that the model has read, not whether the sentence is
true. The model repeats the biases of those texts, knows nothing after they were written, and may be sure of
something wrong. Nothing on this page is medical advice. The two built-in models are small, uncased and
English, so that they run anywhere; larger ones from the Hub know more.

## Why teach it a domain

A model that has read medical papers expects *gene* in *Mutations in this … cause the disease*, where a general
one expects *can*. Going on with the same training on texts of one domain is called domain-adaptive pre-training. It
is useful because the adapted model is then fine-tuned for a task in that domain, such as finding the sentence
that answers a question (question NLI) or the words that do (extractive question answering), where it usually
does better than the model it came from. The built-in biomedical model comes of such training of the general one;
compare the two on the first tab.

## How sure, and how surprised

The score tab hides each word in turn and reports its surprisal: the number of bits, -log2 of its probability.
A word that was half expected costs 1 bit, one expected once in a thousand costs 10. The pseudo-perplexity
puts the whole sentence into one number, lower for what the model finds ordinary. It depends on how a
vocabulary cuts words, so between models compare the bits a word.

## Elsewhere, and here

transformers 5 has dropped TensorFlow and Flax, so of the notebooks and scripts below the PyTorch ones are
those that run with today's release; the others need transformers 4.

| Resource | What does the same here |
|---|---|
| [Course chapter: fine-tuning a masked language model](https://huggingface.co/course/chapter7/3?fw=pt) | `python -m mlm_demo adapt` and `evaluate`; the built-in pair is such a model and its base |
| [Notebook, PyTorch](https://github.com/huggingface/notebooks/blob/master/examples/language_modeling.ipynb) | `mlm_demo/training/`: `packing.py`, `masking.py`, `trainer.py` |
| [Notebook, JAX/Flax, with the tokenizer's training](https://github.com/huggingface/notebooks/blob/master/examples/masked_language_modeling_flax.ipynb) | Nothing: transformers 5 has no Flax; take the PyTorch notebook |
| [Notebook, TensorFlow](https://github.com/huggingface/notebooks/blob/master/examples/language_modeling-tf.ipynb) | Nothing: transformers 5 has no TensorFlow; take the PyTorch notebook |
| Scripts: [PyTorch](https://github.com/huggingface/transformers/tree/master/examples/pytorch/language-modeling), [Flax](https://github.com/huggingface/transformers/tree/master/examples/flax/language-modeling), [TensorFlow](https://github.com/huggingface/transformers/tree/master/examples/tensorflow/language-modeling) | `python -m mlm_demo adapt`: transformers' Trainer with the head at the hidden words only |
| [Paper: domain-specific pre-training for biomedicine (Gu et al. 2020)](https://arxiv.org/abs/2007.15779) | The biomedical models of the picker, BiomedBERT among them |
| [Model: BiomedBERT, once named PubMedBERT](https://huggingface.co/microsoft/BiomedNLP-BiomedBERT-base-uncased-abstract-fulltext) | Pick it on the first tab |
| [Task page: fill-mask](https://huggingface.co/tasks/fill-mask) | Fill mask |
"""


def learn_tab() -> None:
    """Draw the tab: text alone, no event."""
    gr.Markdown(TEXT, elem_id="learn")
