from gradio.layouts import Form

from mlm_demo.settings import Settings
from mlm_demo.web.app import create_app


def test_nothing_hidden_shares_a_box_with_what_comes_and_goes(tmp_path):
    """Gradio puts neighboring inputs into one box, and shows a hidden one when its neighbor is taken away."""
    page = create_app(Settings(device="cpu", data=str(tmp_path)))
    boxes = [
        {child.visible for child in block.children} for block in page.blocks.values() if type(block) is Form
    ]
    assert {"hidden"} in boxes
    assert [box for box in boxes if "hidden" in box and len(box) > 1] == []


def test_nothing_hidden_stands_in_a_panel_that_comes_and_goes(tmp_path):
    """Gradio shows it when the panel comes back."""
    page = create_app(Settings(device="cpu", data=str(tmp_path)))
    hidden = [block for block in page.blocks.values() if getattr(block, "visible", True) == "hidden"]
    assert len(hidden) > 10
    for block in hidden:
        parent = block.parent
        while parent is not None:
            assert getattr(parent, "visible", True), block
            parent = parent.parent
