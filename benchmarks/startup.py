"""Start-up: our page against an empty one, our first prediction against a pipeline script's, and the memory of each."""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from pairs import ROOT, print_table, wants_json
from ports import free_port, until_served

ROUNDS = 2
EMPTY = """
import sys, gradio as gr
with gr.Blocks(analytics_enabled=False) as demo:
    gr.Markdown("empty")
demo.launch(server_port=int(sys.argv[1]), quiet=True, ssr_mode=False)
"""
SCRIPT = """
import resource, sys
from transformers import pipeline
pipes = [pipeline("fill-mask", model=folder, device="cpu") for folder in sys.argv[1:]]
for pipe in pipes:
    pipe("Paris is the [MASK] of France.")
print(int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize() / 1e6)
"""
OURS = """
import resource, sys
from mlm_demo.inference.engine import Engine
from mlm_demo.settings import Settings
engine = Engine(Settings(device="cpu"))
for name in sys.argv[1:]:
    engine.fill_mask("Paris is the <mask> of France.", name)
print(int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize() / 1e6)
"""


def page(command: list[str], port: int, environment: dict) -> float:
    """Return the seconds from the start of a process until it serves its page."""
    start = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, *command], cwd=ROOT, env=environment, stdout=-3, stderr=-3
    ) as process:
        until_served(f"http://127.0.0.1:{port}/")
        taken = time.perf_counter() - start
        process.kill()
    return taken


def script(code: str, *arguments: str) -> tuple[float, float]:
    """Return the seconds that a script takes, and its memory at the end in MB."""
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return time.perf_counter() - start, float(done.stdout.split()[-1])


def main() -> None:
    as_json = wants_json(__doc__)
    models = [str(ROOT / "assets" / "models" / name) for name in ("general", "biomedical")]
    pages, firsts, both = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(ROUNDS):
            ports = free_port(), free_port()
            ours = {**os.environ, "MLM_DEMO_PORT": str(ports[0]), "MLM_DEMO_DATA": str(Path(folder) / "data")}
            pages.append(
                (
                    page(["app.py"], ports[0], ours),
                    page(["-c", EMPTY, str(ports[1])], ports[1], {**os.environ}),
                )
            )
            firsts.append((script(OURS, "general"), script(SCRIPT, models[0])))
            both.append((script(OURS, "general", "biomedical"), script(SCRIPT, *models)))
    ratios = {
        "startup_page": statistics.median(ours / theirs for ours, theirs in pages),
        "first_prediction": statistics.median(ours[0] / theirs[0] for ours, theirs in firsts),
        "memory": statistics.median(ours[1] / theirs[1] for ours, theirs in both),
    }
    rows = [
        ("process start to page served, s", *_medians(pages), ratios["startup_page"]),
        ("start to first prediction, s", *_medians(firsts, 0), ratios["first_prediction"]),
        ("memory then, MB", *_medians(firsts, 1), statistics.median(o[1] / t[1] for o, t in firsts)),
        ("memory with both built-in models, MB", *_medians(both, 1), ratios["memory"]),
    ]
    print_table("Start-up", ("", "ours", "theirs", "ratio"), rows, ratios, as_json)


def _medians(pairs: list, part: int | None = None) -> list[float]:
    return [statistics.median(pair[i] if part is None else pair[i][part] for pair in pairs) for i in (0, 1)]


if __name__ == "__main__":
    main()
