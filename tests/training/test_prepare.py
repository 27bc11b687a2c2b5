from mlm_demo.models.catalogue import Catalogue
from mlm_demo.settings import Settings
from mlm_demo.training.prepare import load_model


def test_loading_shows_no_percentage_while_it_goes_on(tiny, tmp_path):
    stages = []
    settings = Settings(device="cpu", data=str(tmp_path))
    load_model(tiny, settings, Catalogue(), stages.append)
    assert stages == ["Loading tiny"]
