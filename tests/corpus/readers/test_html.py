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
