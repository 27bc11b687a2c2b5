from mlm_demo.models.catalogue import KNOWN_MODELS, ModelRef
from mlm_demo.web.extract import extractors
from mlm_demo.web.teach.bases import first_name, offered
from tests.support.runs import waiting_service

BUILT_IN = ModelRef("extract", "built in", "Evidence and answers")


def test_taught_models_come_first(tmp_path, monkeypatch):
    monkeypatch.setattr(extractors, "offered", lambda *given: [BUILT_IN])
    assert offered(waiting_service(tmp_path).runs, "me") == [BUILT_IN, *KNOWN_MODELS]


def test_training_starts_from_the_taught_one_if_there_is_one():
    assert first_name([BUILT_IN, *KNOWN_MODELS]) == "extract"
    assert first_name(list(KNOWN_MODELS)) == "biomedical"
