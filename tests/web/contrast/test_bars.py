from mlm_demo.web.contrast.bars import ROWS, paired_bars
from tests.web.contrast.test_scatter import word

SIDES = "in the first", "in the second"


def test_each_word_is_in_the_list_of_its_side_on_one_scale():
    html = paired_bars([word("he", 0.2, 0.1), word("<she>", 0.05, 0.2)], SIDES)
    first, second = html.split("More probable in the second")
    assert 'aria-label="he, probability 0.2000 in the first and 0.1000 in the second"' in first
    assert "&lt;she&gt;" in second
    assert first.count("inline-size:100.00%") == second.count("inline-size:100.00%") == 1


def test_a_few_words_of_each_side_and_a_line_where_there_are_none():
    html = paired_bars([word(f"w{number}", 0.5, 0.1) for number in range(20)], SIDES)
    assert html.count("aria-label") == ROWS
    assert html.count("None of the words.") == 1


def test_the_names_of_the_sides_stay_text():
    html = paired_bars([word("he", 0.2, 0.1)], ("for <b>", 'for "c"'))
    assert "More probable for &lt;b&gt;" in html
    assert "<b>" not in html
