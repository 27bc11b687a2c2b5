"""Write code that gives the same scores: over HTTP, in Python and with curl, and with our command line."""

import json
import os
import shlex
from urllib.parse import urljoin

import gradio as gr

from mlm_demo.web.fill.links import page_address
from mlm_demo.web.score.links import WITHIN_WORD, Asked

USUAL_ADDRESS = "http://127.0.0.1:7860/"


def address_seen(request: gr.Request | None) -> str:
    """Return the address of the page as its visitor sees it."""
    if address := page_address():
        return address
    host = request.headers.get("host", "") if request else ""
    scheme = "https" if request and request.headers.get("x-forwarded-proto") == "https" else "http"
    path = os.environ.get("GRADIO_ROOT_PATH", "").rstrip("/")  # where a proxy puts the page
    return urljoin(f"{scheme}://{host}/" if host else USUAL_ADDRESS, f"{path}/")


def python_code(asked: Asked, address: str) -> str:
    """Return Python lines that print the surprisal of each word."""
    method = f", method={asked.method!r}" if asked.method != WITHIN_WORD else ""
    several = len(asked.texts) > 1
    text = f"for text in {asked.texts!r}:" if several else f"text = {asked.text!r}"
    inner = "        " if several else "    "
    return "\n".join(
        [
            "from gradio_client import Client",
            "",
            f"client = Client({address!r})",
            f"for model in {list(asked.models)!r}:",
            f"    {text}",
            f'{inner}score = client.predict(text, model=model{method}, api_name="/score")',
            f'{inner}print(model, score["log_likelihood"])',
            f'{inner}for word in score["words"]:',
            f"{inner}    print(f\"{{word['surprisal']:6.2f}} bits  {{word['text']}}\")",
        ]
    )


def curl_lines(asked: Asked, address: str) -> str:
    """Return the two calls with curl that score the first sentence with the first model."""
    call = f"{address}gradio_api/call/score"
    data = json.dumps({"data": [asked.text, asked.models[0], asked.method]}, ensure_ascii=False)
    return (
        f"id=$(curl -s {shlex.quote(call)} -H 'Content-Type: application/json' \\\n"
        f"  -d {shlex.quote(data)} | cut -d'\"' -f4)\n"
        f'curl -sN {shlex.quote(call)}/"$id"'
    )


def shell_lines(asked: Asked) -> str:
    """Return the question as command lines, one per model and sentence."""
    method = ["--method", asked.method] if asked.method != WITHIN_WORD else []
    return "\n".join(
        # After `--` a text may start with a dash.
        shlex.join(["python", "-m", "mlm_demo", "score", "--model", model, *method, "--", text])
        for model in asked.models
        for text in asked.texts
    )
