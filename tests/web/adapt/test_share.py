from mlm_demo.web.adapt.share import share_view
from tests.support.html_reader import Reader
from tests.support.results import result_between, result_with


def test_the_losses_are_shown_with_arrow_word_and_number():
    html = share_view(result_between(0.5))
    text = " ".join(Reader(html).texts)
    assert "50% of the way from base to adapted" in text
    assert "Held-out text of the domain 4.00 3.43 -0.57 (-0.67 to -0.47)  ▲   better" in text
    assert "General English 3.00 3.10 +0.10 (+0.00 to +0.20)" in text
    assert "<svg" in html


def test_at_the_base_nothing_changes():
    text = " ".join(Reader(share_view(result_between(0.0))).texts)
    assert "Held-out text of the domain 4.00 4.00" in text
    assert "▲" not in text


def test_an_older_result_has_no_choice():
    assert share_view(result_with(share=None, points=[])) == ""
