import pytest

from mlm_demo.corpus.readers.hyphens import join_lines, vocabulary


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        (["the long-", "term use"], "the long-term use"),
        (["a T-", "cell and"], "a T-cell and"),
        (["a beta-", "blocker"], "a beta-blocker"),
        (["a non-", "small one"], "a non-small one"),
        (["the dose-", "response curve"], "the dose-response curve"),
        (["an X-", "ray was"], "an X-ray was"),
        (["at follow-", "up we"], "at follow-up we"),
        (["the follow-", "ing day"], "the following day"),
        (["an anti-", "TNF drug"], "an anti-TNF drug"),
        (["of IL-", "6 in"], "of IL-6 in"),
        (["of CO-", "VID"], "of CO-VID"),
        (["and con-", "tinued"], "and continued"),
        (["an esti-", "mate"], "an estimate"),
        (["we re-", "port it"], "we report it"),
        (["of self-", "sufficiency"], "of self-sufficiency"),
        (["age-", "related loss"], "age-related loss"),
        (["in inter-", "related parts"], "in interrelated parts"),
        (["soft long\xad", "er words"], "soft longer words"),
        (["from 10-", "20 cells"], "from 10-20 cells"),
        (["a dash -", "then words"], "a dash - then words"),
        (["two lines", "without one"], "two lines without one"),
        (["船在黎明时", "分到达了。"], "船在黎明时分到达了。"),
        (["배가 새벽에", "도착했다"], "배가 새벽에 도착했다"),
    ],
)
def test_a_divided_word_is_joined_and_a_compound_keeps_its_hyphen(lines, text):
    assert join_lines(lines, set()) == text


def test_the_other_uses_of_a_text_decide():
    divided = ["the long-", "term use of anti-", "body tests"]
    assert join_lines(divided, vocabulary(["longterm", "anti-body"])) == "the longterm use of anti-body tests"
    assert "long" not in vocabulary(["only a divided long-"])
