from mlm_demo.web.contrast.drawn_bars import drawn_bars
from tests.web.contrast.test_scatter import word

SIDES = "in the first", "in <the> second"


def test_each_word_has_two_bars_on_one_scale_and_their_numbers():
    drawn = drawn_bars([word("he", 0.2, 0.1), word("<she>", 0.05, 0.2)], SIDES)
    first, second = drawn.split("More probable in &lt;the&gt; second")
    assert first.count("<rect") == second.count("<rect") == 2
    assert 'width="212.0"' in first, "the largest probability fills the scale"
    assert 'width="106.0"' in first
    assert 'width="212.0"' in second
    assert ">0.0500</text>" in second
    assert "&lt;she&gt;" in second


def test_a_side_without_words_says_so_and_long_words_are_cut():
    drawn = drawn_bars([word("pneumonoultramicroscopic", 0.2, 0.1)], SIDES)
    assert "None of the words." in drawn
    assert ">pneumonoultrami…<" in drawn
