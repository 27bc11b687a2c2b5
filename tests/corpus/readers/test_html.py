import pytest

from mlm_demo.corpus.documents import Document

HTML = """<!doctype html><html><head><title>T</title><style>p {}</style></head><body><nav>Menu</nav>
<header>Top</header><h1>Head &amp; line</h1><p>One <b>bold</b>
 word.<br>New line &eacute;<script>var p = "<p>no"</script><p hidden>Not seen<p style="display: none">Nor this
<ul><li>first<li>second</ul><table><tr><td>a</td><td>b</td></tr></table><footer>End</footer></body></html>"""


@pytest.mark.parametrize("name", ["a.html", "a.htm", "a.txt"])
def test_the_visible_text_of_a_page_is_read(read, name):
    found, notes = read(name, HTML)
    assert found == [Document(name, "Head & line\n\nOne bold word.\nNew line é\n\nfirst\n\nsecond\n\na b")]
    assert notes == (["a.txt is an HTML page, and was read as one."] if name == "a.txt" else [])


def test_the_encoding_that_a_page_declares_is_used(read):
    page = '<html><meta charset="windows-1251"><p>Это\n<p>да</html>'
    assert read("a.html", page.encode("cp1251"))[0][0].text == "Это\n\nда"


def test_a_deeply_nested_page_with_open_elements_is_read(read):
    deep = "<html>" + "<div>" * 20_000 + "deep" + "</div>" * 10_000 + "<p>after<!--"
    assert read("a.html", deep)[0][0].text == "deep\n\nafter"


PARTS = {
    "header of the page": ("<header>Site</header><p>Text.</p>", "Text."),
    "header of a text": ("<article><header><h1>Title</h1></header><p>Text.</p></article>", "Title\n\nText."),
    "choice": ("<p>Pick <select><option>One<option>Two</select> now.</p>", "Pick now."),
    "button": ("<p>Text.</p><button>Press</button>", "Text."),
    "cookies by name": ('<div id="cookie-banner"><p>Anything at all.</p></div><p>Text.</p>', "Text."),
    "cookies by words": (
        "<p>We use cookies to improve it.</p><div><a>Accept all</a></div><p>Text.</p>",
        "Text.",
    ),
    "biscuits": ("<p>The cookies were baked at noon.</p>", "The cookies were baked at noon."),
    "exponent": ("<p>10<sup>6</sup> cells, 10<sup>−3</sup> ml</p>", "10^6 cells, 10^-3 ml"),
    "charge": ("<p>Ca<sup>2+</sup> and CO<sub>2</sub></p>", "Ca2+ and CO2"),
    "citation": (
        "<p>Herons wait.<sup><a>[1]</a></sup> Eels<sup>2,3</sup> swim.</p>",
        "Herons wait. Eels swim.",
    ),
    "fraction": ("<p>ratio <math><mfrac><mn>1</mn><mn>2</mn></mfrac></math> fell</p>", "ratio 1/2 fell"),
    "power": ("<p><math><msup><mi>x</mi><mn>2</mn></msup><mo>+</mo><mn>1</mn></math></p>", "x^2+1"),
    "formula twice": (
        "<p>a <math><semantics><mi>x</mi><annotation>\\x</annotation></semantics></math></p>",
        "a x",
    ),
    "navigation by role": ('<div role="navigation">Menu</div><p>Text.</p>', "Text."),
    "open superscript": ("<p>10<sup>6<p>Next.", "10^6\n\nNext."),
    "labels that touch": ("<div>One</div><div>Two</div>", "One\n\nTwo"),
}


@pytest.mark.parametrize(("body", "text"), PARTS.values(), ids=list(PARTS))
def test_the_text_of_a_page_is_what_a_reader_wants(read, body, text):
    assert read("a.html", f"<html><body>{body}</body></html>")[0] == [Document("a.html", text)]
