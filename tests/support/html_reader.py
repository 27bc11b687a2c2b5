"""HTML as a browser sees it, and text that tries to break out of it."""

from html.parser import HTMLParser

HOSTILE = "<img src=x onerror=alert(1)>${alert(1)}`{{x}}</li><script>alert(1)</script>\"'"


class Reader(HTMLParser):
    """Collects the tags, texts and attributes of some HTML."""

    def __init__(self, html: str):
        super().__init__()
        self.tags, self.texts, self.attributes = [], [], []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes.append(dict(attributes))

    def handle_data(self, data):
        self.texts.append(data)
