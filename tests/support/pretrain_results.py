"""A small result of a training from scratch, as result.json holds it."""

from mlm_demo.training.pretraining.config import PretrainConfig
from mlm_demo.training.pretraining.result import PretrainResult
from tests.support.results import TRAINING, exam_answer, part

RESULT_JSON = {
    "model": {
        "architecture": "BertForMaskedLM", "parameters": 5_200_000, "vocabulary": 7_900, "mask_token": "[MASK]",
    },
    "config": {**vars(PretrainConfig(max_steps=120))},
    "corpus": {
        "sha256": "0" * 64, "documents": 36, "words": 600, "training_documents": 30, "held_out_documents": 6,
        "tokens": 2_000_000, "on_both_sides": 0,
    },
    "figures": {
        "held_out": part(6.5, -2.5),
        "bits_per_byte": {"frequencies": 2.4, "model": {"value": 1.6, "low": 1.5, "high": 1.7}},
        "bits_per_word": {"frequencies": 13.1, "model": {"value": 8.8, "low": 8.2, "high": 9.4}},
        "unknown_share": 0.0,
    },
    "guesses": [exam_answer("The <b>queen</b> bee lays eggs.", "queen", 900, 1, "queen", "##x")],
    "training": TRAINING,
    "curve": [{"step": 1, "loss": 6.0, "seconds": 0.5}],
    "versions": {"torch": "2.13.0"},
}  # fmt: skip


def pretrain_result(**changes):
    """Build the result with other values for some keys of its JSON."""
    return PretrainResult.from_json({**RESULT_JSON, **changes})
