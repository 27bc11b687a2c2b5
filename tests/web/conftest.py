"""Pages of tests: most have their handlers called and are never served."""

import gradio as gr
import pytest

from mlm_demo.web.server.quick_start import without_early_applications


@pytest.fixture(scope="module", autouse=True)
def _no_early_applications():
    """Let Gradio make a page's web application, with its eighty routes, only for a launch."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("__exit__", "queue"):
            patch.setattr(gr.Blocks, name, without_early_applications()(getattr(gr.Blocks, name)))
        yield
