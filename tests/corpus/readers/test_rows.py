import json

from mlm_demo.corpus.documents import Document

HTML = [
    ("<p>One <b>two</b>.</p><p>Three 5 < 6 &amp; 7</p>", "One two.\n\nThree 5 < 6 & 7"),
    ("First<br>second<br/>third", "First\nsecond\nthird"),
    ("<div>One</div><div>two</div>", "One\n\ntwo"),
    ("<ul><li>One</li><li>two</li></ul>", "One\n\ntwo"),
    ('See <a href="https://example.org/x">the page</a> now', "See the page now"),
    ("Ça va, <i>naïve</i> 船", "Ça va, naïve 船"),
]
PLAIN = ["p < 0.05 and q > 3", "a <b c", "if x <y> z", "5 &lt; 6", "mail <anna@example.org> now"]


def test_markup_in_cells_is_read_as_html(read):
    rows = "".join(json.dumps({"id": 1, "text": text}) + "\n" for text, _ in HTML)
    assert [document.text for document in read("a.jsonl", rows)[0]] == [text for _, text in HTML]


def test_cells_without_markup_stay(read):
    rows = "".join(json.dumps(text) + "\n" for text in PLAIN)
    assert [document.text for document in read("a.jsonl", rows)[0]] == PLAIN


def test_a_cell_of_tags_alone_counts_as_without_text(read):
    found, notes = read("a.jsonl", '{"text": "<p></p>"}\n{"text": "One."}\n')
    assert found == [Document("a.jsonl, line 2", "One.")]
    assert "Skipped 1 row of a.jsonl without text." in notes


def test_the_paragraphs_of_a_cell_with_markup_stay_apart(read):
    row = {"title": "A title", "abstract": "One <i>p</i> two.\n\nThree\nfour."}
    assert read("a.jsonl", json.dumps(row))[0][0].text == "A title\n\nOne p two.\n\nThree four."
