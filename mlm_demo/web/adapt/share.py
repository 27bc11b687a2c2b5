"""The slider between base and adapted model, and what the model at its stop has learned and forgotten."""

from collections.abc import Callable
from html import escape

import gradio as gr

from mlm_demo.training.result import DOMAIN, GENERAL, AdaptationResult, loss_row
from mlm_demo.training.row import Value
from mlm_demo.training.share_curve import share_curve_svg
from mlm_demo.web import javascript
from mlm_demo.web.html import table, verdict_mark

LABEL = "Base ↔ Adapted"
ABOUT = (
    "How far to go from the base model to the trained one, in percent. Further to the right, it knows more of your "
    "text and less general English."
)


class ShareSlider:
    """The widgets: a slider for the owner of a run, and the losses at its stop for everybody.

    moved: changes when the slider has come to rest.
    """

    def __init__(self):
        self.slider = gr.Slider(
            0,
            100,
            100,
            step=25,
            precision=0,
            label=LABEL,
            info=ABOUT,
            buttons=[],
            visible=False,
            elem_id="share",
        )
        self.losses = gr.HTML(padding=False, js_on_load=None, elem_id="share-losses")
        # To be drawn outside of what comes and goes: Gradio shows a hidden component when its panel comes back.
        self.moved = gr.Textbox(visible="hidden", render=False)

    def wire(self, reweigh: Callable, run: list, outputs: list) -> None:
        """Call reweigh(percent, *run) when the slider has come to rest, whether by mouse, finger or keyboard."""
        # Gradio's `release` knows no keyboard.
        self.slider.input(
            None,
            self.moved,
            self.moved,
            js=javascript.WHEN_AT_REST,
            trigger_mode="multiple",
            api_visibility="private",
        )
        self.moved.change(
            reweigh,
            [self.slider, *run],
            outputs,
            js=javascript.within_range("share"),
            show_progress_on=self.losses,
            trigger_mode="always_last",
            api_visibility="private",
        )

    def show(self, share: float | None, losses: str, *, movable: bool) -> dict:
        """Return the widgets at a share, None without one; movable: whether the person may move the slider."""
        return {
            self.slider: gr.Slider(value=round((share or 0) * 100), visible=movable),
            self.losses: losses,
        }


def share_view(result: AdaptationResult) -> str:
    """Return the losses at the share of a result, their change against the base, and the curve of all shares."""
    if result.share is None or not result.points:
        return ""
    stop = f"{result.share:.0%} of the way from base to adapted"
    rows = []
    for title, part in ((DOMAIN, result.figures.domain), (GENERAL, result.figures.general)):
        row = loss_row(title, part)
        against = f"{escape(row.cells()[-1])} {verdict_mark(row.verdict)}" if result.share else ""
        sides = (Value(side.loss.value).text() for side in (part.before, part.after))
        rows.append((escape(title), *sides, against))
    losses = table((stop, "Base, nats", "This model, nats", "Change"), rows, "losses")
    curve = share_curve_svg(result.points, result.share)
    return f'<div class="between">{losses}<div class="share-curve">{curve}</div></div>'
