"""A served page and a real Chromium. Without Chromium these tests are skipped, except in CI."""

import os
import shutil
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.nightly import PICTURES
from tests.support.paths import free_port
from tests.support.runs import kill_workers

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
SCREENSHOTS = Path(__file__).parent / "screenshots"
# The tests watch the page's connections, not those that Chromium makes for itself.
QUIET = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
# A script runs a few times here: compiling it well takes longer than it saves.
PLAIN = ["--js-flags=--max-lazy --no-opt"]


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if not CHROMIUM and not os.environ.get("CI"):
                item.add_marker(pytest.mark.skip(reason="no Chromium on this machine"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Add to the report of a failed test what the pages show and what the latest run has written."""
    report = yield
    fixtures = getattr(item, "funcargs", {}) if report.failed else {}
    for context in fixtures["chromium"].contexts if "chromium" in fixtures else []:
        for page in context.pages:
            with suppress(Exception):  # a page that does not answer any more
                report.sections.append((f"page {page.url}", page.locator("body").inner_text(timeout=3000)))
    if "served" in fixtures:
        for run in fixtures["served"][0].service.runs.all()[-1:]:
            logs = [path for path in run.folder.iterdir() if path.suffix in (".log", ".jsonl")]
            report.sections += [(str(path), path.read_text()[-3000:]) for path in logs]
    return report


@pytest.fixture(scope="session")
def served(tmp_path_factory):
    from mlm_demo.settings import Settings
    from mlm_demo.web.app import create_app, launch

    settings = Settings(
        device="cpu",
        hub_timeout=3,
        port=free_port(),
        data=str(tmp_path_factory.mktemp("data")),
        max_runs_a_person=5,
    )
    demo = create_app(settings)
    yield demo, launch(demo, settings)
    demo.close()
    kill_workers(demo.service.runs)


@pytest.fixture(scope="session")
def address(served):
    return served[1]


@pytest.fixture(scope="package")
def chromium():
    """Chromium, only as long as these tests last: its event loop would be in the way of asyncio.run."""
    assert CHROMIUM, "CI needs Chromium: apt-get install chromium"
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=30_000)  # as the other waits
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET + PLAIN)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def visitor(chromium, address):
    """One visitor, whose browser has the page's scripts in its cache."""
    context = chromium.new_context()
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=address.rstrip("/"))
    yield context
    context.close()


class Opener:
    """Opens pages, and watches that they ask no other host and log no error."""

    def __init__(self, address):
        self.address, self.outside, self.errors = address, [], []
        self.local, self.pages = (address, "blob:" + address, "data:"), []

    def open(self, page, query, width, scheme, wait_for):
        self.pages.append(page)
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)
        page.on("request", self.note_request)
        page.on("pageerror", self.note_error)
        page.goto(self.address + query)
        page.wait_for_selector(wait_for, timeout=60_000)  # a training may have both cores
        return page

    def note_request(self, request):
        if not request.url.startswith(self.local):
            self.outside.append(request.url)

    def note_error(self, error):
        self.errors.append(str(error))

    def leave(self):
        """Empty the first tab, for the next test to use, and close the others."""
        for page in self.pages[1:]:
            page.close()
        for page in self.pages[:1]:
            page.remove_listener("request", self.note_request)
            page.remove_listener("pageerror", self.note_error)
            page.goto("about:blank")


ANSWER = "#results figure, #results table"


@pytest.fixture
def open_page(visitor, address):
    """A function that opens the page with a query, in a tab of the same visitor.

    The tests share the first tab: Chromium has compiled the page's scripts there.
    """
    opener, free = Opener(address), visitor.pages[:1]

    def opened(query="", width=1280, scheme="light", wait_for=ANSWER):
        page = free.pop() if free else visitor.new_page()
        return opener.open(page, query, width, scheme, wait_for)

    yield opened
    opener.leave()
    assert (opener.outside, opener.errors) == ([], [])


@pytest.fixture
def open_browser(chromium, address):
    """A function that opens the page with a query as a visitor who was never here before."""
    opener, contexts = Opener(address), []

    def opened(query="", width=1280, scheme="light", wait_for=ANSWER):
        contexts.append(chromium.new_context(has_touch=width < 500))
        return opener.open(contexts[-1].new_page(), query, width, scheme, wait_for)

    yield opened
    for context in contexts:
        context.close()
    assert (opener.outside, opener.errors) == ([], [])


@pytest.fixture(scope="session")
def picture():
    """A function that saves a screenshot of the whole page, if the tests are to take pictures."""
    SCREENSHOTS.mkdir(exist_ok=True)

    def save(page, name):
        if not PICTURES:
            return
        page.wait_for_timeout(400)  # transitions
        page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)

    return save


@pytest.fixture(scope="session")
def both_schemes(picture):
    """A function that saves a page in light and in dark."""

    def save(page, name):
        for scheme in ("dark", "light"):
            page.emulate_media(color_scheme=scheme)
            picture(page, f"{name}-{scheme}")

    return save


@pytest.fixture(scope="session")
def pictures(both_schemes):
    """A function that saves a page in both widths and schemes; nothing may reach over the edge of a phone."""

    def save(page, name):
        for width in (390, 1280):
            page.set_viewport_size({"width": width, "height": 900})
            both_schemes(page, f"{name}-{width}")
            assert page.evaluate("document.documentElement.scrollWidth") <= width

    return save
