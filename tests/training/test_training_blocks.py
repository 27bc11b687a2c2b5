import pytest

from mlm_demo.training.config import AdaptConfig
from mlm_demo.training.training_blocks import general_texts, make_blocks
from tests.support.tiny_models import SENTENCES, tiny

TEXTS = [f"{sentence} {other}" for sentence in SENTENCES for other in SENTENCES]


def test_replay_mixes_in_the_share_asked_for():
    mlm = tiny("BERT")
    config = AdaptConfig(max_steps=1, block_size=32, replay=0.25)
    blocks = make_blocks(mlm, TEXTS, SENTENCES, config)
    assert (blocks.document == -1).mean() == pytest.approx(0.25, abs=0.02)


def test_line_by_line_keeps_lines_apart():
    mlm = tiny("BERT")
    config = AdaptConfig(max_steps=1, block_size=32, line_by_line=True)
    assert len(make_blocks(mlm, ["the dog\nthe cat\n\nthe fox"], [], config)) == 3


def test_replayed_and_judged_general_text_share_nothing():
    replay, judged = general_texts()
    assert len(replay) >= 50
    assert len(judged) >= 50
    assert not set(replay) & set(judged)
