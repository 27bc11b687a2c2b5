import pytest

from mlm_demo.web.adapt.draft import adapt_request

FIELDS = dict.fromkeys(("model", "steps", "rate", "masked", "batch", "block", "seed"))


@pytest.mark.parametrize(
    ("column", "joined"),
    [
        (["findings", "impression"], "findings + impression"),
        (["text"], "text"),
        ([], ""),
        (None, ""),
        (" findings + impression ", "findings + impression"),
    ],
)
def test_ticked_columns_are_the_text_that_the_shell_and_http_take(column, joined):
    request = adapt_request(**FIELDS, minutes=1, whole=False, replay=False, column=column)
    assert request.column == joined
