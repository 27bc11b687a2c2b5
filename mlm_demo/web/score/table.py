"""Write scores as CSV: a row per piece, so that no figure is lost."""

from collections.abc import Sequence

from mlm_demo.inference.spreadsheet import to_csv

COLUMNS = (
    "model", "revision", "text", "method", "word", "start", "end", "word_surprisal", "unknown",
    "piece", "token", "surprisal", "log_probability", "probability", "rank",
)  # fmt: skip


def csv(scores: Sequence[dict]) -> str:
    """Return the pieces of all words by all models as CSV with one header; surprisals are in bits."""
    rows = []
    for score in scores:
        about = {"model": score["model"]["name"], "revision": score["model"]["revision"]}
        about |= {"text": score["text"], "method": score["method"]}
        for word in score["words"]:
            of_word = {"word": word["text"], "word_surprisal": word["surprisal"]}
            of_word |= {name: word[name] for name in ("start", "end", "unknown")}
            for piece, token in zip(word["pieces"], word["tokens"], strict=True):
                figures = ("token", "surprisal", "log_probability", "probability", "rank")
                rows.append({**about, **of_word, "piece": piece, **{name: token[name] for name in figures}})
    return to_csv(rows, COLUMNS)
