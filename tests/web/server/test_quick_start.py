import gc
import importlib.util
import inspect
import sys
from types import ModuleType

import gradio as gr
import pytest
from gradio.routes import App

from mlm_demo.cli.main import main
from mlm_demo.settings import Settings
from mlm_demo.system import memory
from mlm_demo.web.app import create_app
from mlm_demo.web.server.quick_start import (
    without_early_applications,
    without_garbage_collection,
    without_stubs,
)

COMPONENT = """
import gradio as gr

class Mine(gr.Textbox):
    pass
"""


@pytest.fixture
def define(monkeypatch):
    """A function that imports a module with a component."""

    def define(path):
        path.write_text(COMPONENT)
        spec = importlib.util.spec_from_file_location(path.stem, path)
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, path.stem, module)
        spec.loader.exec_module(module)
        return module.Mine

    return define


def test_no_stub_is_written_and_the_component_works(define, tmp_path):
    with without_stubs():
        component = define(tmp_path / "quick_component.py")
    assert [path.name for path in tmp_path.glob("*.py*")] == ["quick_component.py"]
    with gr.Blocks():
        assert component(label="Mine").get_config()["label"] == "Mine"
        assert callable(component().change)


def test_other_sources_are_found_and_so_are_components_afterwards():
    stock = inspect.getfile
    with without_stubs():
        with pytest.raises(OSError, match="no stub file wanted"):
            inspect.getfile(gr.Textbox)
        assert inspect.getfile(gr.Blocks) == stock(gr.Blocks)
        assert inspect.getfile(pytest) == stock(pytest)
    assert inspect.getfile(gr.Textbox) == stock(gr.Textbox)


def test_gradio_still_looks_for_the_source_file(define, tmp_path, monkeypatch):
    """Once Gradio no longer writes stubs at import, `without_stubs` can go."""
    asked = []
    monkeypatch.setattr(inspect, "getfile", lambda thing: asked.append(thing) or str(tmp_path / "none.py"))
    with pytest.raises(OSError, match=r"none\.py"):
        define(tmp_path / "slow_component.py")
    assert asked[0].__name__ == "Mine"


def test_what_a_start_makes_is_not_looked_at_again():
    before = gc.get_freeze_count()
    with without_garbage_collection():
        assert not gc.isenabled()
        made = [[] for _ in range(1000)]
    assert gc.isenabled()
    assert gc.get_freeze_count() >= before + len(made)


def test_garbage_is_collected_again_after_a_failed_start():
    with pytest.raises(OSError, match="port"), without_garbage_collection():
        raise OSError("port")
    assert gc.isenabled()


def test_the_page_starts_that_way(monkeypatch):
    stock, seen = inspect.getfile, {}

    def note(name):
        seen[name] = inspect.getfile is stock, gc.isenabled()

    class Page(ModuleType):
        def __getattr__(self, name):
            note(name)
            return lambda *_, **__: note("started") or self

        def block_thread(self):
            note("blocked")

    monkeypatch.setitem(sys.modules, "mlm_demo.web.app", Page("mlm_demo.web.app"))
    monkeypatch.setattr(memory, "bound_malloc", lambda: None)
    assert main(["serve"]) == 0
    assert seen["start"] == (False, False)
    assert seen["started"] == (True, False)
    assert seen["blocked"] == (True, True)


@pytest.fixture(scope="module", autouse=True)
def _no_early_applications():
    """These pages are made as Gradio makes them."""


def test_a_page_has_no_application_before_its_launch(tmp_path):
    """Once Gradio makes one only at the launch, `without_early_applications` can go."""
    with gr.Blocks() as stock:
        gr.Markdown("empty")
    assert isinstance(stock.app, App)
    assert create_app(Settings(data=tmp_path)).app is None
    with pytest.raises(OSError, match="port"), without_early_applications():
        raise OSError("port")
    assert isinstance(stock.queue().app, App)
