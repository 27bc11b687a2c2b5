"""A public page stores no sentences and no secrets of its visitors, neither in its log nor on disk."""

import httpx
import pytest
from gradio_client import handle_file
from gradio_client.exceptions import AppError

from tests.support.runs import corpus_text, until

WORD = "quokkazebra"  # in sentences, targets, names of models
WRONG = "wombatlynx"  # in refused sentences
PASSWORD, GUESS, TOKEN = "the-owners-own-password", "a-guess-at-the-password", "hf_thetokenofthepage"
TEXT = "pangolinibex"  # in a corpus, which stays while its run can still be resumed


@pytest.fixture
def public(servers, tmp_path):
    """A public page in its own process, a client, and the folder it writes to."""
    written = tmp_path / "written"
    server = servers(
        written / "data",
        MLM_DEMO_PUBLIC="1",
        MLM_DEMO_OWNER_PASSWORD=PASSWORD,
        HF_TOKEN=TOKEN,
    )
    return server, server.client(), written


def ask_everything(client, address):
    """Send text to everything that takes it, once to be answered and once to be refused."""
    sentence = f"The {WORD} sat on the <mask>."
    assert client.predict(sentence, targets=f"dog,{WORD}", api_name="/fill_mask")["masks"]
    assert client.predict(sentence, ["general"], api_name="/compare")["answers"]
    assert client.predict(f"The {WORD} sat.", api_name="/score")["tokens"]
    for refused in (
        {"text": f"The {WRONG} sat.", "api_name": "/fill_mask"},
        {"text": "A <mask>.", "model": WRONG, "api_name": "/fill_mask"},
        {"text": "A <mask>.", "model": f"{WRONG}/{WRONG}", "api_name": "/fill_mask"},
        {"text": "A <mask>.", "targets": f"{WRONG} " * 2_000, "api_name": "/fill_mask"},
        {"text": f"A <mask> and a {WRONG}.", "api_name": "/score"},
        {"run": WRONG, "api_name": "/run_status"},
        {"run": WRONG, "owner": WRONG, "api_name": "/stop_run"},
    ):
        with pytest.raises(AppError):
            client.predict(**refused)
    assert httpx.get(address, params={"text": sentence, "model": WRONG}).status_code == 200
    assert httpx.get(f"{address}/status", auth=("", PASSWORD)).status_code == 200
    assert httpx.get(f"{address}/status", auth=("", GUESS)).status_code == 401


def test_no_sentence_secret_or_corpus_is_kept(public, tmp_path):
    server, client, written = public
    ask_everything(client, server.address)
    (tmp_path / "corpus.txt").write_text(f"{TEXT} {corpus_text()}")
    files = [handle_file(str(tmp_path / "corpus.txt"))]
    run = client.predict(files=files, model="general", max_steps=1, api_name="/start_adaptation")
    client.predict(run=run["run"], owner=run["owner"], api_name="/stop_run")
    until(lambda: client.predict(run=run["run"], api_name="/run_status")["state"] == "stopped")
    server.kill()

    log = server.log.read_text()
    assert '"event": "fill_mask"' in log, "events are logged"
    found = {path: path.read_bytes() for path in written.rglob("*") if path.is_file()}
    found[written / "log"] = log.encode()
    for secret in (WORD, WRONG, PASSWORD, GUESS, TOKEN, run["owner"]):
        assert [str(path) for path, data in found.items() if secret.encode() in data] == [], secret
    kept = {path.relative_to(written / "data").parts for path, data in found.items() if TEXT.encode() in data}
    # How much the run has prepared before it is stopped varies; it goes with the files it lies beside.
    assert {(parts[0], *parts[2:]) for parts in kept if parts[2:4] != ("input", "prepared")} == {
        ("runs", "input", "0", "corpus.txt"),
    }
