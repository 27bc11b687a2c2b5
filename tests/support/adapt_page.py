"""Steps of a visitor on the Adapt tab in Chromium."""

MINUTES = 60_000  # of milliseconds


def open_tab(page, name="Adapt"):
    page.get_by_role("tab", name=name).click()


def upload(page, path):
    open_tab(page)
    page.locator("#files input[type=file]").set_input_files(str(path))


def fill_in(page, fields):
    """Open More and type into its fields as slowly as a person would."""
    if fields:
        page.locator("#adapt-more button").first.click()
        page.wait_for_timeout(500)  # Gradio creates the fields when they are first shown
    for name, value in fields.items():
        page.locator(f"#{name} input").fill(str(value))
        page.locator(f"#{name} input").press("Tab")
        page.wait_for_timeout(200)


def start(page, base, **more):
    """Take the sample corpus and start a run from a base model, with fields under Options filled in."""
    open_tab(page)
    page.locator("#base input").fill(base)
    page.locator("#base input").press("Enter")
    page.locator("#sample").click()
    page.wait_for_selector("#report .verdict", timeout=4 * MINUTES)
    fill_in(page, more)
    page.locator("#start").click()
    page.wait_for_selector("#live .run-title")
