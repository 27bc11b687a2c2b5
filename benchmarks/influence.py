"""The two measures of *Why?*: how far the gradient agrees with hiding, by three lengths of it.

The sentences are those of sentences.tsv whose words are single pieces, because a hidden word of several pieces leaves
one mask. Each length of a word's gradient is set against the change in nats that hiding the word makes, without its
sign: Spearman's correlation over the words of a sentence, and whether both name the same first word.
"""

from collections.abc import Callable

import torch
from pairs import print_table, wants_json
from scipy.stats import spearmanr
from sentences import BUILT_IN, read_sentences

from mlm_demo.inference.engine import Engine
from mlm_demo.inference.gradients import embedding_gradient
from mlm_demo.models.masked_lm import MaskedLM
from mlm_demo.models.pool import PLAIN, ModelPool
from mlm_demo.settings import Settings

# Gradient and embeddings, (length, embedding size) each, to a number a token.
LENGTHS: dict[str, Callable[[torch.Tensor, torch.Tensor], torch.Tensor]] = {
    "gradient, L2": lambda gradient, _: gradient.norm(dim=-1),
    "gradient × input, L2": lambda gradient, vectors: (gradient * vectors).norm(dim=-1),
    "gradient × input, summed": lambda gradient, vectors: (gradient * vectors).sum(-1).abs(),
}


def tokens_of_words(mlm: MaskedLM, text: str, words: list[dict]) -> list[int] | None:
    """Return the position of each word's only token, special tokens included; None if a word has several."""
    before, after = text.split("<mask>")
    read = f"{before}{mlm.mask_token}{after}"
    longer = len(read) - len(text)
    found = []
    for word in words:
        shift = longer if word["start"] > len(before) else 0
        start, end = word["start"] + shift, word["end"] + shift
        own = [n for n, (s, e) in enumerate(mlm.encode(read).offsets) if s < end and start < e]
        if len(own) != 1:
            return None
        found.append(own[0] + len(mlm.prefix))
    return found


def compared(engine: Engine, mlm: MaskedLM, text: str) -> dict[str, tuple[float, bool]] | None:
    """Return the correlation and whether the first word is the same, by length; None if a word has several pieces."""
    found = engine.why(text, mlm.name, precision="exact")
    changes = [abs(word["change"]) for word in found["words"]]
    tokens = tokens_of_words(mlm, text, found["words"])
    if tokens is None:
        return None
    row = mlm.with_special_tokens(mlm.encode(text.replace("<mask>", mlm.mask_token)).ids)
    _, _, gradient = embedding_gradient(mlm, row, row.index(mlm.mask_id), lambda scores: int(scores.argmax()))
    vectors = mlm.model.get_input_embeddings()(torch.tensor(row)).float()
    agreement = {}
    for name, length in LENGTHS.items():
        lengths = length(gradient, vectors)[tokens].tolist()
        same = lengths.index(max(lengths)) == changes.index(max(changes))
        agreement[name] = float(spearmanr(lengths, changes).statistic), same
    return agreement


def main() -> None:
    as_json = wants_json(__doc__)
    settings = Settings(device="cpu")
    engine, pool = Engine(settings), ModelPool(settings)
    rows, ratios = [], {}
    for model in BUILT_IN:
        mlm = pool.get(engine.catalogue.find(model), PLAIN, lambda share, stage: None)
        every = [compared(engine, mlm, sentence.text) for sentence in read_sentences()]
        counted = [agreement for agreement in every if agreement]
        for name in LENGTHS:
            correlation = sum(agreement[name][0] for agreement in counted) / len(counted)
            same = sum(agreement[name][1] for agreement in counted)
            rows.append((model, name, len(counted), correlation, same))
        ratios[f"{model}_spearman"] = rows[-len(LENGTHS)][3]
    headings = ("model", "length", "sentences", "Spearman with hiding", "same first word")
    print_table("Gradient and hiding", headings, rows, ratios, as_json)


if __name__ == "__main__":
    main()
