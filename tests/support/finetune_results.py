"""A result of a fine-tuning as result.json holds it."""

TRAINING = {
    "steps": 40, "planned": 40, "stopped": False, "ended": "budget", "best_step": 40, "seconds": 50.0,
    "tokens_per_second": 900.0, "peak_megabytes": 900.0,
}  # fmt: skip
SEED = {
    "seed": 0, "threshold": -0.5, "precision": [[-0.5, 0.7, 0.9]], "choosing": {"f1": 0.6, "em": 0.4},
    "judging": {"f1": 0.62, "em": 0.41}, "groups": ["a", "b"], "values": {"f1": [0.5, 0.74], "em": [0.0, 0.82]},
    "training": TRAINING,
}  # fmt: skip


def _interval(value: float) -> dict:
    return {"value": value, "low": value - 0.07, "high": value + 0.07}


RESULT_JSON = {
    "task": "answers",
    "base": {"name": "biomedical", "revision": "abc"},
    "config": {"max_steps": 40, "batch_size": 16, "learning_rate": 5e-5, "seeds": 2, "seed": 0},
    "examples": {"sha256": "ab" * 32, "training": 200, "choosing": 20, "judging": 20, "groups": 40},
    "seeds": [SEED, {**SEED, "seed": 1}],
    "seed": 0,
    "rows": [
        {
            "metric": metric, "label": label, "percent": True, "model": _interval(value),
            "rules": {"words in common": _interval(0.2)}, "best_rule": "words in common",
            "gain": _interval(value - 0.2), "agree": 2,
        }
        for metric, label, value in (("f1", "F1", 0.62), ("em", "exact match", 0.41))
    ],
    "stopped": False,
    "curve": [{"step": 1, "seconds": 1.0, "loss": 5.0}, {"step": 40, "seconds": 50.0, "loss": 1.0}],
    "versions": {"torch": "2"},
}  # fmt: skip
