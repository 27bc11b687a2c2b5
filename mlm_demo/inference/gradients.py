"""Which words of a sentence a guess reacts to most: the length of its gradient at each word's vector.

One pass forward and one backward give the gradient of the logarithm of the guess's probability with respect to the
word embeddings, before positions are added to them. A token counts with the Euclidean length (L2) of its gradient, a
word with the sum of its tokens, and the words of a sentence share 1 (Simonyan et al. 2014, arXiv 1312.6034; compared
with other measures for BERT by Bastings et al. 2022, arXiv 2111.07367, and with hiding in docs/decisions/page.md).

Its limits: it tells of a tiny change of a vector, which nobody can make in a sentence, it has no sign, and it does not
tell what the guess would be without the word. `influence.py` does.
"""

import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

import torch

from mlm_demo.errors import ModelError
from mlm_demo.inference.fill_mask import word_shown
from mlm_demo.inference.hidden_words import HiddenWord, hidden_beside
from mlm_demo.inference.influence import Influences, WordShare, guessed_token
from mlm_demo.inference.prompt import Prompt, is_control, read_prompt
from mlm_demo.inference.windows import Window, windows
from mlm_demo.models.masked_lm import MaskedLM
from mlm_demo.system.memory import ran_out

# One gradient at a time: its hook would take over the embeddings of another thread's pass.
_alone = threading.Lock()


def gradient_shares(
    mlm: MaskedLM,
    text: str,
    *,
    mask: int = 1,
    targets: Sequence[str] = (),
    max_characters: int,
    max_masks: int,
) -> Influences:
    """Return the share of each word in the gradient of the first guess at a mask of `text`, or the best of `targets`.

    mlm: a model on plain layers, because the fast ones have no backward pass; meanwhile other threads may ask it for
    gradients only. mask: counts from 1. Raises PromptError and ParameterError as `influences` does, and ModelError for
    a model that has no such gradient.
    """
    prompt = read_prompt(text, mlm, max_characters=max_characters, max_masks=max_masks)
    words, mask = hidden_beside(text, mask), int(mask) - 1
    window, position = _window_of(mlm, prompt, mask)

    def choose(row: torch.Tensor) -> int:
        return guessed_token(mlm, prompt, mask, row, targets)

    token, score, gradient = embedding_gradient(mlm, window.ids, position, choose)
    before = prompt.positions[mask] + len(mlm.prefix) - position  # tokens of the text before the window
    tokens = len(window.ids) - len(mlm.prefix) - len(mlm.suffix)
    lengths = torch.zeros(len(prompt.ids))
    lengths[before : before + tokens] = gradient.norm(dim=-1)[len(mlm.prefix) :][:tokens].cpu()
    shares = _shares(mlm, prompt, _spans(mlm, prompt, text, words), lengths.tolist())
    found = [WordShare(one.word, one.start, one.end, s) for one, s in zip(words, shares, strict=True)]
    guess = word_shown(mlm, token, prompt.follows_word(mask))
    return Influences(mlm.describe(), text, mask + 1, guess, score, tuple(found), "gradient")


def embedding_gradient(
    mlm: MaskedLM, row: Sequence[int], position: int, choose: Callable[[torch.Tensor], int]
) -> tuple[int, float, torch.Tensor]:
    """Return a token, its probability at a position, and the gradient of its logarithm at the row's embeddings.

    row: token ids, special tokens included. choose: maps the probabilities at the position, (vocab_size), to the
    token. The gradient has the shape (length, embedding size), in nats per unit. Raises ModelError if it cannot be had.
    """
    rows, columns = (torch.tensor([number], device=mlm.device) for number in (0, position))
    ids = torch.tensor([list(row)], device=mlm.device)
    with _alone, torch.enable_grad(), _EmbeddingsAsLeaves(mlm) as leaves:
        with mlm.positions.at(rows, columns):
            logits = mlm.model(input_ids=ids, attention_mask=torch.ones_like(ids)).logits
        log_probabilities = mlm.positions.pick(logits, rows, columns)[0].log_softmax(-1)
        probabilities = log_probabilities.detach().exp()
        token = choose(probabilities)
        try:
            (gradient,) = torch.autograd.grad(log_probabilities[token], leaves)
        except (RuntimeError, ValueError) as error:  # also if the pass did not call the embeddings once
            if ran_out(error):
                raise
            raise _without_gradient(mlm) from error
    readable = gradient.dim() == 3 and len(gradient) == 1 and gradient.shape[1] >= len(row)
    if not readable or not torch.isfinite(gradient).all():
        raise _without_gradient(mlm)
    return token, probabilities[token].item(), gradient[0, : len(row)]  # some architectures pad their row


class _EmbeddingsAsLeaves(AbstractContextManager):
    """Within this context the output of the model's embeddings is what gradients are asked for; returns it in a list.

    A hook, because not every architecture takes embeddings in place of ids, and some number positions by the ids.
    """

    def __init__(self, mlm: MaskedLM):
        self._mlm, self._leaves = mlm, []

    def __enter__(self) -> list[torch.Tensor]:
        self._hook = self._mlm.model.get_input_embeddings().register_forward_hook(self._keep)
        return self._leaves

    def __exit__(self, *_) -> None:
        self._hook.remove()

    def _keep(self, _module, _inputs, output):
        if not isinstance(output, torch.Tensor):
            raise _without_gradient(self._mlm)
        # float32, because built-in models keep their embeddings in float16 until they are read
        self._leaves.append(output.detach().float().requires_grad_())
        return self._leaves[-1]


def _window_of(mlm: MaskedLM, prompt: Prompt, mask: int) -> tuple[Window, int]:
    """Return the window that predicts a mask, the same as for a plain answer, and the mask's position in it."""
    for window in windows(mlm, prompt.ids, prompt.positions):
        if mask < len(window.positions):
            break
        mask -= len(window.positions)
    return window, window.positions[mask]


def _spans(mlm: MaskedLM, prompt: Prompt, text: str, words: Sequence[HiddenWord]) -> list[tuple[int, int]]:
    """Return the characters of each word in the text that the model reads."""

    def there(position: int) -> int:
        position -= sum(map(is_control, text[:position]))  # they were removed
        longer = [len(mlm.mask_token) - (end - start) for start, end in prompt.spans if end <= position]
        return position + sum(longer)

    return [(there(one.start), there(one.end)) for one in words]


def _shares(
    mlm: MaskedLM, prompt: Prompt, spans: Sequence[tuple[int, int]], lengths: Sequence[float]
) -> list[float]:
    """Add up the lengths of the tokens of each word; a token of several words counts in equal parts."""
    sums = [0.0] * len(spans)
    offsets = mlm.encode(prompt.model_text).offsets
    for (start, end), length in zip(offsets, lengths, strict=True):
        touched = [number for number, span in enumerate(spans) if span[0] < end and start < span[1]]
        for number in touched:
            sums[number] += length / len(touched)
    if not (total := sum(sums)):
        raise _without_gradient(mlm)
    return [one / total for one in sums]


def _without_gradient(mlm: MaskedLM) -> ModelError:
    return ModelError(
        f"{mlm.name} ({type(mlm.model).__name__}) gives no gradient at the words of this sentence; measure by hiding "
        "words, or pick another model."
    )
