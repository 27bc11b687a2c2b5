import pytest

from mlm_demo.inference.engine import Engine
from mlm_demo.settings import Settings
from mlm_demo.web.fill.tab import BIOMEDICAL_EXAMPLES, GENERAL_EXAMPLES


@pytest.fixture(scope="module")
def engine():
    return Engine(Settings(device="cpu"))


@pytest.mark.parametrize("sentence", [*GENERAL_EXAMPLES, *BIOMEDICAL_EXAMPLES])
def test_the_two_built_in_models_differ_on_the_examples(engine, sentence):
    general, biomedical = engine.compare(sentence, ["general", "biomedical"])["answers"]
    assert general["masks"][0][0]["word"] != biomedical["masks"][0][0]["word"]
