"""A local server that stands in for the Hugging Face Hub, over a folder of models, with the Hub's ways to fail.

It has the routes that huggingface_hub 2.4 uses: the user "me", model information, discussions, and files by revision
with ETag, commit, size and byte ranges. The owner in a repository id selects the behavior; `acts` maps an owner to
another one whose behavior it takes on.
"""

import base64
import hashlib
import json
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

COMMIT, CONVERSION = "1" * 40, "2" * 40
# The role of each token.
WHO = {
    "Bearer may-write": "write",
    "Bearer the-servers-own": "write",
    "Bearer may-read": "read",
    "Bearer some-rights": "fineGrained",
}
REFUSALS = {"private": 401, "missing": 404, "limited": 429, "failing": 500}


class HubStandIn:
    """`models` maps a name to a folder, for every owner. `requests` lists the requests received."""

    def __init__(self, models: dict[str, Path]):
        self.models, self.requests = models, []
        self.pushed: dict[str, bytes] = {}  # uploaded files by path
        self.tokens: set[str] = set()
        self.acts: dict[str, str] = {}
        self.release = threading.Event()  # ends the wait of `held`
        self.dropped: Counter[str] = Counter()  # number of broken connections by path
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (_Handler,), {"hub": self}))
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


class _Handler(BaseHTTPRequestHandler):
    hub: HubStandIn
    protocol_version = "HTTP/1.1"

    def do_HEAD(self):
        self.answer(body=False)

    def do_GET(self):
        self.answer(body=True)

    def do_PUT(self):
        """Receive one large-file object under its hash."""
        self.hub.pushed[self.path.rsplit("/", 1)[1]] = self.body()
        self.json({})

    def do_POST(self):
        """Create a repository, choose how to upload, upload large files, commit."""
        content = self.body()
        path = urlsplit(self.path).path
        self.hub.requests.append(f"POST {path.strip('/')}")
        self.hub.tokens.add(self.headers.get("Authorization", ""))
        if self.headers.get("Authorization") != "Bearer may-write":
            return self.refuse(401)
        if path.endswith("/repos/create"):
            return self.json({"url": f"{self.hub.address}/me/{json.loads(content)['name']}", "id": "1"})
        if path.endswith("/preupload/main"):
            paths = [file["path"] for file in json.loads(content)["files"]]
            modes = {p: "lfs" if p.endswith(".safetensors") else "regular" for p in paths}
            return self.json(
                {"files": [{"path": p, "uploadMode": m, "shouldIgnore": False} for p, m in modes.items()]}
            )
        if path.endswith("/lfs/objects/batch"):
            objects = json.loads(content)["objects"]
            for item in objects:
                item["actions"] = {"upload": {"href": f"{self.hub.address}/lfs/{item['oid']}"}}
            return self.json({"transfer": "basic", "objects": objects})
        if path.endswith("/commit/main"):
            for line in content.decode().splitlines():
                key, value = json.loads(line)["key"], json.loads(line)["value"]
                if key == "file":
                    self.hub.pushed[value["path"]] = base64.b64decode(value["content"])
                elif key == "lfsFile":
                    self.hub.pushed[value["path"]] = self.hub.pushed[value["oid"]]
            return self.json(
                {"commitUrl": f"{self.hub.address}/x/y/commit/{COMMIT}", "commitOid": COMMIT, "success": True}
            )
        return self.json({"errors": [], "warnings": []})  # validation of the model card

    def body(self) -> bytes:
        """Return the body of the request, also if it is chunked."""
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers["Content-Length"]))
        content = b""
        while size := int(self.rfile.readline(), 16):
            content += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return content

    def answer(self, body: bool) -> None:
        path = unquote(urlsplit(self.path).path).strip("/")
        self.hub.requests.append(f"{self.command} {path}")
        if path == "api/whoami-v2":
            role = WHO.get(self.headers.get("Authorization", ""))
            if role is None:
                return self.refuse(401)
            token = {"displayName": "mine", "role": role}
            user = {"type": "user", "name": "anna", "fullname": "Anna", "avatarUrl": ""}
            return self.json(
                {**user, "orgs": [{"name": "ours"}, {"name": "me"}], "auth": {"accessToken": token}}
            )
        api, parts = path.startswith("api/models/"), path.removeprefix("api/models/").split("/")
        owner, name, rest = self.hub.acts.get(parts[0], parts[0]), parts[1], parts[2:]
        if owner == "silent":
            time.sleep(30)
        if owner in REFUSALS or name not in self.hub.models:
            return self.refuse(REFUSALS.get(owner, 404))
        if owner == "gated" and not api:
            return self.refuse(403, {"X-Error-Code": "GatedRepo"})
        if api and rest[:1] == ["discussions"]:
            return self.discussions(owner)
        if api:
            return self.information(owner, name, "refs/pr/1" if "pr" in rest else "main")
        revision = "refs/pr/1" if rest[1] in ("refs", CONVERSION) else "main"
        self.file(owner, self.folder(owner, name, revision) / rest[-1], revision, body)

    def folder(self, owner: str, name: str, revision: str) -> Path:
        pickled = owner in ("pickled", "converted") and revision == "main"
        return self.hub.models["pickle" if pickled else name]

    def information(self, owner: str, name: str, revision: str) -> None:
        siblings = []
        for path in sorted(self.folder(owner, name, revision).iterdir()):
            entry = {"rfilename": path.name, "size": path.stat().st_size, "blobId": "0" * 40}
            siblings.append(entry)
        commit = COMMIT if revision == "main" else CONVERSION
        fields = {"private": False, "downloads": 1, "likes": 0, "tags": [], "gated": False, "disabled": False}
        self.json({"_id": "0", "id": f"{owner}/{name}", "sha": commit, "siblings": siblings, **fields})

    def discussions(self, owner: str) -> None:
        found = []
        if owner == "converted":
            found = [
                {
                    "num": 1,
                    "title": "Adding `safetensors` variant of this model",
                    "author": {"name": "SFconvertbot"},
                    "status": "open",
                    "isPullRequest": True,
                    "createdAt": "2024-01-01T00:00:00.000Z",
                    "repo": {"name": "x/y", "type": "model"},
                }
            ]
        self.json({"discussions": found, "count": len(found), "start": 0})

    def file(self, owner: str, path: Path, revision: str, body: bool) -> None:
        if not path.is_file():
            return self.refuse(404, {"X-Error-Code": "EntryNotFound"})
        content = path.read_bytes()
        large = path.suffix in (".safetensors", ".bin")
        git = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
        etag = hashlib.sha256(content).hexdigest() if large else git
        if owner == "broken" and large:
            content = content[:-4] + b"\0\1\2\3"
        start = int((self.headers.get("Range") or "bytes=0-").removeprefix("bytes=").split("-")[0])
        self.send_response(206 if start else 200)
        self.send_header("ETag", f'"{etag}"')
        self.send_header("X-Repo-Commit", COMMIT if revision == "main" else CONVERSION)
        self.send_header("X-Linked-Size", str(len(content)))
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        if not body:
            return
        try:
            if owner == "stalling" and large:
                self.wfile.write(content[start : start + 1000])
                time.sleep(30)
            elif owner == "dripping" and large:
                for i in range(start, len(content)):
                    self.wfile.write(content[i : i + 1])
                    time.sleep(0.05)
            elif owner == "steady" and large:
                for i in range(start, len(content), 8192):
                    self.wfile.write(content[i : i + 8192])
                    time.sleep(0.4)
            elif owner == "held" and large:
                self.wfile.write(content[start : start + 1000])
                self.hub.release.wait(60)
                self.wfile.write(content[start + 1000 :])
            elif owner == "dropping" and large:
                self.wfile.write(content[start : start + 1000])
                self.close_connection = True
            elif large and (end := self.breaks_at(owner, len(content))):
                self.hub.dropped[self.path] += 1
                self.wfile.write(content[start:end])
                self.close_connection = True
            else:
                self.wfile.write(content[start:])
        except OSError:
            pass  # the client gave up, as it should

    def breaks_at(self, owner: str, size: int) -> int:
        """Return where this connection breaks, or 0. `once30`: the first one at 30%; `tenths`: each a tenth later."""
        before = self.hub.dropped[self.path]
        if owner.startswith("once") and not before:
            return size * int(owner.removeprefix("once")) // 100
        return size * (before + 1) // 10 if owner == "tenths" and before < 9 else 0

    def json(self, value: dict) -> None:
        content = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def refuse(self, status: int, headers: dict | None = None) -> None:
        extra = {"X-Error-Code": "RepoNotFound"} if status in (401, 404) else {}
        self.send_response(status)
        for name, value in {**extra, **(headers or {}), "Content-Length": "0"}.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *arguments):
        pass
