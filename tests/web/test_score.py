from mlm_demo.inference.engine import Engine
from mlm_demo.settings import Settings
from mlm_demo.web.score import EXAMPLES, draw


def test_a_figure_a_model_under_the_notices():
    engine = Engine(Settings(device="cpu"))
    html = draw(engine.score("The [SEP] sat.", ["general", "biomedical"])["scores"])
    assert html.startswith('<ul class="notices"')
    assert html.count("<figure") == 2


def test_the_examples_surprise_the_two_models_differently():
    engine = Engine(Settings(device="cpu"))
    general, biomedical = engine.score(EXAMPLES[0], ["general", "biomedical"])["scores"]
    assert biomedical["bits_per_word"] < general["bits_per_word"]
