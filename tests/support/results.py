"""A small result of a run, as result.json holds it."""

import math

from mlm_demo.training.result import AdaptationResult

INTERVAL = {"value": 2.5, "low": 2.4, "high": 2.6}
SHARE = {"value": 0.51, "low": 0.5, "high": 0.52}
SIDE = {
    "loss": INTERVAL,
    "perplexity": INTERVAL,
    "accuracy": SHARE,
    "documents": 6,
    "masked_tokens": 70,
    "sections": None,
}
CHANGE = {
    "loss": {"value": -0.5, "low": -0.6, "high": -0.4},
    "accuracy": {"value": 0.02, "low": -0.01, "high": 0.05},
}
PART = {"before": SIDE, "after": SIDE, "change": CHANGE}
EXAM = {"questions": 40, "top_1_before": 0.1, "top_1_after": 0.25, "top_5_before": 0.2, "top_5_after": 0.5}
TRAINING = {
    "steps": 48, "planned": 120, "stopped": False, "ended": "budget", "best_step": 48,
    "output_bias": {"strength": 0.75, "loss_before": 3.25, "loss_after": 3.0},
    "seconds": 9.5, "tokens_per_second": 4321.0, "peak_megabytes": 640.0,
}  # fmt: skip
CONFIG = {
    "epochs": None, "max_steps": 120, "minutes": None, "mlm_probability": 0.15, "whole_word": False,
    "learning_rate": 2e-4, "batch_size": 16, "block_size": 128, "seed": 0, "replay": 0.0, "line_by_line": False,
    "keep_near_duplicates": False, "gradient_accumulation_steps": 1, "weight_decay": 0.01, "schedule": "linear",
}  # fmt: skip
FIGURES = {"domain": PART, "general": PART, "exam": EXAM}
RESULT_JSON = {
    "base": {"name": "bert-base-uncased", "revision": "abc"},
    "config": CONFIG,
    "corpus": {
        "sha256": "0" * 64, "documents": 36, "words": 600, "training_documents": 30, "held_out_documents": 6,
        "tokens": 900, "on_both_sides": 0,
    },
    "figures": FIGURES,
    "exam": [],
    "training": TRAINING,
    "curve": [{"step": 1, "loss": 3.0, "seconds": 0.5}],
    "versions": {"torch": "2.13.0"},
    "share": 0.5,
    "points": [{"share": share, "figures": FIGURES, "exam": []} for share in (0.0, 0.5, 1.0)],
}  # fmt: skip


def part(before, change, width=0.1):
    """Return a comparison as JSON: the loss before, its change, and half the width of the interval, in nats."""

    def side(loss):
        perplexity = math.exp(loss)
        return {
            **SIDE,
            "loss": {"value": loss, "low": loss - 0.2, "high": loss + 0.2},
            "perplexity": {"value": perplexity, "low": perplexity * 0.8, "high": perplexity * 1.2},
        }

    interval = {"value": change, "low": change - width, "high": change + width}
    return {
        "before": side(before),
        "after": side(before + change),
        "change": {**CHANGE, "loss": interval},
    }


def figures_with(domain=(4.0, -0.5), general=(3.0, 0.2)):
    """Return figures as JSON: loss before and change of both texts."""
    return {"domain": part(*domain), "general": part(*general), "exam": EXAM}


def result_between(share, learned=-0.8, forgot=0.4, exam=(), **changes):
    """Build a result with five points from base to adapted, at one of them.

    learned, forgot: the changes of loss at the end of training. Most is learned early and forgotten late.
    """
    points = [
        {
            "share": at,
            "figures": {
                "domain": part(4.0, learned * at**0.5, 0.0 if at == 0 else 0.1),
                "general": part(3.0, forgot * at**2, 0.0 if at == 0 else 0.1),
                "exam": EXAM,
            },
            "exam": list(exam)
            if at
            else [{**a, "rank": a["rank_before"], "guess": a["guess_before"]} for a in exam],
        }
        for at in (0.0, 0.25, 0.5, 0.75, 1.0)
    ]
    whole = {**points[-1], "points": points, **changes}
    return result_with(**whole).at(share)


def result_with(kind=AdaptationResult, **changes):
    """Build the result with other values for some keys of its JSON."""
    return kind.from_json({**RESULT_JSON, **changes})


def exam_answer(sentence, term, before, after, guess="y", guess_before="x"):
    """Return an answer of the exam as JSON."""
    return {
        "sentence": sentence,
        "start": sentence.index(term),
        "term": term,
        "rank": after,
        "guess": guess,
        "rank_before": before,
        "guess_before": guess_before,
    }
