"""The page's address follows what is on screen, so that a reload or a bookmark shows it again."""

from collections.abc import Sequence

import gradio as gr

from mlm_demo.web import javascript
from mlm_demo.web.contrast.links import is_contrast_link
from mlm_demo.web.event_options import AT_ONCE
from mlm_demo.web.score.links import is_score_link

TABS = ("fill", "score", "contrast", "adapt", "extract", "learn")


def open_tab(request: gr.Request):
    """Select the tab that the address names or has a sentence for; a run or a question of Extract names none."""
    query = request.query_params
    tab = query.get("tab", "")
    tab = "score" if is_score_link(query) else "contrast" if is_contrast_link(query) else tab
    return gr.Tabs(selected=tab) if tab in TABS else gr.skip()


def follow(
    page: gr.Blocks,
    tabs: gr.Tabs,
    shown: dict[gr.Tab, Sequence[gr.Textbox]],
    typed: dict[gr.Tab, tuple[dict[str, gr.Textbox], gr.Textbox]],
) -> None:
    """Keep the address at what the selected tab shows.

    shown: for each tab the hidden texts that say it, a link or the id of a run; the first that is not empty counts.
    typed: for a tab its texts by their names in a link, and the link of its answer.
    """
    page.load(open_tab, None, tabs, **AT_ONCE)
    in_browser = {"fn": None, "api_visibility": "private"}
    for tab, texts in shown.items():
        id, inputs = str(tab.id), list(texts)
        tab.select(inputs=inputs, js=javascript.follow(id, selected=True), **in_browser)
        for text in texts:
            js = javascript.follow(id, selected=False)
            text.change(inputs=inputs, js=js, trigger_mode="multiple", **in_browser)
    for tab, (boxes, link) in typed.items():
        for box in boxes.values():
            js = javascript.keep_typed(str(tab.id), list(boxes))
            box.change(inputs=[*boxes.values(), link], js=js, trigger_mode="multiple", **in_browser)
