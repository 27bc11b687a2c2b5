import gradio as gr

from mlm_demo.web.closed_form import close_on, open_after


def test_a_form_is_closed_by_what_starts_a_reading_and_opened_after_it():
    with gr.Blocks() as page:
        files, start, report = gr.File(), gr.Button(), gr.HTML()
        close_on([files.upload], report, "Wait.", [files, start])
        open_after(files.upload(lambda: None, None, report), [files]).then(lambda: None)
    close, read, open_again, last = page.fns.values()
    assert close.targets == read.targets == [(files._id, "upload")]
    assert close.outputs == [report, files, start]
    assert "Wait." in close.js
    assert "Array(2).fill({__type__: 'update', interactive: false})" in close.js
    assert (open_again.trigger_after, open_again.outputs) == (read._id, [files])
    assert "Array(1).fill({__type__: 'update', interactive: true})" in open_again.js
    assert last.trigger_after == open_again._id
    assert {event.fn for event in (close, open_again)} == {None}, "the server has no part in it"
