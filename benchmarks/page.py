"""The page: ours against a page of twenty lines around the pipeline, with the same weights (like distilroberta-base).

One client: the time from the key press to the drawn answer, in Chromium. Many clients at once: the HTTP calls of each
page's front end, with different sentences.
"""

import asyncio
import json
import os
import secrets
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
from pairs import ROOT, print_table, wants_json
from ports import free_port, until_served
from shapes import distilroberta, sentence

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
TOKENS, ROUNDS, CALLS_PER_CLIENT = 16, 3, 4
CLOCK = """(selector) => {
  const shown = () => document.querySelector(selector)?.textContent, before = shown();
  window.pressed = window.drawn = 0;
  document.addEventListener('keydown', () => { pressed = performance.now(); }, {capture: true, once: true});
  const watch = new MutationObserver(() => {
    if (shown() === before) return;
    drawn = performance.now();
    watch.disconnect();
  });
  watch.observe(document.body, {subtree: true, childList: true, characterData: true});
}"""


class Ours:
    """Our page, called without Gradio's queue, as its front end does."""

    drawn = "#results figure"

    def __init__(self, folder: Path, port: int):
        self.address, self.folder = f"http://127.0.0.1:{port}", str(folder)
        environment = {**os.environ, "MLM_DEMO_PORT": str(port), "MLM_DEMO_DEVICE": "cpu"}
        environment["MLM_DEMO_DATA"] = str(folder.parent / "data")
        self.process = subprocess.Popen([sys.executable, "app.py"], cwd=ROOT, env=environment, stdout=-3)
        self.link = f"{self.address}/?model={self.folder}&text="

    async def ask(self, client: httpx.AsyncClient, config: dict, session: str, text: str) -> None:
        """Request one answer and check that it is drawn."""
        event = next(
            event
            for event in config["dependencies"]
            if any(trigger == "submit" for _, trigger in event["targets"])
        )
        drawn = {component["id"]: component["props"] for component in config["components"]}
        given = {"sentence": text, "model": self.folder, "compare": []}
        fields = (drawn.get(id, {}) for id in event["inputs"])  # a State is not drawn
        data = [given.get(field.get("elem_id"), field.get("value")) for field in fields]
        body = {"data": data, "fn_index": event["id"], "session_hash": session}
        answer = await client.post(f"{self.address}/gradio_api/run/predict", json=body)
        assert "figure" in str(answer.json().get("data")), answer.text[:300]


class Theirs:
    """The page of twenty lines, called through Gradio's queue, as its front end does."""

    drawn = "#results .container"

    def __init__(self, folder: Path, port: int):
        self.address = f"http://127.0.0.1:{port}"
        script = Path(__file__).with_name("plain_page.py")
        self.process = subprocess.Popen([sys.executable, str(script), str(folder), str(port)], stdout=-3)
        self.link = f"{self.address}/?"

    async def ask(self, client: httpx.AsyncClient, config: dict, session: str, text: str) -> None:
        """Request one answer."""
        body = {"data": [text], "fn_index": config["dependencies"][0]["id"], "session_hash": session}
        await client.post(f"{self.address}/gradio_api/queue/join", json=body)
        address = f"{self.address}/gradio_api/queue/data?session_hash={session}"
        async with client.stream("GET", address) as stream:
            async for line in stream.aiter_lines():
                if "process_completed" in line:
                    assert json.loads(line.removeprefix("data:"))["success"], line[:300]
                    return


async def crowd(page, clients: int, texts: list[str]) -> tuple[float, list[float]]:
    """Return the requests per second of many clients at once, and the seconds of each request."""
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(timeout=300, limits=limits) as client:
        config = (await client.get(f"{page.address}/config")).json()
        taken: list[float] = []

        async def one(number: int) -> None:
            session = secrets.token_hex(5)  # an open page keeps its session
            for call in range(CALLS_PER_CLIENT):
                start = time.perf_counter()
                await page.ask(
                    client, config, session, texts[(number * CALLS_PER_CLIENT + call) % len(texts)]
                )
                taken.append(time.perf_counter() - start)

        start = time.perf_counter()
        await asyncio.gather(*(one(number) for number in range(clients)))
        return len(taken) / (time.perf_counter() - start), taken


def by_one(browser, pages: list, texts: list[str]) -> list[list[float]]:
    """Return the seconds from Enter to the drawn answer in a browser, for each text on each page in turn."""
    tabs = [browser.new_page() for _ in pages]
    for tab, page in zip(tabs, pages, strict=True):
        tab.goto(page.link)
        tab.locator("#sentence").wait_for()
        tab.wait_for_timeout(5000)  # the model loads
    taken = [[_until_drawn(tab, page, text) for tab, page in zip(tabs, pages, strict=True)] for text in texts]
    for tab in tabs:
        tab.close()
    return taken[2:]


def _until_drawn(tab, page, text: str) -> float:
    """Measure from the key press to the change of the page by the browser's clock; remote control alone takes 15 ms."""
    tab.bring_to_front()
    box = tab.locator("#sentence textarea, #sentence input").first
    box.fill(text)
    tab.evaluate(CLOCK, page.drawn)
    box.press("Enter")
    seconds = tab.wait_for_function("drawn && (drawn - pressed) / 1000").json_value()
    tab.wait_for_timeout(400)  # until the page is idle
    return seconds


def main() -> None:
    from playwright.sync_api import sync_playwright

    as_json = wants_json(__doc__)
    tokenizer, model = distilroberta()
    texts = [sentence(tokenizer, TOKENS, 1, number) for number in range(64)]
    rows, ratios = [], {}
    with tempfile.TemporaryDirectory() as folder:
        weights = Path(folder) / "model"
        model.save_pretrained(weights)
        tokenizer.save_pretrained(weights)
        pages = [Ours(weights, free_port()), Theirs(weights, free_port())]
        try:
            for page in pages:
                until_served(f"{page.address}/config")
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
                seconds = by_one(browser, pages, texts[:18])
                browser.close()
            ours, theirs = (statistics.median(column) for column in zip(*seconds, strict=True))
            ratios["page_1"] = statistics.median(theirs / ours for ours, theirs in seconds)
            rows.append((1, "Enter to chart, ms", 1e3 * ours, 1e3 * theirs, ratios["page_1"]))
            for clients in (8, 32):
                rounds = [[asyncio.run(crowd(page, clients, texts)) for page in pages] for _ in range(ROUNDS)]
                rate = statistics.median(ours[0] / theirs[0] for ours, theirs in rounds)
                ratios[f"page_{clients}"] = rate
                rates = [statistics.median(pair[side][0] for pair in rounds) for side in (0, 1)]
                rows.append((clients, "requests per second", *rates, rate))
                for share in (50, 95):
                    times = [
                        [statistics.quantiles(pair[side][1], n=100)[share - 1] for pair in rounds]
                        for side in (0, 1)
                    ]
                    ratio = statistics.median(o / t for o, t in zip(*times, strict=True))
                    rows.append(
                        (clients, f"p{share}, ms", *(1e3 * statistics.median(t) for t in times), ratio)
                    )
                    if (clients, share) == (32, 95):
                        ratios["page_p95_32"] = ratio
        finally:
            for page in pages:
                page.process.kill()
                page.process.wait()
    print_table("The page", ("clients", "", "ours", "twenty lines", "ratio"), rows, ratios, as_json)


if __name__ == "__main__":
    main()
