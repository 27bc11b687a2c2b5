import re
from xml.etree import ElementTree

from mlm_demo.web.contrast.scatter import LEFT, scatter

NAMES = ("First: A <mask> & b", "Second")


def word(text, first, second):
    return {"word": text, "first": first, "second": second, "divergence": abs(first - second)}


def drawn(*words):
    svg = re.search("<svg.*</svg>", scatter(words, NAMES, ("in the first", "in the second")), re.DOTALL)[0]
    return ElementTree.fromstring(svg)  # raises if it is not well-formed


def find(svg, tag, kind):
    return [e for e in svg.iter("{http://www.w3.org/2000/svg}" + tag) if e.get("class") == kind]


def test_a_word_lies_below_the_diagonal_if_the_first_blank_expects_it_more():
    svg = drawn(word("he", 0.5, 0.05), word("she", 0.05, 0.5), word("it", 0.1, 0.1))
    (second,) = find(svg, "circle", "second")
    firsts = find(svg, "circle", "first")
    he = next(circle for circle in firsts if circle[0].text.startswith("he:"))
    assert float(he.get("cx")) > float(second.get("cx"))
    assert float(he.get("cy")) > float(second.get("cy")), "down is less probable in the second"
    assert {name.text for name in find(svg, "text", "name")} == {"he", "she", "it"}


def test_names_do_not_cover_each_other_or_leave_the_drawing():
    words = [word("neighboring" + str(number), 0.01 + number * 1e-5, 0.9) for number in range(12)]
    names = find(drawn(*words), "text", "name")
    assert 0 < len(names) < 12
    svg = drawn(word("w" * 80, 1.0, 1.0))
    assert find(svg, "text", "name") == []


def test_zero_is_drawn_at_the_edge_and_text_stays_text():
    svg = drawn(word("<b>&", 0.0, 1.0))
    (circle,) = find(svg, "circle", "second")
    assert float(circle.get("cx")) == LEFT
    assert [name.text for name in find(svg, "text", "axis-name")] == list(NAMES)
    assert "<b>&" in circle[0].text


def test_no_words_are_an_empty_plot():
    assert find(drawn(), "circle", "first") == []
