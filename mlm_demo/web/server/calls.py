"""A page whose HTTP endpoints take calls with fewer values than parameters, and never answer without a sentence."""

import gradio as gr
from gradio.components.api_component import Api


class Page(gr.Blocks):
    """Gradio's Blocks; a call by another program may leave out its last values, which then are None.

    gradio_client fills in the defaults itself. A call with curl or from JavaScript does not, and Gradio (6.31) answers
    it with `{"error": null}`.
    """

    async def preprocess_data(self, block_fn, inputs, *arguments, **named):
        """Return the values for a handler."""
        if not all(isinstance(block, Api) for block in block_fn.inputs):
            return await super().preprocess_data(block_fn, inputs, *arguments, **named)
        inputs = [*inputs, *[None] * (len(block_fn.inputs) - len(inputs))]
        try:
            return await super().preprocess_data(block_fn, inputs, *arguments, **named)
        except Exception:  # whatever Gradio raises for a file that was not uploaded
            raise gr.Error(
                "The call holds a file that was not uploaded to this page; upload it first, for example with "
                "gradio_client's handle_file.",
                print_exception=False,
            ) from None
